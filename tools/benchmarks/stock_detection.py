"""Stock mmdet for the same images and network: COCO annotations, its own head, plain Runner."""
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.datasets import BaseDetDataset
from mmengine.config import Config
from mmengine.runner import Runner

from .leaf import NEVER, write_leaf

# What KittiYOLOV3Head takes beyond mmdet's.
_OWN_ARGUMENTS = ('ignore_iof_thr', 'obj_weight', 'noobj_weight')


def write_coco(dataset: BaseDetDataset, path: Path) -> Path:
    """Write a data set's annotations as mmdet's CocoDataset reads them; ignored boxes as crowds."""
    images, annotations = [], []
    for number in range(len(dataset)):
        info = dataset.get_data_info(number)
        images.append(dict(id=number, file_name=info['img_path'], height=info['height'],
                           width=info['width']))
        for instance in info['instances']:
            x1, y1, x2, y2 = instance['bbox']
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, iscrowd=instance['ignore_flag'],
                category_id=instance['bbox_label'], bbox=[x1, y1, x2 - x1, y2 - y1],
                area=(x2 - x1) * (y2 - y1)))
    names = dataset.metainfo['classes']
    path.write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=label, name=name) for label, name in enumerate(names)])))
    return path


def stock_detector(model: Mapping[str, Any]) -> dict[str, Any]:
    """The config of the same network with mmdet's own head and assigner.

    Raises:
        ValueError: The loss or the assignment is none of mmdet's.
    """
    model = json.loads(json.dumps(model))
    head, assigner = model['bbox_head'], model['train_cfg']['assigner']
    if (head['type'], assigner['type']) != ('KittiYOLOV3Head', 'BatchGridAssigner') or \
            head['loss_conf']['reduction'] != 'sum':
        raise ValueError(f"{head['type']} with {assigner['type']} and reduction "
                         f"{head['loss_conf']['reduction']!r}: mmdet's YOLOV3Head has no such "
                         'loss; take a config with its loss')
    for name in _OWN_ARGUMENTS:
        head.pop(name, None)
    head['type'], assigner['type'] = 'YOLOV3Head', 'GridAssigner'
    return model


def stock_pipeline(pipeline: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same transforms, reading every image from its file each time, as mmdet does."""
    return [dict(type='LoadImageFromFile') if step['type'] == 'LoadCachedImage' else dict(step)
            for step in pipeline]


def stock_runner(folder: Path, name: str, model: Mapping[str, Any],
                 optim_wrapper: Mapping[str, Any], annotations: Path, classes: Sequence[str],
                 pipeline: Sequence[Mapping[str, Any]], batch: int, workers: int,
                 shuffle: bool = True, first: int | None = None) -> Runner:
    """mmengine's Runner with mmdet's default runtime, CocoDataset and DetDataPreprocessor.

    Args:
        folder: For the config and the run.
        name: Of both.
        model, pipeline: Of stock classes.
        optim_wrapper: As in a config.
        annotations: See :func:`write_coco`.
        classes: Names in label order.
        batch: Images in a batch.
        workers: Processes that load.
        shuffle: In another order each epoch.
        first: Only that many images.
    """
    loader = dict(
        batch_size=batch, num_workers=workers, persistent_workers=workers > 0,
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(type='CocoDataset', ann_file=str(annotations), data_prefix=dict(img=''),
                     metainfo=dict(classes=tuple(classes)), pipeline=list(pipeline),
                     indices=first))
    config = write_leaf(
        folder / f'{name}.py', 'mmdet::_base_/default_runtime.py', model=dict(model),
        work_dir=str(folder / name), experiment_name=name, train_dataloader=loader,
        optim_wrapper=dict(optim_wrapper), randomness=dict(seed=0),
        train_cfg=dict(by_epoch=True, max_epochs=1, val_interval=NEVER),
        default_hooks=dict(checkpoint=dict(interval=NEVER, save_last=False)))
    return Runner.from_cfg(Config.fromfile(config))

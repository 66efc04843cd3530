"""Training a detector: ours, stock mmdet and a bare loop."""
from collections.abc import Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.transforms import LoadImageFromFile
from mmengine.registry import TRANSFORMS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from tools.misc.make_sample_data import main as make_sample_data

from .contest import Contest, Recipe
from .record import Case, Settings

KITTI_SIZE = (375, 1242)  # pixels, height and width
DARKNET = 'yolov3/yolov3_d53-mmdet-loss_scratch_1xb6-200e_kitti-car-416px.py'
LIGHT = 'yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'
STOCK = 'mmcv.LoadImageFromFile'  # whose own name LoadCachedImage takes
TRANSFORMS.register_module(name=STOCK, force=True, module=LoadImageFromFile)


def recipe(name: str, base: str, width: int, height: int, warmup: int, iterations: int,
           batch: int = 4) -> Recipe:
    """Return a detector's recipe: images fitted into width x height, half of them mirrored."""
    def pipeline(load: str, *flip: dict[str, Any]) -> list[dict[str, Any]]:
        return [dict(type=load), dict(type='LoadAnnotations', with_bbox=True),
                dict(type='Resize', scale=(width, height), keep_ratio=True), *flip,
                dict(type='PackDetInputs')]

    flip, key = dict(type='RandomFlip', prob=0.5), 'train_dataloader.dataset.pipeline'
    return Recipe(
        f'{name.lower().replace("-", "")}-{width}x{height}',
        f'YOLOv3-{name}, {width}x{height}, batch {batch}, flip; ours and bare with mixed '
        'precision, stock in float32', base, warmup, iterations,
        changes={'train_dataloader.batch_size': batch, key: pipeline('LoadCachedImage', flip)},
        # stock treats ignored boxes as background; constant learning rate for stock and bare
        plain={key: pipeline('LoadCachedImage'), 'model.bbox_head.ignore_iof_thr': None,
               'param_scheduler': []},
        stock=pipeline(STOCK, flip), stock_plain=pipeline(STOCK),
        rounds=3)


def run(settings: Settings) -> Iterator[Case]:
    """Measure the training of two detectors."""
    images, width = settings.pick((60, KITTI_SIZE[1]), (16, KITTI_SIZE[1] // 2))
    make_sample_data([str(settings.folder), '--sets', 'kitti', '--size', f'kitti={images}',
                      '--kitti-width', str(width)])
    recipes = settings.pick([recipe('Darknet-53', DARKNET, 640, 192, 1, 3),
                             recipe('MobileNetV2', LIGHT, 640, 192, 2, 8)],
                            [recipe('MobileNetV2', LIGHT, 320, 96, 1, 3, batch=2)])
    for one in recipes:
        yield DetectorContest(
            one.with_data('data_root', settings.folder / 'kitti'), settings).measure()


class DetectorContest(Contest):
    """Train detectors on KittiDataset, also in stock; labels are read before the first step."""

    def stock_model(self) -> dict[str, Any]:
        """Return the same network with mmdet's own head and assigner."""
        model = self.cfg.model.to_dict()
        head, assigner = model['bbox_head'], model['train_cfg']['assigner']
        for key in ('ignore_iof_thr', 'obj_weight', 'noobj_weight'):
            head.pop(key, None)
        head['type'], assigner['type'] = 'YOLOV3Head', 'GridAssigner'
        return model

    def stock_loader(self) -> dict[str, Any]:
        """Return the same images, read from their files in every epoch."""
        return dict(dataset=self.cfg.train_dataloader.dataset.to_dict())

    def bare_batches(self, network: nn.Module, rows: Iterable[Tensor], device: torch.device,
                     check: bool) -> Iterator[tuple]:
        """Yield resized RGB images, their boxes and ignored boxes; half of them mirrored."""
        preprocessor = self.cfg.model.data_preprocessor
        mean, std = (torch.tensor(values, device=device).float().view(3, 1, 1)
                     for values in (preprocessor.mean, preprocessor.std))
        samples = list(self.dataset)
        images = torch.stack([sample['inputs'] for sample in samples])
        below, right = (-side % preprocessor.pad_size_divisor for side in images.shape[2:])
        for numbers in rows:
            flips = torch.rand(len(numbers)) < (0. if check else 0.5)
            x = images[numbers].to(device, non_blocking=True)
            x = torch.where(flips.to(device)[:, None, None, None], x.flip(3), x)
            x = x.flip(1).float().sub_(mean).div_(std)
            yield F.pad(x, (0, right, 0, below)), *(
                [plain_boxes(samples[number]['data_samples'].get(kind), images.shape[3], flip).to(
                    device) for number, flip in zip(numbers, flips, strict=True)]
                for kind in ('gt_instances', 'ignored_instances'))

    def bare_loss(self, network: nn.Module, *batch: Any) -> Tensor:
        """Return the loss as ours computes it."""
        images, boxes, ignored = batch
        maps = network.bbox_head(network.neck(network.backbone(images)))
        return sum(network.bbox_head.loss_by_feat(*maps, boxes, [], ignored).values())


def plain_boxes(instances: InstanceData, width: int, flip: bool) -> InstanceData:
    """Return boxes as a tensor, mirrored if ``flip``, and labels; width is in pixels."""
    boxes = instances.bboxes.tensor.clone()
    if flip:
        boxes[:, 0::2] = width - boxes[:, [2, 0]]
    return InstanceData(bboxes=boxes, labels=instances.labels)

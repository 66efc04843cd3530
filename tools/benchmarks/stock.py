"""Stock OpenMMLab for images held in arrays: what mmpretrain's own CIFAR-10 configs do."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from .leaf import NEVER, write_leaf

WORKERS = (0, 2)
PIL = dict(type='NumpyToPIL', to_rgb=False)
NUMPY = dict(type='PILToNumpy', to_bgr=False)
FLIP = dict(type='RandomFlip', prob=0.5, direction='horizontal')
PACK = dict(type='PackInputs')
# uint8 to float: what comes after is not rounded, as nothing is in ours
FLOAT = dict(type='Normalize', mean=[0] * 3, std=[1] * 3, to_rgb=False)


@DATASETS.register_module()
class StoredImages(BaseDataset):
    """mmpretrain's CIFAR10, reading two ``.npy`` files instead of checksummed pickles.

    Every sample is a dict of one image (H x W x 3) and its label, serialized,
    and goes through the pipeline alone, as in CIFAR10.

    Args:
        data_root: Holds ``images.npy`` (uint8, N x 3 x H x W) and ``labels.npy``.
        kwargs: BaseDataset's.
    """

    def __init__(self, data_root: str, **kwargs: Any) -> None:
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """One dict an image."""
        images = np.load(Path(self.data_root, 'images.npy')).transpose(0, 2, 3, 1)
        labels = np.load(Path(self.data_root, 'labels.npy'))
        return [dict(img=np.ascontiguousarray(image), gt_label=int(label))
                for image, label in zip(images, labels, strict=True)]


def store_images(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    """Write what :class:`StoredImages` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / 'images.npy', images)
    np.save(folder / 'labels.npy', labels)
    return folder


def stock_model(model: Mapping[str, Any], mean: Sequence[float],
                std: Sequence[float]) -> dict[str, Any]:
    """The same network as a classifier of ours, as mmpretrain's own class with its preprocessor.

    Args:
        model: Config of a TransferClassifier in which everything learns.
        mean, std: R, G, B, in 0 ... 255.

    Raises:
        ValueError: Part of it is frozen; mmpretrain's class cannot do that.
    """
    if model.get('trainable') is not None:
        raise ValueError(f'trainable={model["trainable"]}: stock mmpretrain freezes no such part')
    kept = {key: value for key, value in dict(model).items() if key != 'trainable'}
    return dict(kept, type='ImageClassifier', data_preprocessor=dict(
        type='ClsDataPreprocessor', mean=list(mean), std=list(std), to_rgb=False))


def stock_runner(folder: Path, name: str, model: Mapping[str, Any], optimizer: Mapping[str, Any],
                 data: Path, pipeline: Sequence[Mapping[str, Any]], batch: int, workers: int,
                 shuffle: bool = True, first: int | None = None) -> Runner:
    """mmengine's Runner with mmpretrain's default runtime, on :class:`StoredImages`.

    Args:
        folder: For the config and the run.
        name: Of both.
        model: Of stock classes.
        optimizer: As in a config's ``optim_wrapper.optimizer``.
        data: Folder of :func:`store_images`.
        pipeline: Transforms of one sample, ``PackInputs`` at the end.
        batch: Images in a batch.
        workers: Processes that load.
        shuffle: In another order each epoch.
        first: Only that many images.
    """
    loader = dict(
        batch_size=batch, num_workers=workers, persistent_workers=workers > 0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(type='StoredImages', data_root=str(data), pipeline=list(pipeline),
                     indices=first))
    config = write_leaf(
        folder / f'{name}.py', 'mmpretrain::_base_/default_runtime.py', model=dict(model),
        work_dir=str(folder / name), experiment_name=name, train_dataloader=loader,
        optim_wrapper=dict(optimizer=dict(optimizer)), randomness=dict(seed=0),
        train_cfg=dict(by_epoch=True, max_epochs=1, val_interval=NEVER),
        default_hooks=dict(checkpoint=dict(interval=NEVER, save_last=False)),
        custom_imports=dict(imports=['plugins.classification'], allow_failed_imports=False))
    return Runner.from_cfg(Config.fromfile(config))

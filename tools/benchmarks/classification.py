"""Training a classifier: ours, stock mmpretrain and a bare loop."""
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS
from torch import Tensor, nn

from plugins.classification.normalization_hook import channel_statistics
from tools.misc.make_sample_data import main as make_sample_data

from .contest import Contest, Recipe
from .record import Case, Settings

PIL = dict(type='NumpyToPIL', to_rgb=False)
NUMPY = dict(type='PILToNumpy', to_bgr=False)
FLIP = dict(type='RandomFlip', prob=0.5, direction='horizontal')
PACK = dict(type='PackInputs')
# uint8 to float, so that later steps are not rounded, as in ours
FLOAT = dict(type='Normalize', mean=[0] * 3, std=[1] * 3, to_rgb=False)
BASENET = 'basenet/basenet-aug_scratch_1xb64-25e_cifar10-500-32px.py'
RESNET = 'resnet/resnet18_finetune_1xb64-25e_cifar10-224px.py'


def recipes(quick: bool) -> list[Recipe]:
    """Return BaseNet of row B4, ResNet18 at 64 px, ResNet18 of row A9; quick: only the first."""
    basenet = Recipe(
        'basenet-32px', 'BaseNet B4, CIFAR-10 500 a class, 32 px, batch 64, float32; flip, zoom '
        '0.2, shifts 0.1, rotation 20 degrees', BASENET, *((4, 40) if quick else (10, 150)),
        # use all generated images; the row uses 500 per class
        changes={f'{part}_dataloader.dataset.source.max_per_class': 10 ** 6
                 for part in ('train', 'val')},
        plain={'model.data_preprocessor.train_geometry': []},
        stock=[PIL, affine(degrees=20, translate=(0.1, 0.1), scale=(0.8, 1.2)), NUMPY, FLIP, PACK],
        stock_plain=[PACK], amp=False, check_steps=4)
    if quick:
        return [basenet]
    steps = [
        PIL, dict(type='torchvision/RandomRotation', degrees=5, interpolation='bilinear'), NUMPY,
        FLIP, dict(type='RandomCrop', crop_size=224, padding=10),
        PIL, affine(degrees=0, shear=10, scale=(0.8, 1.2)), NUMPY,
        dict(type='ColorJitter', brightness=0.2, contrast=0.2, saturation=0.2)]
    to_64 = [dict(type='Resize', size=(64, 64))]
    return [
        basenet,
        resnet('resnet18-64px', ', 64 px, batch 64, no augmentation', 64, 2, 8, stock=[],
               input_size=(64, 64), train_geometry=to_64, eval_geometry=to_64, color=[]),
        resnet('resnet18-224px', ' A9, 224 px, batch 64, aug-A+ (rotation, flip, padded crop, '
               'shear, zoom, colour)', 224, 1, 2, stock=steps)]


def affine(**kwargs: Any) -> dict[str, Any]:
    """Return torchvision's RandomAffine, the closest that stock has to Keras's augmentation.

    It zooms equally along both axes, fills areas outside the image with black, and resamples in
    each step; ours and bare resample once.
    """
    return dict(type='torchvision/RandomAffine', interpolation='bilinear', **kwargs)


def resnet(name: str, what: str, side: int, warmup: int, iterations: int,
           stock: list[dict[str, Any]], **preprocessor: Any) -> Recipe:
    """Return ResNet18 from random weights at ``side`` px; stock resizes before its pipeline."""
    resize = dict(type='Resize', scale=(side, side))
    return Recipe(
        name, f'ResNet18{what}; ours and bare with mixed precision, stock in float32', RESNET,
        warmup, iterations, changes={'model.backbone.init_cfg': None, **{
            f'model.data_preprocessor.{key}': value for key, value in preprocessor.items()}},
        plain={'model.data_preprocessor.train_geometry': [dict(type='Resize', size=(side, side))],
               'model.data_preprocessor.color': []},
        stock=[resize, *stock, PACK], stock_plain=[FLOAT, resize, PACK], tolerance=1e-3)


@DATASETS.register_module()
class StoredImages(BaseDataset):
    """mmpretrain's CIFAR10, reading one ``.npz`` file instead of checksummed pickles."""

    def load_data_list(self) -> list[dict[str, Any]]:
        """Return one dict per image (H x W x 3) with its label, as input of the pipeline."""
        stored = np.load(self.ann_file)
        return [dict(img=np.ascontiguousarray(image), gt_label=int(label)) for image, label in
                zip(stored['images'].transpose(0, 2, 3, 1), stored['labels'], strict=True)]


class ClassifierContest(Contest):
    """Train classifiers on generated images, as many as a block needs.

    Attributes:
        images, labels: The images that ours trains on.
        mean, std: For normalisation; computed from the images if the config says so.
    """

    def __init__(self, recipe: Recipe, settings: Settings) -> None:
        root = settings.folder / recipe.name
        # a tenth for validation, a sixth for the test; batches of 64
        total = int(1.4 * 64 * (recipe.warmup + recipe.iterations))
        make_sample_data([str(root), '--sets', 'cifar10', '--size', f'cifar10={total}'])
        super().__init__(recipe.with_data('source.data_root', root / 'cifar10'), settings)
        whole = self.dataset.__getitems__(range(len(self.dataset)))
        self.images = whole['inputs']
        self.labels = torch.cat([sample.gt_label for sample in whole['data_samples']])
        preprocessor = self.cfg.model.data_preprocessor
        self.mean, self.std = channel_statistics(self.dataset) \
            if self.cfg.default_hooks.get('normalization') else (preprocessor.mean,
                                                                 preprocessor.std)
        self.stored = root / 'stored.npz'
        np.savez(self.stored, images=self.images, labels=self.labels)

    def stock_model(self) -> dict[str, Any]:
        """Return mmpretrain's classifier and preprocessor with the same network."""
        return dict(self.cfg.model.to_dict(), type='ImageClassifier', data_preprocessor=dict(
            type='ClsDataPreprocessor', mean=list(self.mean), std=list(self.std), to_rgb=False))

    def stock_loader(self) -> dict[str, Any]:
        """Return the same images as single samples."""
        return dict(collate_fn=dict(type='default_collate'),
                    dataset=dict(type='StoredImages', ann_file=str(self.stored)))

    def bare_batches(self, network: nn.Module, rows: Iterable[Tensor], device: torch.device,
                     check: bool) -> Iterator[tuple]:
        """Yield images, augmented batchwise as in ours and normalised, and their labels."""
        preprocessor = network.data_preprocessor
        mean, std = (torch.tensor(value, device=device).view(3, 1, 1)
                     for value in (self.mean, self.std))
        for numbers in rows:
            images = self.images[numbers].to(device, non_blocking=True)
            images = preprocessor.train_geometry(images).float()
            for color in preprocessor.color:
                images = color(images)
            yield images.sub_(mean).div_(std), self.labels[numbers].to(device, non_blocking=True)

    def bare_loss(self, network: nn.Module, *batch: Tensor) -> Tensor:
        """Return the cross-entropy."""
        images, labels = batch
        return F.cross_entropy(network(images, mode='tensor'), labels)


def run(settings: Settings) -> Iterator[Case]:
    """Measure every recipe."""
    for recipe in recipes(settings.quick):
        yield ClassifierContest(recipe, settings).measure()

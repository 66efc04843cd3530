"""Make configs for a user's own images: their data set, and recipes that fit its size."""
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from plugins.classification.datasets.source import Source, new_source
from plugins.classification.datasets.splits import fold_of
from plugins.engine.files import REPO_ROOT, write_csv, write_texts
from plugins.engine.wording import counted

BATCH = 16
_SIDE = 224  # pixels, of the stored images
_SMALL = (64, 64)  # of those to train from scratch on
_RESIZE = dict(type='Resize', size=_SMALL)
_UNBALANCED = 3  # the loss is weighted if the largest class is that many times the smallest
_LAST_STAGES = [f'backbone.timm_model.{name}' for name in (
    'blocks.5', 'blocks.6', 'conv_head', 'bn2')] + ['head']


@dataclass(frozen=True)
class Recipe:
    """A way to train.

    Attributes:
        title: What is trained, as the first line of the config.
        epochs: Length for data of medium size.
        steps: The fewest and the most steps of the optimizer, which go before ``epochs``.
        model: Changes to ``_base_/models/efficientnet_lite0.py``.
        rest: Further settings.
    """

    title: str
    epochs: int
    steps: tuple[int, int]
    model: Mapping[str, Any]
    rest: Mapping[str, Any]

    def length(self, images: int, batch_size: int) -> int:
        """Number of epochs for so many training images."""
        per_epoch = math.ceil(images / batch_size)
        return math.ceil(min(max(self.epochs * per_epoch, self.steps[0]), self.steps[1])
                         / per_epoch)


_CACHE: dict[str, Any] = dict(feature_cache=dict(type='FeatureCacheHook'))
_PROBE = dict(default_hooks=dict(_CACHE, checkpoint=dict(interval=25)))  # to save takes longer
# In order of cost.
RECIPES = {
    'linear': Recipe(
        "A linear layer on EfficientNet-Lite0's ImageNet features, which are computed once",
        30, (300, 5000), {}, _PROBE),
    'fc': Recipe(
        'A hidden layer of 512 units and a classifier on the same features',
        30, (300, 5000), dict(head=dict(
            _delete_=True, type='MLPClsHead', in_channels=1280, mid_channels=[512],
            dropouts=[0., 0.5], loss=dict(type='CrossEntropyLoss'))), _PROBE),
    'finetune': Recipe(
        "EfficientNet-Lite0's last two stages go on learning, from features computed once",
        5, (40, 600), dict(trainable=_LAST_STAGES),
        dict(default_hooks=_CACHE, optim_wrapper=dict(paramwise_cfg=dict(custom_keys=dict(
            backbone=dict(lr_mult=0.1)))))),
    'scratch': Recipe(
        'EfficientNet-Lite0 from random weights, at 64 x 64 pixels as it takes the most steps',
        20, (80, 800), dict(
            trainable=None, backbone=dict(init_cfg=None), data_preprocessor=dict(
                input_size=_SMALL, eval_geometry=[_RESIZE], train_geometry=[
                    _RESIZE, dict(type='RandomFlip', prob=0.5, direction='horizontal')])), {}),
}


@dataclass(frozen=True)
class OwnImages:
    """A user's images: a folder of class folders, one with train/ and test/, or a CSV file.

    Attributes:
        place: The folder or file.
        source: Config of the images to train on.
        test_source: Config of the images held out by the user, if there are any.
    """

    place: Path
    source: dict[str, Any]
    test_source: dict[str, Any] | None = None

    @property
    def labelled(self) -> Source:
        """The images to train on."""
        return new_source(self.source)


def find_images(place: Path) -> OwnImages:
    """Find out how a user's images are arranged.

    Raises:
        OSError, ValueError: There are none, their layout is another one, or there is one class, or
            test images have other classes.
    """
    size = dict(size=(_SIDE, _SIDE))
    if place.is_file():
        if place.suffix.lower() != '.csv':
            raise ValueError(f'{place}: expected a folder of class folders, or a CSV file with the '
                             'columns file and label')
        own = OwnImages(place, dict(type='image_list', ann_file=str(place), **size))
    else:
        parts = {name: place / name for name in ('train', 'test')
                 if any(path.is_dir() for path in (place / name).glob('[!.]*'))}
        if 'test' in parts and 'train' not in parts:
            raise ValueError(f'{place}: has class folders in test/, but none in train/')
        if 'train' in parts and (place / 'val').is_dir():
            raise ValueError(f'{place}: has val/, which cross-validation does without; move its '
                             'pictures into train/ or test/')
        train, test = (dict(type='class_folder', data_root=str(folder), **size) for folder in (
            parts.get('train', place), parts.get('test')))
        own = OwnImages(place, train, test if 'test' in parts else None)
    labelled = own.labelled
    if len(labelled.classes) < 2:
        raise ValueError(f'{place}: has one class, {labelled.classes[0]}, of which every answer is '
                         'right; expected a folder for each of at least two classes')
    if own.test_source and (other := new_source(own.test_source).classes) != labelled.classes:
        raise ValueError(f'{place}: the classes in train/ and test/ differ: '
                         f'{", ".join(sorted({*other} ^ {*labelled.classes}))} are in one only')
    return own


def write_configs(own: OwnImages, folder: Path, folds: int, seed: int,
                  twins: list[list[str]] = []) -> dict[str, Path]:  # noqa: B006
    """Write the data set's config and one for each recipe, with which every step can be repeated.

    Args:
        own: The images.
        folder: Where to write.
        folds: Number of folds, lowered to the number of images of the smallest class.
        seed: Of the folds.
        twins: Groups of images with the same pixels, which must be in one fold.

    Returns:
        The config of each recipe.

    Raises:
        OSError: A file cannot be written, or another one has its name.
        ValueError: A class has one image only.
    """
    source = own.labelled
    counts = np.bincount(source.labels, minlength=len(source.classes))
    smallest = source.classes[int(counts.argmin())]
    if counts.min() < 2:
        raise ValueError(f'{own.place}: class {smallest!r} has {counted(counts.min(), "image")}, '
                         'expected at least 2, to train on one and to test on the other; add some, '
                         'or leave the class out')
    groups = None
    if twins:
        groups = [source.place(row) for row in range(len(source))]
        first = {image: names[0] for names in twins for image in names}
        rows = [(image, first.get(image, image)) for image in groups]
        groups = [group for _, group in rows]
    number = min(folds, int(counts.min()))
    fold = fold_of(source.labels, number, seed, groups, source.classes)
    sizes = {len(source), *(int((fold != index).sum()) for index in range(number))}
    # BatchNorm in training cannot normalise a batch of one image.
    batch_size = next(size for size in range(BATCH, 10 * BATCH)
                      if all(images % size != 1 for images in sizes))
    settings = dict(number=number, index=0, seed=seed)
    if groups:
        settings['groups'] = str(folder / 'groups.csv')
    listed = {} if 'ann_file' in own.source else dict(classes=list(source.classes))
    bases = Path(os.path.relpath(REPO_ROOT / 'configs/_base_', folder)).as_posix()
    texts = {folder / 'own_images.py': _DATA.format(
        images=len(source), classes=len(source.classes), place=own.place, bases=bases,
        batch_size=batch_size, variables=_text(
            source={**own.source, **listed}, folds=settings, pipeline=source.pipeline))}
    weights = [round(float(len(source) / len(counts) / count), 4) for count in counts]
    for name, recipe in RECIPES.items():
        model = {**recipe.model, 'head': {
            **recipe.model.get('head', {}), 'num_classes': len(counts)}}
        if counts.max() >= _UNBALANCED * counts.min():
            model['head']['loss'] = dict(type='CrossEntropyLoss', class_weight=weights)
        texts[folder / f'{name}.py'] = _RECIPE.format(
            title=recipe.title, bases=bases, settings=_text(
                model=model, train_cfg=dict(max_epochs=recipe.length(min(sizes), batch_size)),
                **recipe.rest))
    _write_new(texts)
    if groups:
        write_csv(folder / 'groups.csv', ('image', 'group'), rows)
    return {name: folder / f'{name}.py' for name in RECIPES}


def write_winner(own: OwnImages, config: Path, name: str) -> Path:
    """Write the config ``name.py``, which trains on all images, and tests on those held out."""
    made = config.with_name(f'{name}.py')
    test = dict.fromkeys(('test_dataloader', 'test_cfg', 'test_evaluator'))
    if own.test_source:
        test = dict(test_dataloader=dict(dataset=dict(
            part='all', folds=None, source=dict(own.test_source, _delete_=True))))
    title = RECIPES[config.stem].title
    _write_new({made: f'"""{title}, trained on all images of {own.place}."""\n'
                 f'_base_ = {"./" + config.name!r}\n' + _text(train_dataloader=dict(dataset=dict(
                     part='all', folds=None)), **test)})
    return made


def _write_new(texts: Mapping[Path, str]) -> None:
    """Write files; FileExistsError if one is there with another content."""
    for path, text in texts.items():
        was = path.read_text('utf-8') if path.exists() else text
        if was != text:
            old, new = next(pair for pair in zip_longest(was.splitlines(), text.splitlines())
                            if pair[0] != pair[1])
            raise FileExistsError(
                f'{path}: is of other pictures or options, was edited, or is older than this '
                f'program: found {old!r}, expected {new!r}; choose another --out, or move '
                f'{path.parent.parent} elsewhere')
    write_texts(texts)


def _text(**settings: Any) -> str:
    return Config(settings).pretty_text


_DATA = '''"""{images} images of {classes} classes in {place}."""
_base_ = [
    '{bases}/datasets/array_dataset.py', '{bases}/schedules/adam_cosine.py',
    '{bases}/classification_runtime.py']
{variables}
train_dataloader = dict(
    batch_size={batch_size},
    dataset=dict(source=source, val_fraction=None, folds=folds))
# Too few images to choose an epoch by: the last one is the result.
val_dataloader = None
val_cfg = None
val_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
test_dataloader = dict(dataset=dict(
    source=source, part='test', folds=folds, pipeline=pipeline))
del source, folds, pipeline
'''
_RECIPE = '''"""{title}."""
_base_ = ['{bases}/models/efficientnet_lite0.py', './own_images.py']
{settings}'''

"""Base class of data sets: classes, labels and names, and pixels that are decoded on access."""
import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.registry import Registry
from PIL import Image, ImageOps

from plugins.engine import checks
from plugins.engine.type_check import REGISTRIES

# Without `locations` mmengine would import all of mmpretrain (and with it
# mmdet) when the first source is built.
SOURCES = Registry(
    'image source', scope='mmpretrain', locations=['plugins.classification.datasets'])
REGISTRIES[r'\w+_dataloader\.dataset(\.dataset)*\.source'] = SOURCES
RESIZE = ('center_crop', 'stretch')  # see fitted()


class Source(ABC):
    """A labelled data set of images, decoded once and held as one array.

    A data set is a subclass in a file of its own, which
    ``plugins/classification/datasets/__init__.py`` imports::

        @SOURCES.register_module(name='noise')
        class Noise(Source):
            size = (16, 16)

            def __init__(self, split: str):
                self.split = split

            def listing(self):
                names = [f'noise, {self.split}: image {row}' for row in range(90)]
                return names, np.arange(90) % 2, ('odd', 'even')

            def decode(self):
                return np.random.RandomState(0).randint(256, size=(90, 3, 16, 16), dtype=np.uint8)

    Configs use it as ``source=dict(type='noise', split='train')``. A data set of image files is
    even shorter, see :class:`FileSource`. ``__init__`` checks its arguments but reads no files,
    so that models can predict on machines without the data.
    """

    resize = RESIZE[0]  # how a picture of another size is resized to the stored one

    @abstractmethod
    def listing(self) -> tuple[Sequence[str], Sequence[int] | np.ndarray, Sequence[str]]:
        """Return names, labels and class names, without decoding pixels.

        Returns:
            N names, unique among all data sets (the file, or archive and row; two files with the
            same pixels are two images); N labels, which are indices into the class names; the
            class names.
        """

    @abstractmethod
    def decode(self) -> np.ndarray:
        """Return all images in the order of the names: uint8, N x 3 x H x W, RGB, 0 to 255."""

    @classmethod
    def parts(cls, root: Path) -> dict[str, 'Source']:
        """The splits of the data set in a folder, by name; {} if its layout is another one."""
        return {}

    def findings(self) -> list[tuple[str, str]]:
        """Problems beyond single images, as pairs of kind and place, for check_dataset.py."""
        return []

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width of the stored images; decodes them unless a subclass defines it."""
        return self.images.shape[2:]

    @cached_property
    def _listed(self) -> tuple[Sequence[str], np.ndarray, tuple[str, ...]]:
        names, labels, classes = self.listing()
        labels = np.array(labels, dtype=np.int64)
        classes = checks.class_names(type(self).__name__, classes)
        if len(names) != len(labels):
            raise ValueError(f'{type(self).__name__}: {len(labels)} labels but {len(names)} '
                             'names, expected one label and one name per image')
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
            raise ValueError(f'{type(self).__name__}: labels run from {labels.min()} to '
                             f'{labels.max()}, expected 0 to {len(classes) - 1}, one per class '
                             'name')
        labels.setflags(write=False)
        return names, labels, classes

    @property
    def names(self) -> Sequence[str]:
        """A unique name per image, see :meth:`listing`."""
        return self._listed[0]

    @property
    def labels(self) -> np.ndarray:
        """The label of each image: int64, N, read-only."""
        return self._listed[1]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return self._listed[2]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def images(self) -> np.ndarray:
        """All images, see :meth:`decode`; read-only, because loaders share them.

        Raises:
            OSError, ValueError: Images cannot be decoded, or there is not one per label.
        """
        images = self.decode()
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[:2] != (len(self), 3):
            raise ValueError(f'{type(self).__name__}: images are {images.dtype} {images.shape}, '
                             f'expected uint8 ({len(self)}, 3, height, width), one per label')
        images = images.view()
        images.setflags(write=False)
        return images

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that affects training: images, labels and class names."""
        return hashlib.sha256(json.dumps(
            [digest_of(self.images), self.labels.tolist(), self.classes]).encode()).hexdigest()

    def picture(self, row: int) -> np.ndarray:
        """One image at its own size: uint8, H x W x 3, RGB."""
        return np.ascontiguousarray(self.images[row].transpose(1, 2, 0))

    def place(self, row: int) -> str:
        """The name of an image within the data set, for messages."""
        return f'image {row}'

    @property
    def pipeline(self) -> list[dict[str, Any]]:
        """How a picture file becomes an input like the stored images, as mmpretrain says it."""
        return [dict(type='LoadImageFromFile'),
                dict(type='FitPicture', size=self.size, resize=self.resize),
                dict(type='PackInputs')]

    def __getstate__(self) -> dict[str, Any]:
        """Send a memory map to another process as its path, not as gigabytes."""
        state = dict(vars(self))
        if isinstance(state.get('images'), np.memmap):
            state['images'] = Path(state['images'].filename)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state.get('images'), Path):
            state['images'] = np.load(state['images'], mmap_mode='r')
        vars(self).update(state)


class ImageArray(Source):
    """A data set of images that are already in memory or in a memory map.

    Args:
        images: uint8, N x 3 x H x W, RGB, 0 to 255.
        labels: N indices into ``classes``.
        classes: Class names in label order.
        names: See :meth:`Source.listing`; None creates names that are unique to this array.

    Raises:
        ValueError: Images, labels or names differ in number, or a label has no class.
    """

    def __init__(self, images: np.ndarray, labels: Sequence[int] | np.ndarray,
                 classes: Sequence[str], names: Sequence[str] | None = None) -> None:
        if names is None:
            names = [f'array {id(images):x}: image {row}' for row in range(len(labels))]
        self._given = names, labels, classes
        self._pixels = images
        self.images  # noqa: B018  (checked now)
        del self._pixels

    def listing(self) -> tuple[Sequence[str], Sequence[int] | np.ndarray, Sequence[str]]:
        return self._given

    def decode(self) -> np.ndarray:
        return self._pixels


def fitted(image: Image.Image, height: int, width: int, resize: str) -> np.ndarray:
    """Resample an RGB picture, bilinear with antialiasing as torchvision's Resize of a PIL image.

    Args:
        height, width: Size of the result in pixels.
        resize: 'center_crop' keeps the aspect ratio and crops the longer side; 'stretch' keeps
            all pixels and distorts.

    Returns:
        uint8, 3 x height x width.
    """
    if resize == 'stretch':
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    else:
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).transpose(2, 0, 1)


def digest_of(array: np.ndarray) -> str:
    """SHA-256 of shape, type and bytes (CIFAR-10's 150 MB take 0.1 s)."""
    digest = hashlib.sha256(f'{array.dtype} {array.shape}'.encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


_built: dict[tuple[str, str], Source] = {}


def build_source(config: Mapping[str, Any]) -> Source:
    """Build a source from its config, once per process.

    Equal configs share one object and its pixels: train and val are often parts of one array, and
    a search needs it in every trial. The four most recently used sources are kept.

    Raises:
        ValueError: The type is unknown, or an argument is wrong.
    """
    # Relative roots depend on the working directory, so it is part of the key.
    key = json.dumps(config, sort_keys=True, default=repr), os.getcwd()
    source = _built.pop(key) if key in _built else new_source(config)
    _built[key] = source  # now the newest: dicts keep the order of insertion
    while len(_built) > 4:
        del _built[next(iter(_built))]
    return source


def new_source(config: Mapping[str, Any]) -> Source:
    """Like :func:`build_source`, but always builds a new object, which sees changes on disk."""
    if config['type'] not in SOURCES.module_dict:  # get() would import a dotted name
        raise ValueError(f"source: unknown type {config['type']!r}, expected one of "
                         f'{", ".join(SOURCES.module_dict)}')
    return SOURCES.build(dict(config))

"""Decoded images as one array, and the registry of what can produce them."""
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.registry import Registry

# `locations` is not decoration: without it mmengine imports all of mmpretrain
# (and with it mmdet) the first time a source is built.
SOURCES = Registry(
    'image source', scope='mmpretrain', locations=['plugins.classification.datasets'])


@dataclass(eq=False)
class ImageArray:
    """A labelled data set in memory; read-only, because loaders share it.

    Upstream has no such type: mmpretrain's datasets are lists of file names
    that are opened and decoded again in every epoch.

    Args:
        images: uint8, N x 3 x H x W, RGB, 0 to 255. In RAM or memory-mapped
            from a ``.npy`` file.
        labels: int64, N, each an index into ``classes``.
        classes: Class names in label order.
        fingerprint: SHA-256 hex digest of images, labels and class names;
            computed here unless it is known already.
        names: What tells each image from all others, in whatever array it is:
            its file, or archive and row. Two files with the same pixels are
            two images. None where nothing but the array tells.

    Raises:
        ValueError: Images, labels or names differ in number, or a label has no class.
    """
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    fingerprint: str = ''
    names: Sequence[str] | None = None

    def __post_init__(self):
        self.labels = np.asarray(self.labels, dtype=np.int64)
        self.classes = tuple(self.classes)
        if len(self.images) != len(self.labels):
            raise ValueError(f'{len(self.images)} images but {len(self.labels)} labels; '
                             'expected one label per image')
        if self.names is not None and len(self.names) != len(self.labels):
            raise ValueError(f'{len(self.labels)} images but {len(self.names)} names; '
                             'expected one name per image')
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise ValueError(f'labels run from {self.labels.min()} to {self.labels.max()}; '
                             f'expected 0 to {len(self.classes) - 1}, one per class name')
        if not self.fingerprint:
            self.fingerprint = fingerprint_of(digest_of(self.images), self.labels, self.classes)
        self.images, self.labels = self.images.view(), self.labels.view()
        self.images.setflags(write=False)
        self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    def __getstate__(self) -> dict:
        """Send a memory map to another process as its path, not as gigabytes."""
        state = dict(vars(self))
        if isinstance(self.images, np.memmap):
            state['images'] = Path(self.images.filename)
        return state

    def __setstate__(self, state: dict):
        if isinstance(state['images'], Path):
            state['images'] = np.load(state['images'], mmap_mode='r')
        vars(self).update(state)


def digest_of(images: np.ndarray) -> str:
    """SHA-256 of shape, type and bytes (CIFAR-10's 150 MB take 0.1 s)."""
    digest = hashlib.sha256(f'{images.dtype} {images.shape}'.encode())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()


def fingerprint_of(image_digest: str, labels: np.ndarray, classes: tuple[str, ...]) -> str:
    """SHA-256 of what a model can see of a data set."""
    return hashlib.sha256(
        json.dumps([image_digest, labels.tolist(), classes]).encode()).hexdigest()


_loaded: dict[tuple[str, str], ImageArray] = {}


def load_source(config: dict) -> ImageArray:
    """Build a source from its config, once per process.

    The loaders of a run name the same source (train and val are parts of one
    array), and a search builds it in every trial: equal configs share one
    array. The four used last are kept.
    """
    # Relative roots depend on the working directory, so it is part of the key.
    key = json.dumps(config, sort_keys=True, default=repr), os.getcwd()
    array = _loaded.pop(key) if key in _loaded else SOURCES.build(config)
    _loaded[key] = array  # now the youngest: dicts keep the order of insertion
    while len(_loaded) > 4:
        del _loaded[next(iter(_loaded))]
    return array

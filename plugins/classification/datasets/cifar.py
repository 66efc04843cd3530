"""Read CIFAR-10 and CIFAR-100 from their python pickles."""
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from plugins.classification.datasets.cifar_files import (
    CIFAR10,
    CIFAR100,
    Edition,
    find_folder,
    read_batch,
    read_classes,
)
from plugins.classification.datasets.source import SOURCES, Source
from plugins.classification.datasets.splits import at_most_per_class, wanted_classes
from plugins.engine import checks
from plugins.engine.files import checksum, resolve_path


@SOURCES.register_module(name='cifar10')
class Cifar10(Source):
    """CIFAR-10: 50 000 train or 10 000 test images of 32 x 32.

    mmpretrain's CIFAR10 unpickles without restriction (a batch file can run code)
    and rejects files with another MD5; this class runs no code and only warns.

    Args:
        data_root: Contains ``cifar-10-batches-py``, or is that folder.
        split: 'train' or 'test'.
        classes: Label ids or class names to keep, renumbered 0 ... k - 1 in
            this order. None keeps all.
        max_per_class: Keep at most that many images of each class, chosen at random
            with ``seed``. A smaller number keeps a subset of what a larger one keeps.
        seed: See ``max_per_class``.

    Raises:
        OSError, ValueError: Unknown split; on reading, missing or damaged files or an unknown
            class.
    """

    size = (32, 32)
    edition: Edition = CIFAR10

    def __init__(self, data_root: str | Path, split: str,
                 classes: Sequence[int | str] | str | None = None,
                 max_per_class: int | None = None, seed: int = 0) -> None:
        self.root = resolve_path(data_root)
        self.split = checks.one_of('', 'split', split, ('train', 'test'))
        self.wanted = classes
        self.max_per_class = max_per_class
        self.seed = seed
        self._batches: list[np.ndarray] = []  # read by listing(), used by decode()
        self._rows: np.ndarray | None = None

    @classmethod
    def parts(cls, root: Path) -> dict[str, Source]:
        """See :class:`Source`."""
        if not any((folder / next(iter(cls.edition.files['test']))).is_file()
                   for folder in (root, root / cls.edition.folder)):
            return {}
        return {split: cls(root, split) for split in ('train', 'test')}

    @property
    def _files(self) -> dict[str, str]:
        return {**self.edition.files[self.split], **self.edition.files['meta']}

    @cached_property
    def _folder(self) -> Path:
        return find_folder(self.root, self.edition, self._files)

    def listing(self) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
        """See :class:`Source`; names consist of folder, split and row."""
        meta, = self.edition.files['meta']
        classes = read_classes(self._folder / meta, self.edition.label_key)
        batches = [read_batch(self._folder / name, self.edition.label_key, len(classes))
                   for name in self.edition.files[self.split]]
        self._batches = [data for data, _ in batches]
        labels = np.concatenate([labels for _, labels in batches])
        ids = wanted_classes(self._folder / meta, classes, self.wanted)
        renumbered = np.full(len(classes), -1)
        renumbered[ids] = np.arange(len(ids))
        rows = np.flatnonzero(renumbered[labels] >= 0)
        labels, classes = renumbered[labels[rows]], tuple(classes[k] for k in ids)
        if self.max_per_class is not None:
            few = at_most_per_class(labels, self.max_per_class, self.seed, classes)
            rows, labels = rows[few], labels[few]
        self._rows = rows
        place = f'{self._folder.resolve()}, {self.split}: image '
        return [f'{place}{row}' for row in rows], labels, classes

    def other_files(self) -> list[str]:
        """Names of the split's files that are readable but not the official ones."""
        assert len(self) == len(self._rows)  # listed, so they are readable
        return [name for name, md5 in self._files.items()
                if checksum(self._folder / name, 'md5') != md5]

    def decode(self) -> np.ndarray:
        """See :class:`Source`; warns about files that are not the official ones."""
        different = self.other_files()  # lists them, so the batches are there
        images = np.concatenate(self._batches).reshape(-1, 3, 32, 32)
        self._batches = []
        if different:
            print_log(f'{self._folder}: not the official files by their MD5: '
                      f'{", ".join(different)}; accuracies may differ from reported ones',
                      'current', logging.WARNING)
        return images if len(self._rows) == len(images) else images[self._rows]


@SOURCES.register_module(name='cifar100')
class Cifar100(Cifar10):
    """CIFAR-100 with its 100 fine classes, like :class:`Cifar10`, in ``cifar-100-python``."""

    edition = CIFAR100

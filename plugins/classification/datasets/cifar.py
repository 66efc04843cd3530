"""Read CIFAR-10 and CIFAR-100 from their python pickles, without running code in them."""
import logging
import pickle
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from torchvision import datasets as official

from plugins.classification.datasets.source import SOURCES, Source
from plugins.classification.datasets.splits import at_most_per_class, wanted_classes
from plugins.engine import checks
from plugins.engine.files import checksum, resolve_path
from plugins.engine.plain_values import INERT, BoundedUnpickler, plain, reject
from plugins.engine.wording import shortened


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
    upstream = official.CIFAR10  # knows the names of folder, archive and files, and their MD5
    label_key = 'labels'  # of the labels in the batches, see read_classes()

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
        if not any((folder / cls.upstream.test_list[0][0]).is_file()
                   for folder in (root, root / cls.upstream.base_folder)):
            return {}
        return {split: cls(root, split) for split in ('train', 'test')}

    @property
    def _files(self) -> dict[str, str]:
        """File name -> MD5; the file of the class names is the last."""
        meta = self.upstream.meta
        return {**dict(getattr(self.upstream, f'{self.split}_list')), meta['filename']: meta['md5']}

    @cached_property
    def _folder(self) -> Path:
        return find_folder(self.root, self.upstream, self._files)

    def listing(self) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
        """See :class:`Source`; names consist of folder, split and row."""
        *names, meta = self._files
        classes = read_classes(self._folder / meta, self.label_key)
        batches = [read_batch(self._folder / name, self.label_key, len(classes)) for name in names]
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

    upstream, label_key = official.CIFAR100, 'fine_labels'


def find_folder(root: Path, upstream: type[official.CIFAR10], expected: dict) -> Path:
    """The folder of the files: ``root``, or the official folder in it.

    Raises:
        FileNotFoundError: A file is missing.
    """
    folder_name, archive = upstream.base_folder, upstream.filename
    folder = root / folder_name if (root / folder_name).is_dir() else root
    missing = [name for name in expected if not (folder / name).is_file()]
    if not missing:
        return folder
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else 'no such folder'
    todo = f'put {archive} from https://www.cs.toronto.edu/~kriz/cifar.html there and unpack it'
    if (root / archive).is_file():
        todo = f'the archive is not unpacked yet: tar -xzf {root / archive} -C {root}'
    raise FileNotFoundError(
        f'{folder / missing[0]}: missing; found {found}, expected the files {sorted(expected)} in '
        f'{root / folder_name}; {todo} (or correct data_root)')


class _Unpickler(BoundedUnpickler):
    """Rejects everything but arrays and plain values; numpy wrote bytes as latin-1 text."""

    def find_class(self, module: str, name: str) -> type:
        if f'{module}.{name}' not in INERT:
            raise pickle.UnpicklingError(f'it uses {module}.{name}, which no CIFAR file needs')
        return INERT[f'{module}.{name}']


def unpickle(path: Path) -> dict:
    """Read a dict with text keys; ``encoding='bytes'`` is for Python 2's str.

    Raises:
        ValueError: The file is damaged, could run code, or does not contain a dict.
    """
    with path.open('rb') as file:
        try:
            loaded = plain(_Unpickler(file, encoding='bytes').load(), reject)
        except Exception as error:  # damaged pickles raise nearly any type
            raise ValueError(f'{path}: not a CIFAR file or damaged: {error}; '
                             'unpack the official archive again') from error
    if not isinstance(loaded, dict):
        raise ValueError(f'{path}: holds a {type(loaded).__name__}, expected a dict')
    return {_text(key): value for key, value in loaded.items()}


def _text(name: object) -> str:
    return name.decode('ascii', 'backslashreplace') if isinstance(name, bytes) else str(name)


def read_classes(path: Path, label_key: str) -> tuple[str, ...]:
    """Class names in label order: for the labels ``x_labels`` of a batch, ``x_label_names``.

    Raises:
        ValueError: The file contains no such names.
    """
    meta = unpickle(path)
    names_key = label_key.replace('labels', 'label_names')
    names = meta.get(names_key)
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names) \
            or len({*names}) < len(names):
        raise ValueError(f'{path}: {names_key} is {shortened(names)}, expected different names; '
                         f'found {shortened(sorted(meta))}')
    return tuple(map(_text, names))


def read_batch(path: Path, label_key: str, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Read one batch: uint8 n x 3072 and n labels below ``num_classes``.

    Raises:
        ValueError: A key is missing or has unexpected content; the message names the file.
    """
    batch = unpickle(path)
    for key in ('data', label_key):
        if key not in batch:
            raise ValueError(f'{path}: no {key!r} in it, found {shortened(sorted(batch))}')
    data, labels = (np.asarray(value) if hasattr(value, 'shape') else value
                    for value in (batch['data'], batch[label_key]))
    labels = labels.tolist() if isinstance(labels, np.ndarray) else labels
    if not isinstance(labels, list) or not all(
            checks.is_whole(one, 0, num_classes - 1) for one in labels):
        raise ValueError(f'{path}: {label_key} are {shortened(labels)}; '
                         f'expected whole numbers from 0 to {num_classes - 1}')
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 \
            or data.shape != (len(labels), 3072):
        found = f'{data.dtype} {data.shape}' if isinstance(data, np.ndarray) else shortened(data)
        raise ValueError(f'{path}: data is {found} for {len(labels)} labels; '
                         f'expected uint8 ({len(labels)}, 3072)')
    return data, np.asarray(labels, int)

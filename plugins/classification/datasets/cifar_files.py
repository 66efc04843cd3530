"""Read CIFAR's python pickles without running code in them."""
import pickle
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torchvision import datasets as official

from plugins.engine.checks import is_whole
from plugins.engine.pickles import BoundedUnpickler
from plugins.engine.plain_values import INERT, plain, reject
from plugins.engine.wording import shortened


class Edition(NamedTuple):
    """CIFAR-10 or CIFAR-100.

    Attributes:
        folder: The folder in the archive.
        archive: File name of the archive.
        label_key: Key of the labels in the batches; see :func:`read_classes`.
        files: 'train', 'test' and 'meta' -> file name -> MD5.
    """
    folder: str
    archive: str
    label_key: str
    files: dict[str, dict[str, str]]


def _edition(upstream: type[official.CIFAR10], label_key: str) -> Edition:
    return Edition(upstream.base_folder, upstream.filename, label_key, {
        'train': dict(upstream.train_list), 'test': dict(upstream.test_list),
        'meta': {upstream.meta['filename']: upstream.meta['md5']}})


CIFAR10 = _edition(official.CIFAR10, 'labels')
CIFAR100 = _edition(official.CIFAR100, 'fine_labels')


def find_folder(root: Path, edition: Edition, expected: dict) -> Path:
    """The folder of the files: ``root``, or the edition's folder in it.

    Raises:
        FileNotFoundError: A file is missing.
    """
    folder_name, archive = edition.folder, edition.archive
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
    if not isinstance(labels, list) or not all(is_whole(one, 0, num_classes - 1) for one in labels):
        raise ValueError(f'{path}: {label_key} are {shortened(labels)}; '
                         f'expected whole numbers from 0 to {num_classes - 1}')
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 \
            or data.shape != (len(labels), 3072):
        found = f'{data.dtype} {data.shape}' if isinstance(data, np.ndarray) else shortened(data)
        raise ValueError(f'{path}: data is {found} for {len(labels)} labels; '
                         f'expected uint8 ({len(labels)}, 3072)')
    return data, np.asarray(labels, int)

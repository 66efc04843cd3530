"""CIFAR-10 and CIFAR-100 from their python pickles."""
import hashlib
import pickle
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path

import numpy as np

from plugins.classification.datasets.image_array import SOURCES, ImageArray
from plugins.classification.datasets.splits import at_most_per_class
from plugins.paths import resolve_path

# File name -> MD5 in the archives of https://www.cs.toronto.edu/~kriz/cifar.html
# (the sums that torchvision's datasets/cifar.py lists).
CIFAR10_FILES = {
    'train': {
        'data_batch_1': 'c99cafc152244af753f735de768cd75f',
        'data_batch_2': 'd4bba439e000b95fd0a9bffe97cbabec',
        'data_batch_3': '54ebc095f3ab1f0389bbae665268c751',
        'data_batch_4': '634d18415352ddfa80567beed471001a',
        'data_batch_5': '482c414d41f54cd18b22e5b47cb7c3cb',
    },
    'test': {'test_batch': '40351d587109b95175f43aff81a1287e'},
    'meta': {'batches.meta': '5ff9c542aee3614f3951f8cda6e48888'},
}
CIFAR100_FILES = {
    'train': {'train': '16019d7e3df5f24257cddd939b257f8d'},
    'test': {'test': 'f0ef6b0ae62326f3e7ffdfab6717acfc'},
    'meta': {'meta': '7973b15100ade9c7d40fb424638fde48'},
}


@SOURCES.register_module()
def cifar10(data_root: str | Path,
            split: str,
            classes: Sequence[int | str] | None = None,
            max_per_class: int | None = None,
            seed: int = 0) -> ImageArray:
    """CIFAR-10: 50 000 train or 10 000 test images of 32 x 32.

    mmpretrain's CIFAR10 unpickles without restriction (a batch file can run
    code) and refuses files whose MD5 differs; this one warns of those.

    Args:
        data_root: Holds ``cifar-10-batches-py``, or is that folder.
        split: 'train' or 'test'.
        classes: Label ids or class names to keep, renumbered 0 ... k - 1 in
            this order. None keeps all.
        max_per_class: Keep at most that many images of each class, chosen by
            ``seed``. A smaller number keeps some of the same.
        seed: Alone decides which ones.

    Raises:
        FileNotFoundError: A batch file is missing.
        ValueError: Unknown split or class, or a file that is no CIFAR batch.
    """
    return _load(data_root, 'cifar-10-batches-py', 'cifar-10-python.tar.gz', CIFAR10_FILES, split,
                 'labels', 'label_names', classes, max_per_class, seed)


@SOURCES.register_module()
def cifar100(data_root: str | Path,
             split: str,
             label: str = 'fine',
             classes: Sequence[int | str] | None = None,
             max_per_class: int | None = None,
             seed: int = 0) -> ImageArray:
    """CIFAR-100, like :func:`cifar10`, in ``cifar-100-python``.

    Args:
        label: 'fine' (100 classes) or 'coarse' (20 superclasses);
            ``classes`` refers to these.
    """
    if label not in ('fine', 'coarse'):
        raise ValueError(f"label={label!r}; expected 'fine' or 'coarse'")
    return _load(data_root, 'cifar-100-python', 'cifar-100-python.tar.gz', CIFAR100_FILES, split,
                 f'{label}_labels', f'{label}_label_names', classes, max_per_class, seed)


def _load(data_root: str | Path, folder_name: str, archive: str, files: dict[str, dict[str, str]],
          split: str, label_key: str, names_key: str,
          wanted: Sequence[int | str] | None, max_per_class: int | None,
          seed: int) -> ImageArray:
    """The part that CIFAR-10 and CIFAR-100 share; keys are those of the pickles."""
    if split not in ('train', 'test'):
        raise ValueError(f"split={split!r}; expected 'train' or 'test'")
    expected = {**files[split], **files['meta']}
    folder = _find_folder(resolve_path(data_root), folder_name, archive, expected)
    pickles = _read_pickles(folder, expected)

    meta = next(iter(files['meta']))
    if names_key not in pickles[meta]:
        raise ValueError(f'{folder / meta}: no {names_key!r} in it, found {sorted(pickles[meta])}')
    classes = tuple(_text(name) for name in pickles[meta][names_key])
    parts = [_read_batch(folder / name, pickles[name], label_key, len(classes))
             for name in files[split]]
    images = np.concatenate([data for data, _ in parts]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([label for _, label in parts])
    if wanted is not None:
        images, labels, classes = _keep_classes(images, labels, classes, wanted)
    if max_per_class is not None:
        rows = at_most_per_class(labels, max_per_class, seed)
        images, labels = images[rows], labels[rows]
    return ImageArray(images, labels, classes)


def _find_folder(root: Path, folder_name: str, archive: str, expected: dict) -> Path:
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


def _read_pickles(folder: Path, expected: dict[str, str]) -> dict[str, dict]:
    """Read the files; one warning names those that are not the official ones."""
    pickles, different = {}, []
    for name, md5 in expected.items():
        content = (folder / name).read_bytes()
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            different.append(name)
        pickles[name] = _unpickle(folder / name, content)
    if different:
        warnings.warn(f'{folder}: not the official files by their MD5: {", ".join(different)}; '
                      'accuracies may differ from reported ones', stacklevel=4)
    return pickles


class _ArrayUnpickler(pickle.Unpickler):
    """Builds numpy arrays and plain containers, and refuses everything else.

    The official files come from Python 2 (``numpy.core``), re-packed ones
    from any numpy (``numpy._core`` since 2.0), whose protocol-2 pickles hold
    bytes as latin-1 text for ``_codecs.encode`` to convert.
    """
    _ALLOWED = {
        ('numpy.core.multiarray', '_reconstruct'): np.empty(0).__reduce__()[0],
        ('numpy._core.multiarray', '_reconstruct'): np.empty(0).__reduce__()[0],
        ('numpy', 'ndarray'): np.ndarray,
        ('numpy', 'dtype'): np.dtype,
        ('_codecs', 'encode'): lambda text, encoding: text.encode('latin-1'),
        ('__builtin__', 'bytes'): bytes,
        ('builtins', 'bytes'): bytes,
    }

    def find_class(self, module: str, name: str):
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f'it asks for {module}.{name}, which no CIFAR file needs')
        return self._ALLOWED[module, name]


def _unpickle(path: Path, content: bytes) -> dict:
    """Read a dict with text keys; ``encoding='bytes'`` is for Python 2's str."""
    try:
        loaded = _ArrayUnpickler(BytesIO(content), encoding='bytes').load()
    except Exception as error:  # damaged pickles raise nearly any type
        raise ValueError(f'{path}: not a CIFAR file or damaged: {error}; '
                         'unpack the official archive again') from error
    if not isinstance(loaded, dict):
        raise ValueError(f'{path}: holds a {type(loaded).__name__}, expected a dict')
    return {_text(key): value for key, value in loaded.items()}


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _read_batch(path: Path, batch: dict, label_key: str,
                num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Check one batch: uint8 n x 3072 and n labels below ``num_classes``."""
    for key in ('data', label_key):
        if key not in batch:
            raise ValueError(f'{path}: no {key!r} in it, found {sorted(batch)}')
    data, labels = np.asarray(batch['data']), np.asarray(batch[label_key])
    if data.dtype != np.uint8 or data.shape != (len(labels), 3072):
        raise ValueError(f'{path}: data is {data.dtype} {data.shape} for {len(labels)} labels; '
                         f'expected uint8 ({len(labels)}, 3072)')
    if labels.dtype.kind not in 'iu' or not set(labels.tolist()) <= set(range(num_classes)):
        raise ValueError(f'{path}: {label_key} are {sorted(set(labels.tolist()))}; '
                         f'expected whole numbers from 0 to {num_classes - 1}')
    return data, labels


def _keep_classes(images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...],
                  wanted: Sequence[int | str]
                  ) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Keep the wanted classes, renumbered in the order wanted."""
    ids = [_class_id(entry, classes) for entry in wanted]
    if len(set(ids)) != len(ids) or not ids:
        raise ValueError(f'classes={list(wanted)}; expected at least one class, each once')
    renumbered = np.full(len(classes), -1)
    renumbered[ids] = np.arange(len(ids))
    labels = renumbered[labels]
    keep = labels >= 0
    return images[keep], labels[keep], tuple(classes[i] for i in ids)


def _class_id(entry: int | str, classes: tuple[str, ...]) -> int:
    if isinstance(entry, str):
        if entry in classes:
            return classes.index(entry)
        near = get_close_matches(entry, classes) or sorted(classes)
        raise ValueError(f'no class {entry!r}; nearest: {", ".join(near)}')
    if not 0 <= entry < len(classes):
        raise ValueError(f'no class {entry}; expected a label id from 0 to {len(classes) - 1}')
    return int(entry)

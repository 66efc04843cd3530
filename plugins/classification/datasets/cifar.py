"""CIFAR-10 and CIFAR-100 from their python pickles."""
import logging
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.logging import print_log

from plugins.classification.datasets.cifar_files import (
    CIFAR10,
    CIFAR100,
    Edition,
    find_folder,
    md5_of,
    read_batch,
    read_classes,
    unpickle,
)
from plugins.classification.datasets.image_array import SOURCES, ImageArray
from plugins.classification.datasets.splits import at_most_per_class
from plugins.engine.files import resolve_path


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
    return _load(CIFAR10, data_root, split, 'labels', classes, max_per_class, seed)


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
    return _load(CIFAR100, data_root, split, _label_key(label), classes, max_per_class, seed)


def list_cifar10(data_root: str | Path, split: str, classes: Sequence[int | str] | None = None,
                 max_per_class: int | None = None, seed: int = 0
                 ) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Names and labels of the images that :func:`cifar10` would hold, and the class names."""
    chosen = _choose(CIFAR10, data_root, split, 'labels', classes, max_per_class, seed, False)
    return chosen.names, chosen.labels, chosen.classes


def list_cifar100(data_root: str | Path, split: str, label: str = 'fine',
                  classes: Sequence[int | str] | None = None, max_per_class: int | None = None,
                  seed: int = 0) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Names and labels of the images that :func:`cifar100` would hold, and the class names."""
    chosen = _choose(CIFAR100, data_root, split, _label_key(label), classes, max_per_class, seed,
                     False)
    return chosen.names, chosen.labels, chosen.classes


def place_of_cifar10(data_root: str | Path, split: str, **_: Any) -> str:
    """What the names of all images begin with; cheap, as nothing is read."""
    expected = CIFAR10.files.get(split, {})
    return _place(find_folder(resolve_path(data_root), CIFAR10, expected), split)


def place_of_cifar100(data_root: str | Path, split: str, **_: Any) -> str:
    """What the names of all images begin with; cheap, as nothing is read."""
    expected = CIFAR100.files.get(split, {})
    return _place(find_folder(resolve_path(data_root), CIFAR100, expected), split)


def _label_key(label: str) -> str:
    if label not in ('fine', 'coarse'):
        raise ValueError(f"label={label!r}; expected 'fine' or 'coarse'")
    return f'{label}_labels'


class _Chosen(NamedTuple):
    """What arguments select: arrays of n x 3072, rows of them all, and what those are."""
    parts: list[np.ndarray]
    rows: np.ndarray | None
    labels: np.ndarray
    classes: tuple[str, ...]
    names: list[str]


def _load(edition: Edition, data_root: str | Path, split: str, label_key: str,
          wanted: Sequence[int | str] | None, max_per_class: int | None, seed: int) -> ImageArray:
    """The part that CIFAR-10 and CIFAR-100 share; ``label_key`` is that of the pickles."""
    chosen = _choose(edition, data_root, split, label_key, wanted, max_per_class, seed, True)
    images = np.concatenate(chosen.parts).reshape(-1, 3, 32, 32)
    return ImageArray(images if chosen.rows is None else images[chosen.rows], chosen.labels,
                      chosen.classes, names=chosen.names)


def _choose(edition: Edition, data_root: str | Path, split: str, label_key: str,
            wanted: Sequence[int | str] | None, max_per_class: int | None, seed: int,
            warn: bool) -> _Chosen:
    """Read the files and select, without a copy of the pixels."""
    if split not in ('train', 'test'):
        raise ValueError(f"split={split!r}; expected 'train' or 'test'")
    expected = {**edition.files[split], **edition.files['meta']}
    folder = find_folder(resolve_path(data_root), edition, expected)
    pickles = _read_pickles(folder, expected, warn)

    meta = next(iter(edition.files['meta']))
    classes = read_classes(folder / meta, pickles[meta], label_key)
    batches = [read_batch(folder / name, pickles[name], label_key, len(classes))
               for name in edition.files[split]]
    labels = np.concatenate([label for _, label in batches])
    rows = None
    if wanted is not None:
        rows, labels, classes = _keep_classes(folder / meta, labels, classes, wanted)
    if max_per_class is not None:
        few = at_most_per_class(labels, max_per_class, seed, classes)
        rows, labels = few if rows is None else rows[few], labels[few]
    place = _place(folder, split)
    names = [f'{place}{row}' for row in (range(len(labels)) if rows is None else rows)]
    return _Chosen([data for data, _ in batches], rows, labels, classes, names)


def _place(folder: Path, split: str) -> str:
    """What the names of a split's images begin with, and no others."""
    return f'{folder.resolve()}, {split}: image '


def _read_pickles(folder: Path, expected: dict[str, str], warn: bool) -> dict[str, dict]:
    """Read the files; if ``warn``, one line names those that are not the official ones."""
    pickles, different = {}, []
    for name, md5 in expected.items():
        content = (folder / name).read_bytes()
        if warn and md5_of(content) != md5:
            different.append(name)
        pickles[name] = unpickle(folder / name, content)
    if different:
        print_log(f'{folder}: not the official files by their MD5: {", ".join(different)}; '
                  'accuracies may differ from reported ones', 'current', logging.WARNING)
    return pickles


def _keep_classes(meta: Path, labels: np.ndarray, classes: tuple[str, ...],
                  wanted: Sequence[int | str]
                  ) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Rows of the wanted classes, their labels renumbered in the order wanted, and the classes."""
    ids = [_class_id(meta, entry, classes) for entry in wanted]
    if len(set(ids)) != len(ids) or not ids:
        raise ValueError(f'classes={list(wanted)}; expected at least one class, each once')
    renumbered = np.full(len(classes), -1)
    renumbered[ids] = np.arange(len(ids))
    labels = renumbered[labels]
    rows = np.flatnonzero(labels >= 0)
    return rows, labels[rows], tuple(classes[i] for i in ids)


def _class_id(meta: Path, entry: int | str, classes: tuple[str, ...]) -> int:
    if isinstance(entry, str):
        if entry in classes:
            return classes.index(entry)
        near = get_close_matches(entry, classes) or sorted(classes)
        raise ValueError(f'{meta}: no class {entry!r}; nearest: {", ".join(near)}; '
                         "correct the source's classes")
    if not 0 <= entry < len(classes):
        raise ValueError(f'{meta}: no class {entry}; expected a label id from 0 to '
                         f"{len(classes) - 1}; correct the source's classes")
    return int(entry)

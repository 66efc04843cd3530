"""Seeded stratified splits."""
import csv
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from unicodedata import normalize

import numpy as np
from mmengine.logging import print_log

from plugins.engine import checks
from plugins.engine.files import resolve_path
from plugins.engine.name_list import read_names
from plugins.engine.wording import some


def stratified_split(labels: np.ndarray, held_out: float | int, seed: int,
                     classes: Sequence[str] | None = None,
                     key: str = 'held_out') -> tuple[np.ndarray, np.ndarray]:
    """Hold out the same share of every class.

    The number is rounded for each class separately; scikit-learn's ``train_test_split`` rounds the
    total, so that the seed decides which class gets the extra image.

    Args:
        labels: Integer labels, N.
        held_out: A share between 0 and 1: of a class of n images
            ``floor(n * held_out + 0.5)`` are held out, at least 1 and at most
            n - 1. Or an int: that many images of each class.
        seed: Determines the choice; no global random state is read or set.
        classes: Class names in label order, for messages.
        key: Name of the config key that sets ``held_out``, for messages.

    Returns:
        The remaining rows and the rows held out, both ascending; together they
        are 0 ... N - 1.

    Raises:
        ValueError: The share is not inside (0, 1), or a class is too small.
    """
    by_count = isinstance(held_out, (int, np.integer))
    if held_out < 1 if by_count else not 0 < held_out < 1:
        raise ValueError(f'{key}={held_out!r}; expected a share between 0 and 1 '
                         'or a number of images per class, at least 1')
    # RandomState's stream is frozen by numpy's compatibility policy, that of
    # default_rng is not: a split must stay the same across numpy versions.
    random = np.random.RandomState(seed)
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        least = held_out + 1 if by_count else 2
        if len(rows) < least:
            raise ValueError(f'{_named(label, classes)} has {len(rows)} image(s); {key}={held_out} '
                             f'needs at least {least}; add images to it or change {key}')
        count = held_out if by_count else int(len(rows) * held_out + 0.5)
        chosen[random.permutation(rows)[:min(max(count, 1), len(rows) - 1)]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def fold_of(labels: np.ndarray, number: int, seed: int, groups: Sequence[str] | None = None,
            classes: Sequence[str] | None = None) -> np.ndarray:
    """Deal images into folds, so that each fold has the same share of every class.

    Args:
        labels: Integer labels, N.
        number: Number of folds, at least 2.
        seed: Determines the choice; no global random state is read or set.
        groups: The group of each image, such as the plant that it shows; all images of a group
            are in one fold. None: each image by itself.
        classes: Class names in label order, for messages.

    Returns:
        The fold of each image, 0 to number - 1: int64, N.

    Raises:
        ValueError: A class has fewer images (or, with groups, groups) than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # takes a second
    checks.whole('', 'folds.number', number, 2)
    units = np.arange(len(labels)) if groups is None else np.asarray(groups)
    made = (StratifiedKFold if groups is None else StratifiedGroupKFold)(
        number, shuffle=True, random_state=seed)
    for label in np.unique(labels):
        if (found := len(np.unique(units[labels == label]))) < number:
            raise ValueError(f'{_named(label, classes)} has {found} '
                             f'{"image(s)" if groups is None else "group(s)"}; {number} folds need '
                             f'at least {number}; add some, or make fewer folds')
    folds = np.empty(len(labels), np.int64)
    for fold, (_, rows) in enumerate(made.split(labels, labels, groups)):
        folds[rows] = fold
    return folds


def read_groups(path: Path, images: Sequence[str]) -> list[str]:
    """The group of each image, from a CSV file with the columns image and group.

    Raises:
        OSError: There is no such file.
        ValueError: It is not such a table, or an image is not in it, or twice.
    """
    with path.open(newline='', encoding='utf-8-sig') as file:
        header, *rows = [row for row in csv.reader(file) if row] or [[]]
    if header != ['image', 'group'] or any(len(row) != 2 for row in rows):
        raise ValueError(f'{path}: found the columns {some(header) or "of no table"}, expected '
                         'image and group')
    group = {normalize('NFC', image): name for image, name in rows}
    if len(group) < len(rows):
        twice, _ = Counter(image for image, _ in rows).most_common(1)[0]
        raise ValueError(f'{path}: lists {twice} more than once; remove all lines but one')
    if missing := [image for image in images if normalize('NFC', image) not in group]:
        raise ValueError(f'{path}: has no line for {some(missing, most=3)}; add it and its group')
    return [group[normalize('NFC', image)] for image in images]


def at_most_per_class(labels: np.ndarray, count: int, seed: int,
                      classes: Sequence[str] | None = None) -> np.ndarray:
    """Choose ``count`` images of every class; a class with fewer keeps all, with a warning.

    With the same seed, a smaller count chooses a subset of a larger one (for learning curves).

    Args:
        labels: Integer labels, N.
        count: At least 1.
        seed: Determines the choice; no global random state is read or set.
        classes: Class names in label order, for the warning.

    Returns:
        The chosen rows, ascending.

    Raises:
        ValueError: ``count`` is not a whole number above 0.
    """
    checks.whole('', 'max_per_class', count, 1)
    random = np.random.RandomState(seed)
    present = np.unique(labels)
    chosen = [random.permutation(np.flatnonzero(labels == label))[:count] for label in present]
    small = [f'{_named(label, classes)} ({len(rows)})'
             for label, rows in zip(present, chosen, strict=True) if len(rows) < count]
    if small:
        print_log(f'max_per_class={count}, but there are fewer images, which are all used, of: '
                  f'{some(small, most=5)}', 'current', logging.WARNING)
    return np.sort(np.concatenate(chosen)) if chosen else np.arange(0)


def wanted_classes(where: object, found: Sequence[str], wanted: Sequence[int | str] | str | None
                   ) -> list[int]:
    """Indices of classes given by name, index or file, in the given order; None takes all.

    Raises:
        OSError, ValueError: The file is missing or wrong, or a class is unknown or given twice, or
            there is none; the message begins with ``where``.
    """
    ids, found = [], checks.class_names(where, found)
    if isinstance(wanted, str):
        wanted = read_names(resolve_path(wanted), "the source's classes")
    for entry in range(len(found)) if wanted is None else wanted:
        if isinstance(entry, str) and (name := normalize('NFC', entry)) in found:
            entry = found.index(name)
        elif not (type(entry) is int and 0 <= entry < len(found)):
            near = get_close_matches(str(entry), found) or [
                *found[:3], f'or an index from 0 to {len(found) - 1}']
            raise ValueError(f'{where}: no class {entry!r}; nearest: {", ".join(near)}; correct '
                             "the source's classes")
        ids.append(entry)
    if len(set(ids)) != len(ids) or not ids or isinstance(wanted, Mapping):
        raise ValueError(f'{where}: classes={wanted or []}, expected a list of names, '
                         'at least one, each once')
    return ids


def _named(label: int, classes: Sequence[str] | None) -> str:
    return f'label {label}' if classes is None else f'class {classes[label]!r}'

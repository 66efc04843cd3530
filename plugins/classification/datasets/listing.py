"""What a source would hold, without its pixels."""
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from plugins.classification.datasets.cifar import (
    list_cifar10,
    list_cifar100,
    place_of_cifar10,
    place_of_cifar100,
)
from plugins.classification.datasets.class_folder import list_class_folder
from plugins.classification.datasets.cub200 import list_cub200
from plugins.classification.datasets.decoding import file_names
from plugins.classification.datasets.image_array import load_source

_OF_FILES = {'class_folder': list_class_folder, 'cub200': list_cub200}
_OF_ROWS = {'cifar10': list_cifar10, 'cifar100': list_cifar100}
_PLACES = {'cifar10': place_of_cifar10, 'cifar100': place_of_cifar100}
_DECODING = ('type', 'size', 'resize', 'max_ram_gb', 'cache_dir')  # they choose no image


def list_files(source: Mapping) -> tuple[list[Path], list[int], tuple[str, ...]] | None:
    """Files, labels and class names of a source config; None if it is not made of image files.

    Raises:
        OSError, ValueError: As the source itself, but for what only decoding finds.
    """
    lister = _OF_FILES.get(source['type'])
    return None if lister is None else lister(**_choice(source))


def list_names(source: Mapping) -> tuple[Sequence[str] | None, np.ndarray, tuple[str, ...]]:
    """Names (see :class:`ImageArray`), labels and class names of a source config.

    Nothing is decoded. Sources without a lister are loaded; the names are
    None where such a source gives none.

    Raises:
        OSError, ValueError: As the source itself, but for what only decoding finds.
    """
    if (files := list_files(source)) is not None:
        paths, labels, classes = files
        return file_names(paths), np.array(labels), classes
    if source['type'] in _OF_ROWS:
        return _OF_ROWS[source['type']](**_choice(source))
    array = load_source(dict(source))
    return array.names, array.labels, array.classes


def place_of(source: Mapping) -> str | None:
    """What the names of a source's images begin with, and no other source's; None if unknown.

    Images of two places cannot be the same, which is known without the half
    second that unpickling CIFAR's test batch may take.

    Raises:
        OSError: Files are missing.
    """
    place = _PLACES.get(source['type'])
    return None if place is None else place(**_choice(source))


def _choice(source: Mapping) -> dict:
    return {key: value for key, value in source.items() if key not in _DECODING}

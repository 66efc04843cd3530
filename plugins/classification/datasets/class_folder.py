"""One folder per class: flower_photos, the MIT scenes and most private sets."""
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from plugins.classification.datasets.decoding import decode_files
from plugins.classification.datasets.image_array import SOURCES, ImageArray
from plugins.classification.datasets.splits import at_most_per_class, stratified_split
from plugins.engine.files import resolve_path

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')


@SOURCES.register_module()
def class_folder(data_root: str | Path,
                 size: int | tuple[int, int],
                 classes: Sequence[str] | None = None,
                 resize: str = 'center_crop',
                 split: str | None = None,
                 held_out: float | int | None = None,
                 max_per_class: int | None = None,
                 seed: int = 0,
                 max_ram_gb: float = 2,
                 cache_dir: str | Path = 'work_dirs/cache') -> ImageArray:
    """Images in ``<data_root>/<class>/``, in sorted order of class and file.

    mmpretrain's CustomDataset decodes each file in every epoch, skips files
    that are no images and fails on a damaged one when its turn comes; here all
    that are asked for are decoded once, before training, and no others, see
    :func:`decode_files` (also for size, resize, max_ram_gb and cache_dir).
    Nor can it divide a tree that has no official test part, or take a few
    images of each class. Hidden files and folders, and files beside the class
    folders that are no images (a licence), are ignored.

    Keras's ``flow_from_directory(target_size=...)`` is ``resize='stretch'``
    but for the filter: Keras takes the nearest pixel unless its
    ``interpolation`` says otherwise, here it is bilinear with antialiasing.

    Args:
        classes: Class names in label order; exactly the folders that exist.
            None takes the folders in sorted order.
        split: 'train' or 'test' divides the tree in two by chance, see
            :func:`stratified_split`; needs ``held_out``. None takes all. It is
            the split that ``ArrayDataset(val_fraction=held_out,
            split_seed=seed)`` makes, whose 'val' is 'test' here.
        held_out: What 'test' gets of each class: a number of images (int) or
            a share between 0 and 1.
        max_per_class: Keep at most that many images of each class of the
            split, chosen by ``seed``. A smaller number keeps some of the same.
        seed: Alone decides, with the sorted file names, what is chosen.

    Raises:
        FileNotFoundError: No ``data_root``, or no class folders in it.
        ValueError: Folders differ from ``classes``; an empty class folder;
            a file in one that is no image or cannot be decoded; an image
            outside of them; a class too small for ``held_out``; an argument
            that makes no sense.
    """
    files = list_class_folder(data_root, classes, split, held_out, max_per_class, seed)
    return decode_files(*files, size, resize, max_ram_gb, cache_dir)


def list_class_folder(data_root: str | Path,
                      classes: Sequence[str] | None = None,
                      split: str | None = None,
                      held_out: float | int | None = None,
                      max_per_class: int | None = None,
                      seed: int = 0) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Which files :func:`class_folder` decodes, their labels and the class names."""
    paths, labels, classes = _find_images(resolve_path(data_root), classes)
    try:
        rows = _choose(np.array(labels), classes, split, held_out, max_per_class, seed)
    except ValueError as error:
        raise ValueError(f'{data_root}: {error}') from error
    return [paths[row] for row in rows], [labels[row] for row in rows], classes


def _find_images(root: Path, classes: Sequence[str] | None
                 ) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """All images of a tree of class folders, their labels and the class names."""
    if not root.is_dir():
        raise FileNotFoundError(f'{root}: no such folder; expected <data_root>/<class>/*.jpg; '
                                'put the data there or correct data_root')
    found = [path.name for path in visible(root) if path.is_dir()]
    for path in visible(root):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            raise ValueError(f'{path}: an image outside the class folders; expected '
                             f'{root}/<class>/{path.name}; move it to its class or delete it')
    if not found:
        raise FileNotFoundError(f'{root}: no class folders in it; expected '
                                '<data_root>/<class>/*.jpg; correct data_root')
    if classes is not None:
        _check_classes(root, found, classes)
    classes = tuple(found if classes is None else classes)
    files = [_image_files(root / name) for name in classes]
    labels = [label for label, paths in enumerate(files) for _ in paths]
    return sum(files, []), labels, classes


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, without hidden files (.DS_Store, ._copies of macOS)."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith('.'))


def _image_files(folder: Path) -> list[Path]:
    """The images of one class, sorted by name."""
    files = visible(folder)
    for path in files:
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            raise ValueError(f'{path}: not an image; a class folder holds only files named '
                             f'*{", *".join(SUFFIXES)}; move it elsewhere or delete it')
    if not files:
        raise ValueError(f'{folder}: no images in this class folder; add some or delete the folder')
    return files


def _check_classes(root: Path, found: list[str], expected: Sequence[str]):
    """Compare folders with expected names; the message pairs up misspelt ones."""
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    if len(set(expected)) != len(expected):
        raise ValueError(f'classes={list(expected)}: a name occurs twice')
    if missing or extra:
        near = [f'{name!r} is spelt {match[0]!r} on disk?' for name in missing
                if (match := get_close_matches(name, extra, n=1))]
        wrong = [*([f'no folder for {missing}'] if missing else []),
                 *([f'not in classes: {extra}'] if extra else []), *near]
        raise ValueError(f'{root}: {", ".join(wrong)}; expected exactly the folders '
                         f'{list(expected)}; rename the folders or correct classes')


def _choose(labels: np.ndarray, classes: Sequence[str], split: str | None,
            held_out: float | int | None, max_per_class: int | None, seed: int) -> np.ndarray:
    """Rows of the wanted part, ascending; at most so many of each label."""
    if split not in (None, 'train', 'test'):
        raise ValueError(f"split={split!r}; expected None, 'train' or 'test'")
    if (split is None) != (held_out is None):
        raise ValueError(f"split={split!r} with held_out={held_out}; 'train' and 'test' need a "
                         'number of images a class or a share, None takes neither')
    rows = np.arange(len(labels))
    if split is not None:
        rows = stratified_split(labels, held_out, seed, classes)[split == 'test']
    if max_per_class is not None:
        rows = rows[at_most_per_class(labels[rows], max_per_class, seed, classes)]
    return rows

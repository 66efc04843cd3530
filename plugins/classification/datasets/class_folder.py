"""Data sets with one folder per class, such as flower_photos and the MIT scenes."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plugins.classification.datasets.file_source import FileSource
from plugins.classification.datasets.source import SOURCES, Source
from plugins.classification.datasets.splits import (
    at_most_per_class,
    stratified_split,
    wanted_classes,
)
from plugins.engine import checks
from plugins.engine.images import CONVERT, SUFFIXES

_PARTS = ('train', 'val', 'test', 'dev', 'eval', 'hold')  # first letters of the names of splits


@SOURCES.register_module(name='class_folder')
class ClassFolder(FileSource):
    """Images in ``<data_root>/<class>/``, in sorted order of class and file.

    Hidden files and folders, and non-image files (e.g. a licence) next to the class folders, are
    ignored; anything else unexpected is an error. Keras's ``target_size`` corresponds to
    ``resize='stretch'``, but uses the nearest pixel.

    Args:
        data_root: The folder of the class folders.
        size: See :class:`FileSource`, also for the other arguments.
        classes: Class names in label order, or a text file of them, one a line; must be exactly the
            existing folders, so that a forgotten one is noticed. None takes the folders in sorted
            order.
        split: 'train' or 'test' splits the images at random, see
            :func:`stratified_split`; needs ``held_out``. None takes all. ArrayDataset's
            ``val_fraction=held_out`` and ``split_seed=seed`` make the same split.
        held_out: Test images of each class: a number (int) or a share between
            0 and 1.
        max_per_class: Keep at most that many images of each class of the split, chosen at random
            with ``seed``. A smaller number keeps a subset of what a larger one keeps.
        seed: Determines the split and the kept images, together with the sorted file names.

    Raises:
        OSError, ValueError: Wrong arguments; on reading, missing, unexpected or empty folders, or
            a class too small for ``held_out``.
    """

    def __init__(self, data_root: str | Path, size: int | tuple[int, int],
                 classes: Sequence[str] | str | None = None, split: str | None = None,
                 held_out: float | int | None = None, max_per_class: int | None = None,
                 seed: int = 0, **decoding: Any) -> None:
        super().__init__(data_root, size, **decoding)
        self.split = checks.one_of('', 'split', split, (None, 'train', 'test'))
        if (split is None) != (held_out is None):
            raise ValueError(f"split={split!r} with held_out={held_out}; 'train' and 'test' need a "
                             'number of images per class or a share, None must have neither')
        self.wanted = classes
        self.held_out = held_out
        self.max_per_class = max_per_class
        self.seed = seed

    @classmethod
    def parts(cls, root: Path) -> dict[str, Source]:
        """See :class:`Source`; one per folder if one is named train and the like, else ``all``."""
        if not root.is_dir():
            return {}
        folders = sorted(filter(Path.is_dir, visible(root)),
                         key=lambda path: not path.name.lower().startswith('train'))
        if any(path.name.lower().startswith(_PARTS) and any(map(Path.is_dir, visible(path)))
               for path in folders):  # with class folders in it: a class may be called train
            return {path.name: cls(path, size=1) for path in folders}
        return {'all': cls(root, size=1)}

    def find(self) -> tuple[list[Path], np.ndarray, tuple[str, ...]]:
        """See :class:`FileSource`."""
        classes = self._classes()
        files = [_image_files(self.root / name) for name in classes]
        labels = np.repeat(np.arange(len(classes)), [len(paths) for paths in files])
        paths = sum(files, [])
        try:
            rows = self._choose(labels, classes)
        except ValueError as error:
            raise ValueError(f'{self.root}: {error}') from error
        return [paths[row] for row in rows], labels[rows], classes

    def _classes(self) -> tuple[str, ...]:
        """The names of the class folders in label order."""
        root = self.root
        if not root.is_dir():
            raise FileNotFoundError(f'{root}: no such folder; expected <data_root>/<class>/*.jpg; '
                                    'put the data there, make sample data with '
                                    'tools/misc/make_sample_data.py, or correct data_root')
        found = [path.name for path in visible(root) if path.is_dir()]
        for path in visible(root):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                raise ValueError(f'{path}: an image outside the class folders; expected '
                                 f'{root}/<class>/{path.name}; move it to its class or delete it')
        if not found:
            raise FileNotFoundError(f'{root}: no class folders in it; expected '
                                    '<data_root>/<class>/*.jpg; correct data_root')
        ids = wanted_classes(root, found, self.wanted)
        if extra := [name for k, name in enumerate(found) if k not in ids]:
            raise ValueError(f'{root}: not in classes: {extra}; expected exactly the folders '
                             f'{self.wanted}; rename the folders or correct classes')
        return tuple(found[k] for k in ids)

    def _choose(self, labels: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
        """Rows of the chosen split, ascending, at most ``max_per_class`` of each label."""
        rows = np.arange(len(labels))
        if self.split is not None:
            rows = stratified_split(labels, self.held_out, self.seed,
                                    classes)[self.split == 'test']
        if self.max_per_class is not None:
            rows = rows[at_most_per_class(labels[rows], self.max_per_class, self.seed, classes)]
        return rows


def visible(folder: Path) -> list[Path]:
    """The sorted entries of a folder, without hidden files (macOS's .DS_Store and ._ copies)."""
    found = sorted(path for path in folder.iterdir() if not path.name.startswith('.'))
    for path in found:
        if not path.exists():
            raise FileNotFoundError(f'{path}: is a link to {path.readlink()}, which does not '
                                    'exist; correct or remove it')
    return found


def _image_files(folder: Path) -> list[Path]:
    """The images of one class, sorted by name."""
    files = visible(folder)
    for path in files:
        if path.is_dir():
            raise ValueError(f'{path}: a folder in what is read as the class folder {folder.name}; '
                             'name the folder that directly contains the class folders')
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            raise ValueError(f'{path}: not an image; a class folder holds only files named '
                             f'*{", *".join(SUFFIXES)}; {CONVERT}, move anything else elsewhere')
    if not files:
        raise ValueError(f'{folder}: no images in this class folder; add some or delete the folder')
    return files

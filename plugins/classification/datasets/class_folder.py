"""One folder per class: flower_photos, the MIT scenes and most private sets."""
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from plugins.classification.datasets.decoding import decode_files
from plugins.classification.datasets.image_array import SOURCES, ImageArray
from plugins.paths import resolve_path

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')


@SOURCES.register_module()
def class_folder(data_root: str | Path,
                 size: int | tuple[int, int],
                 classes: Sequence[str] | None = None,
                 resize: str = 'center_crop',
                 max_ram_gb: float = 2,
                 cache_dir: str | Path = 'work_dirs/cache') -> ImageArray:
    """Images in ``<data_root>/<class>/``, in sorted order of class and file.

    mmpretrain's CustomDataset decodes each file in every epoch, skips files
    that are no images and fails on a damaged one when its turn comes; here all
    are decoded once, before training, see :func:`decode_files` (also for
    size, resize, max_ram_gb and cache_dir). Hidden files and folders, and files
    beside the class folders that are no images (a licence), are ignored.

    Args:
        classes: Class names in label order; exactly the folders that exist.
            None takes the folders in sorted order.

    Raises:
        FileNotFoundError: No ``data_root``, or no class folders in it.
        ValueError: Folders differ from ``classes``; an empty class folder;
            a file in one that is no image or cannot be decoded; an image
            outside of them; a ``size`` or ``resize`` that makes no sense.
    """
    root = resolve_path(data_root)
    if not root.is_dir():
        raise FileNotFoundError(f'{root}: no such folder; expected <data_root>/<class>/*.jpg; '
                                'put the data there or correct data_root')
    found = [path.name for path in _visible(root) if path.is_dir()]
    for path in _visible(root):
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
    return decode_files(sum(files, []), labels, classes, size, resize, max_ram_gb, cache_dir)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith('.'))


def _check_classes(root: Path, found: list[str], expected: Sequence[str]):
    """Compare folders with expected names; the message pairs up misspelt ones."""
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    if len(set(expected)) != len(expected):
        raise ValueError(f'classes={list(expected)}: a name occurs twice')
    if missing or extra:
        near = [f'{name!r} is spelt {match[0]!r} on disk?' for name in missing
                if (match := get_close_matches(name, extra, n=1))]
        raise ValueError(f'{root}: no folder for {missing}, not in classes: {extra}; '
                         f'{" ".join(near)} Expected exactly {list(expected)}; '
                         'rename the folders or correct classes')


def _image_files(folder: Path) -> list[Path]:
    """The images of one class, sorted by name."""
    files = _visible(folder)
    for path in files:
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            raise ValueError(f'{path}: not an image; a class folder holds only files named '
                             f'*{", *".join(SUFFIXES)}; move it elsewhere or delete it')
    if not files:
        raise ValueError(f'{folder}: no images in this class folder; add some or delete the folder')
    return files

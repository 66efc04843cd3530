"""Caltech-UCSD Birds 200-2010: class folders divided by the official lists."""
import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from plugins.classification.datasets.class_folder import visible
from plugins.classification.datasets.decoding import decode_files
from plugins.classification.datasets.image_array import SOURCES, ImageArray
from plugins.engine.files import resolve_path

LAYOUT = ('expected <data_root>/images/<NNN.Name>/*.jpg and <data_root>/lists/{train,test}.txt, '
          'which images.tgz and lists.tgz of CUB-200-2010 hold '
          '(python tools/misc/download_dataset.py cub200)')


@SOURCES.register_module()
def cub200(data_root: str | Path,
           split: str,
           size: int | tuple[int, int],
           classes: Sequence[str] | None = None,
           resize: str = 'center_crop',
           max_ram_gb: float = 2,
           cache_dir: str | Path = 'work_dirs/cache') -> ImageArray:
    """CUB-200-2010: 3 000 train or 3 033 test images of 200 kinds of birds.

    mmpretrain's CUB reads the edition of 2011 alone, whose lists have another
    format, and opens each file when its turn comes. Here both lists are
    checked and all images decoded before training, see :func:`decode_files`
    (also for size, resize, max_ram_gb and cache_dir; its bilinear filter with
    antialiasing is finer than Keras's default, the nearest pixel).

    Args:
        data_root: Holds ``images/`` and ``lists/``.
        split: 'train' or 'test': the list to take, in its order of classes
            and, within a class, of lines.
        classes: Folder names ('001.Black_footed_Albatross') in label order;
            images of other classes are left out. None takes all folders of
            ``images/`` in the order of their numbers, whether 200 or fewer.

    Raises:
        FileNotFoundError: A folder or a list is missing.
        ValueError: Unknown split or class; a folder whose name has no number
            of its own; a class without images in the list; a line that is no
            ``<class>/<file>``, names a missing file, or a file that another
            line of either list names too; an image that cannot be decoded.
    """
    files = list_cub200(data_root, split, classes)
    return decode_files(*files, size, resize, max_ram_gb, cache_dir)


def list_cub200(data_root: str | Path,
                split: str,
                classes: Sequence[str] | None = None
                ) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Which files :func:`cub200` decodes, their labels and the class names."""
    if split not in ('train', 'test'):
        raise ValueError(f"split={split!r}; expected 'train' or 'test'")
    root = resolve_path(data_root)
    found = _numbered_folders(root / 'images')
    wanted = found if classes is None else _known(root, found, classes)
    lines = read_lists(root)[split]
    label_of = {name: label for label, name in enumerate(wanted)}
    names = sorted((name for name in lines if name.partition('/')[0] in label_of),
                   key=lambda name: label_of[name.partition('/')[0]])  # stable: lines keep order
    labels = [label_of[name.partition('/')[0]] for name in names]
    counts = Counter(labels)
    if empty := [name for name, label in label_of.items() if not counts[label]]:
        raise ValueError(f'{root}/lists/{split}.txt: no line for class {empty[0]} '
                         f'({len(empty)} such classes), found in images/; add its images to the '
                         'list, remove the folder or leave it out of classes')
    return [root / 'images' / name for name in names], labels, wanted


def read_lists(root: Path) -> dict[str, list[str]]:
    """Both lists: 'train' and 'test' -> ``<class>/<file>``, each below ``images/`` and once.

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: A wrong line; the message names list, line and text.
    """
    seen: dict[str, str] = {}
    lists = {}
    for part in ('train', 'test'):
        path = root / 'lists' / f'{part}.txt'
        if not path.is_file():
            raise FileNotFoundError(f'{path}: missing; {LAYOUT}')
        lists[part] = []
        for number, line in enumerate(_read_utf8(path).splitlines(), 1):
            name, where = line.strip(), f'{path}:{number}'
            if not name:
                continue
            if not re.fullmatch(r'[^/\\.][^/\\]*/[^/\\.][^/\\]*', name):
                raise ValueError(f'{where}: {name!r}; expected <class>/<file>, one image a line')
            if name in seen:
                raise ValueError(f'{where}: {name} stands in {seen[name]} already; an image '
                                 'belongs to train or to test, once; delete one of the lines')
            if not (root / 'images' / name).is_file():
                raise ValueError(f'{where}: {root / "images" / name} is missing; unpack images.tgz '
                                 'again or delete the line')
            seen[name] = where
            lists[part].append(name)
    return lists


def _read_utf8(path: Path) -> str:
    """A text file, with or without the mark that Windows puts before UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b'\n') + 1
        raise ValueError(f'{path}:{line}: byte 0x{content[error.start]:02x} is no UTF-8; expected '
                         '<class>/<file>, one image a line; save the list as UTF-8 text or unpack '
                         'lists.tgz again') from error


def unlisted(data_root: str | Path) -> list[str]:
    """Visible files of the class folders that stand in neither list, sorted."""
    root = resolve_path(data_root)
    listed = {name for names in read_lists(root).values() for name in names}
    return [name for folder in _numbered_folders(root / 'images')
            for path in visible(root / 'images' / folder)
            if (name := f'{folder}/{path.name}') not in listed]


def _numbered_folders(folder: Path) -> tuple[str, ...]:
    """Names of the class folders by their number: 2.b before 10.a, whatever the zeros."""
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder; {LAYOUT}')
    names: dict[int, str] = {}
    for path in visible(folder):
        number = re.match(r'(\d+)\.', path.name)
        if not path.is_dir() or number is None:
            raise ValueError(f'{path}: expected class folders alone, named <number>.<name> like '
                             '001.Black_footed_Albatross; rename it or move it elsewhere')
        if other := names.get(int(number[1])):
            raise ValueError(f'{path}: {other} has the number {int(number[1])} too; '
                             'rename one of the folders')
        names[int(number[1])] = path.name
    if not names:
        raise FileNotFoundError(f'{folder}: no class folders in it; {LAYOUT}')
    return tuple(names[number] for number in sorted(names))


def _known(root: Path, found: tuple[str, ...], wanted: Sequence[str]) -> tuple[str, ...]:
    if len(set(wanted)) != len(wanted) or not wanted:
        raise ValueError(f'classes={list(wanted)}; expected at least one class, each once')
    for name in wanted:
        if name not in found:
            near = get_close_matches(name, found, n=3) or found[:3]
            raise ValueError(f'{root}/images: no class {name!r}; nearest: {", ".join(near)}; '
                             'correct classes or data_root')
    return tuple(wanted)

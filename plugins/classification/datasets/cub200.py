"""Caltech-UCSD Birds 200-2010: class folders, split by the official lists."""
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plugins.classification.datasets.class_folder import visible
from plugins.classification.datasets.file_source import FileSource
from plugins.classification.datasets.source import SOURCES, Source
from plugins.classification.datasets.splits import wanted_classes
from plugins.engine import checks
from plugins.engine.name_list import read_names

LAYOUT = ('expected <data_root>/images/<NNN.Name>/*.jpg and <data_root>/lists/{train,test}.txt, '
          'as in images.tgz and lists.tgz of CUB-200-2010 '
          '(python tools/misc/download_dataset.py cub200)')


@SOURCES.register_module(name='cub200')
class Cub200(FileSource):
    """CUB-200-2010: 3 000 train or 3 033 test images of 200 kinds of birds.

    mmpretrain's CUB reads only the 2011 edition, whose lists have another format.

    Args:
        data_root: Contains ``images/`` and ``lists/``.
        split: 'train' or 'test': the list to read; images are sorted by class
            and, within a class, by line.
        size: See :class:`FileSource`, also for the other arguments.
        classes: Folder names ('001.Black_footed_Albatross') in label order;
            images of other classes are left out. None takes all folders in
            ``images/`` in the order of their numbers.

    Raises:
        OSError, ValueError: Unknown split; on reading, missing folders or lists, folders without a
            unique number, classes without images, or a wrong line in a list.
    """

    def __init__(self, data_root: str | Path, split: str, size: int | tuple[int, int],
                 classes: Sequence[str] | str | None = None, **decoding: Any) -> None:
        super().__init__(data_root, size, **decoding)
        self.split = checks.one_of('', 'split', split, ('train', 'test'))
        self.wanted = classes

    @classmethod
    def parts(cls, root: Path) -> dict[str, Source]:
        """See :class:`Source`."""
        if not (root / 'lists').is_dir() or not (root / 'images').is_dir():
            return {}
        return {split: cls(root, split, size=1) for split in ('train', 'test')}

    def find(self) -> tuple[list[Path], list[int], tuple[str, ...]]:
        """See :class:`FileSource`."""
        found = _numbered_folders(self.root / 'images')
        wanted = tuple(found[k] for k in wanted_classes(
            self.root / 'images', found, self.wanted))
        lines = read_lists(self.root)[self.split]
        label_of = {name: label for label, name in enumerate(wanted)}
        names = sorted((name for name in lines if name.partition('/')[0] in label_of),
                       key=lambda name: label_of[name.partition('/')[0]])  # stable: in line order
        labels = [label_of[name.partition('/')[0]] for name in names]
        if empty := [wanted[label] for label in sorted({*range(len(wanted))} - {*labels})]:
            raise ValueError(f'{self.root}/lists/{self.split}.txt: no line for class {empty[0]} '
                             f'({len(empty)} such classes), found in images/; add its images to '
                             'the list, remove the folder or leave it out of classes')
        return [self.root / 'images' / name for name in names], labels, wanted

    def findings(self) -> list[tuple[str, str]]:
        """See :class:`Source`; reports files in the class folders that are in neither list."""
        listed = {name for names in read_lists(self.root).values() for name in names}
        return [('in images/, but in no list', name)
                for folder in _numbered_folders(self.root / 'images')
                for path in visible(self.root / 'images' / folder)
                if (name := f'{folder}/{path.name}') not in listed]


def read_lists(root: Path) -> dict[str, list[str]]:
    """Read both lists: 'train' and 'test' -> unique names ``<class>/<file>`` below ``images/``.

    Raises:
        FileNotFoundError, ValueError: See :func:`read_names`; an image is missing, or in both.
    """
    what = (f'the files <class>/<file> in {root}/images, each in one of the lists (from images.tgz '
            'and lists.tgz: python tools/misc/download_dataset.py cub200)')
    lists: dict[str, list[str]] = {}
    others: set[str] = set()

    def fits(name: str) -> bool:
        return (re.fullmatch(r'[^/\\.][^/\\]*/[^/\\.][^/\\]*', name) is not None
                and name not in others and (root / 'images' / name).is_file())

    for part in ('train', 'test'):
        lists[part] = read_names(root / 'lists' / f'{part}.txt', what, fits)
        others.update(lists[part])
    return lists


def _numbered_folders(folder: Path) -> tuple[str, ...]:
    """Names of the class folders sorted by number: 2.b before 10.a."""
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder; {LAYOUT}')
    names: dict[int, str] = {}
    for path in visible(folder):
        number = re.match(r'(\d+)\.', path.name)
        if not path.is_dir() or number is None:
            raise ValueError(f'{path}: expected only class folders, named <number>.<name> like '
                             '001.Black_footed_Albatross; rename it or move it elsewhere')
        if other := names.get(int(number[1])):
            raise ValueError(f'{path}: {other} also has the number {int(number[1])}; '
                             'rename one of the folders')
        names[int(number[1])] = path.name
    if not names:
        raise FileNotFoundError(f'{folder}: no class folders in it; {LAYOUT}')
    return tuple(names[number] for number in sorted(names))

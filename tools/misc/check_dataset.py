"""Check a data set before training on it: counts, broken files, duplicates, sizes.

    python tools/misc/check_dataset.py data/flower_photos
    python tools/misc/check_dataset.py data/MIT_split          also compares train/, test/, ...
    python tools/misc/check_dataset.py data/CUB_200_2010       also compares its lists
    python tools/misc/check_dataset.py data/cifar10
    python tools/misc/check_dataset.py data/kitti              also labels that stand twice
    python tools/misc/check_dataset.py configs/FAMILY/CONFIG.py

The exit code is 1 if there is a problem: a file that cannot be read, an odd one (of nearly one
colour, dark, with several pages), the same pixels twice, or classes that differ between the parts.
"""
import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.classification.datasets import SOURCES, ClassFolder, Source
from plugins.engine.command_line import Parser, run
from plugins.engine.files import resolve_path
from plugins.engine.images import oddities, read_image


class Picture(NamedTuple):
    """One image of the data set."""
    name: str  # path, or position in the source
    part: str
    label: str
    size: tuple[int, int] | None  # (width, height), upright; None if it cannot be read
    pixels: str  # SHA-256 of size and RGB pixels, or why there are none


class Finding(NamedTuple):
    """A problem: its kind and the files (or classes) concerned."""
    kind: str
    names: tuple[str, ...]


class Boxes:
    """A detector's data set, as :func:`examine` reads a source; its one label names all classes."""

    def __init__(self, dataset: Any) -> None:
        if not hasattr(dataset, 'nothing_to_find'):
            raise ValueError(f'found a {type(dataset).__name__}; only data sets of type '
                             'ArrayDataset, KittiDataset and CocoDataset can be checked')
        self.labels, self.names = [0] * len(dataset), dataset.names
        self.classes = (', '.join(dataset.metainfo['classes']),)
        self.dataset, self.place = dataset, self.names.__getitem__

    def __len__(self) -> int:
        return len(self.labels)

    def picture(self, row: int) -> np.ndarray:
        """One image: uint8, H x W x 3, RGB."""
        return np.asarray(read_image(self.names[row]))

    def findings(self) -> list[tuple[str, str]]:
        """See :class:`Source`."""
        empty = self.dataset.nothing_to_find
        return [('doubtful label', text) for text in self.dataset.findings] + [
            ('nothing to find', empty)] * bool(empty)


def main(argv: Sequence[str] | None = None) -> list[Finding]:
    """Print a report and return the problems.

    Raises:
        OSError: The folder or config does not exist.
        ValueError: The layout itself is wrong (no image in a class folder, a
            list that names a missing file).
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('data', help='a data set\'s folder, or a config')
    path = resolve_path(parser.parse_args(argv).data)
    oddities.clear()
    sources = config_sources(path) if path.suffix == '.py' else folder_sources(path)
    pictures = [picture for part, source in sources.items() for picture in examine(part, source)]
    beyond = dict.fromkeys(found for source in sources.values() for found in source.findings())
    everywhere = {picture.label for picture in pictures}
    findings = [Finding(f'classes missing in {part}', tuple(sorted(missing))) for part in sources
                if (missing := everywhere - {one.label for one in pictures if one.part == part})]
    if len(everywhere) == 1 and not any(isinstance(one, Boxes) for one in sources.values()):
        findings.append(Finding('one class only, so any answer is right', tuple(everywhere)))
    findings += [Finding(f'unreadable ({one.pixels})', (one.name,))
                 for one in pictures if one.size is None]
    findings += duplicates(pictures)
    findings += [Finding('class names that look alike', names)
                 for names in look_alikes(sorted(everywhere))]
    findings += [Finding(kind, (name,)) for kind, name in beyond]
    findings += [Finding(odd, (path,)) for path, odd in sorted(oddities.items())]
    report(pictures, findings)
    return findings


def folder_sources(root: Path) -> dict[str, Source | Boxes]:
    """Return a folder's parts; an unrecognised layout is read as class folders.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f'{root}: no such folder or config')
    if (root / 'training' / 'label_2').is_dir():
        from plugins.detection import KittiDataset
        return {'all': Boxes(KittiDataset(str(root), test_mode=True))}
    kinds = [kind for kind in SOURCES.module_dict.values() if kind is not ClassFolder]
    return next(parts for kind in [*kinds, ClassFolder] if (parts := kind.parts(root)))


def config_sources(path: Path) -> dict[str, Source | Boxes]:
    """Return a config's data by part; parts that share a source are one.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: Its data sets are of other types.
    """
    from mmengine.registry import DefaultScope

    from plugins.engine.config_check import read_config
    from plugins.engine.type_check import check_types
    from plugins.engine.unwrap import inner_datasets
    config = read_config(str(path))
    config.default_scope = config.get('default_scope', 'mmpretrain')
    check_types(config)
    parts = defaultdict(list)
    with DefaultScope.overwrite_default_scope(config.default_scope):
        for part in ('train', 'val', 'test'):
            if f'{part}_dataloader' not in config:
                raise ValueError(f'{path}: has no {part}_dataloader')
            for number, dataset in enumerate(inner_datasets(config[f'{part}_dataloader'].dataset)):
                source = dataset.source if hasattr(dataset, 'source') else Boxes(dataset)
                parts[source].append(f'{part} {number}' if number else part)
    return {' + '.join(names): source for source, names in parts.items()}


def examine(part: str, source: Source | Boxes) -> Iterable[Picture]:
    """Read every image of a source at its original size."""
    from rich.progress import track

    def read(row: int) -> tuple[tuple[int, int] | None, str]:
        try:
            picture = source.picture(row)
        except ValueError as error:
            return None, str(error.__cause__ or error)
        size = picture.shape[1::-1]
        return size, hashlib.sha256(f'{size}'.encode() + picture.tobytes()).hexdigest()

    prefix = '' if part == 'all' else f'{part}: '
    with ThreadPoolExecutor() as pool:
        found = track(pool.map(read, range(len(source))), f'{part:12}', total=len(source))
        for row, (size, pixels) in enumerate(found):
            yield Picture(f'{prefix}{source.place(row)}', part, source.classes[source.labels[row]],
                          size, pixels)


def duplicates(pictures: Sequence[Picture]) -> list[Finding]:
    """Find images with the same pixels, however compressed; the worst kind is reported."""
    groups = defaultdict(list)
    for picture in pictures:
        if picture.size is not None:
            groups[picture.pixels].append(picture)
    findings = []
    for group in groups.values():
        if len(group) > 1:
            kinds = ['same image'] + [text for key, text in (
                ('label', 'with different labels'), ('part', 'in different parts'))
                if len({getattr(picture, key) for picture in group}) > 1]
            findings.append(Finding(', '.join(kinds), tuple(picture.name for picture in group)))
    return sorted(findings, key=lambda finding: (-len(finding.kind), finding.names))


def look_alikes(classes: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups of class names that differ in case, marks, blanks or a plural's s only."""
    groups = defaultdict(list)
    for name in classes:
        letters = ''.join(filter(str.isalnum, normalize('NFKD', name).casefold()))
        groups[letters.removesuffix('s')].append(name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def report(pictures: Sequence[Picture], findings: Sequence[Finding]) -> None:
    """Print two tables: images per class and part with their sizes, and problems."""
    from rich.console import Console
    from rich.table import Table
    parts = list(dict.fromkeys(picture.part for picture in pictures))
    table = Table('class', *parts, 'width', 'height', title=f'{len(pictures)} images')
    classes = defaultdict(list)
    for picture in pictures:
        classes[picture.label].append(picture)
    for name, own in [*classes.items(), ('all', pictures)]:
        counts = Counter(picture.part for picture in own)
        sizes = zip(*(picture.size for picture in own if picture.size), strict=True)
        table.add_row(name, *(str(counts[part]) for part in parts), *map(_span, sizes))
    console = Console(markup=False, emoji=False)
    console.print(table)
    if findings:
        table = Table('what is wrong', title=f'{len(findings)} findings')
        table.add_column('where', overflow='fold')
        for finding in findings:
            table.add_row(finding.kind, '\n'.join(finding.names))
        console.print(table)
    else:
        print('Nothing is wrong.')


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f'{low}' if low == high else f'{low}-{high}'


if __name__ == '__main__':
    run(lambda: sys.exit(1 if main() else 0))

"""Data sets whose labels are in a table."""
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

from plugins.classification.datasets.file_source import FileSource
from plugins.classification.datasets.source import SOURCES
from plugins.engine.files import resolve_path
from plugins.engine.wording import some


@SOURCES.register_module(name='image_list')
class ImageList(FileSource):
    """Images listed in a CSV file with the columns file and label, one label an image.

    Args:
        ann_file: The table; its files are relative to its folder, and in it.
        size: See :class:`FileSource`, also for the other arguments.

    Raises:
        OSError, ValueError: On reading: no such table, other columns, a file that is not there,
            twice or elsewhere, or several labels.
    """

    def __init__(self, ann_file: str | Path, size: int | tuple[int, int], **decoding: Any) -> None:
        self.ann_file = resolve_path(ann_file)
        super().__init__(self.ann_file.parent, size, **decoding)

    def find(self) -> tuple[list[Path], list[int], Sequence[str]]:
        """See :class:`FileSource`; classes are in sorted order."""
        try:
            with self.ann_file.open(newline='', encoding='utf-8-sig') as file:
                header, *rows = [row for row in csv.reader(file) if row] or [[]]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f'{self.ann_file}: not readable as CSV in UTF-8 ({error}); save it '
                             'with this encoding') from error
        if header != ['file', 'label']:
            raise ValueError(f'{self.ann_file}: found the columns {some(header) or "of no table"}, '
                             'expected file and label, with a comma between them')
        labels: dict[Path, str] = {}
        for number, row in enumerate(rows, 2):
            where = f'{self.ann_file}, row {number}'
            if len(row) != 2 or not row[1].strip() or any(mark in row[1] for mark in '|;,'):
                raise ValueError(f'{where}: found {", ".join(row)}, expected a file and one label; '
                                 'several labels an image are not supported')
            path = self.root / row[0]
            if path in labels:
                raise ValueError(f'{where}: {row[0]} is listed twice, as {labels[path]} and '
                                 f'{row[1]}; keep one row, as an image has one label')
            if '..' in path.parts or not path.is_relative_to(self.root) or not path.is_file():
                raise ValueError(f'{where}: no file {row[0]} in {self.root}; correct the row')
            labels[path] = normalize('NFC', row[1].strip())
        classes = sorted(set(labels.values()))
        return list(labels), [classes.index(label) for label in labels.values()], classes

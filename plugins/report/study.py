"""The outcome of a search, as tools/search.py leaves it: a table and two pictures."""
import csv
from dataclasses import dataclass
from pathlib import Path

from .collect import STUDY
from .pictures import Inline, inline

_PICTURES = ('importance.png', 'parallel_coordinate.png')
_MOST_ROWS = 500  # more would make a page that no phone scrolls


@dataclass(frozen=True)
class Study:
    """A search.

    Attributes:
        name: Of its folder.
        heads: Columns of the table.
        rows: Its cells.
        left_out: How many rows of the file are not among them.
        pictures: Names, and the pictures that are there.
    """

    name: str
    heads: list[str]
    rows: list[list[str]]
    left_out: int
    pictures: dict[str, Inline]


def read_study(folder: Path) -> Study:
    """Read ``trials.csv``, and the two pictures of a search if they are there.

    Raises:
        OSError: A file cannot be read.
        ValueError: The table is empty, no text, or has a row of another length than its heads.
    """
    path = folder / STUDY
    try:
        with path.open(newline='', encoding='utf-8') as file:
            heads, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f'{path}: not readable as a table ({error}); run tools/search.py '
                         'again') from error
    if not heads:
        raise ValueError(f'{path}: empty, expected a line of column names')
    for number, row in enumerate(rows, 2):
        if len(row) != len(heads):
            raise ValueError(f'{path}: row {number} has {len(row)} cells, expected {len(heads)}')
    pictures = {name.removesuffix('.png'): inline(folder / name, 1000)
                for name in _PICTURES if (folder / name).is_file()}
    return Study(folder.name, heads, rows[:_MOST_ROWS], max(0, len(rows) - _MOST_ROWS), pictures)

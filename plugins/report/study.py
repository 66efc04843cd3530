"""The outcome of a search, as tools/search.py leaves it: a table and two pictures."""
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.engine.run_reader import read_record

from .collect import STUDY
from .pictures import Inline, inline

_SUMMARY = 'search.json'
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
        winner: What is known of the best trial, as pairs of texts; empty if there is none.
        effects: Heads and rows: each value of each parameter, the mean of the trials that have it,
            and their number.
    """

    name: str
    heads: list[str]
    rows: list[list[str]]
    left_out: int
    pictures: dict[str, Inline]
    winner: Sequence[tuple[str, str]] = ()
    effects: Sequence[Sequence[str]] = ()


def read_study(folder: Path) -> Study:
    """Read ``trials.csv``; ``search.json`` and the two pictures of a search if they are there.

    Raises:
        OSError: A file cannot be read.
        ValueError: The table is empty, no text, or has a row of another length than its heads;
            search.json cannot be read, or is none.
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
    summary = folder / _SUMMARY
    told = _summary(summary) if summary.is_file() else ([], [])
    return Study(folder.name, heads, rows[:_MOST_ROWS], max(0, len(rows) - _MOST_ROWS), pictures,
                 *told)


def _summary(path: Path) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The winner, and the main effects; see ``plugins.search.tables``, which writes both."""
    record = read_record(path)
    try:
        return _winner(record), _effects(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f'{path}: not as tools/search.py writes it ({type(error).__name__}: '
                         f'{error}); run it again') from error


def _winner(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    winner, metric = record['winner'], record['metric']
    if winner is None:
        return []
    tested = winner['test'] or {}
    # The search's figure first; a test may have many, as the loss.
    test = {key: tested[key] for key in dict.fromkeys([metric, *tested]) if key in tested}
    return [('trial', f"{winner['trial']:04d}"),
            *((name, str(value)) for name, value in winner['params'].items()),
            (f'validation {metric}', f"{winner['value']:#.4g}"),
            *((f'test {key}', f'{value:#.4g}') for key, value in test.items()),
            *([] if tested else [('test', 'not tested')]), ('config', winner['config'])]


def _effects(record: Mapping[str, Any]) -> list[list[str]]:
    rows = [[name, value, f'{mean:#.4g}', str(number)]
            for name, values in record['main_effects'].items()
            for value, (mean, number) in values.items()]
    return [['parameter', 'value', f"mean {record['metric']}", 'trials'], *rows] if rows else []

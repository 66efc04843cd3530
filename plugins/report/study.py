"""The outcome of a search, as tools/search.py leaves it: a table and pictures."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.search.record import RECORD, read_search_record

from .pictures import Inline, inline

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
    """Read a search's work dir.

    Raises:
        OSError: A file cannot be read.
        ValueError: See :func:`read_search_record`; or search.json has another shape.
    """
    found = read_search_record(folder)
    pictures = {path.stem: inline(path, 1000) for path in found.pictures}
    rows, left_out = found.rows[:_MOST_ROWS], max(0, len(found.rows) - _MOST_ROWS)
    told = _summary(folder / RECORD, found.outcome) if found.outcome is not None else ([], [])
    return Study(folder.name, found.columns, rows, left_out, pictures, *told)


def _summary(path: Path, record: Mapping[str, Any]
             ) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The winner, and the main effects; see ``plugins.search.tables``, which writes both."""
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

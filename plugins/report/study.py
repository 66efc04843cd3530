"""Read the results of a search, as tools/search.py writes them: table, winner and pictures."""
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plugins.engine.metric_names import shown
from plugins.engine.run_reader import own_file, read_record
from plugins.search.record import PICTURES, RECORD, TABLE

from .pictures import Inline, inline


@dataclass(frozen=True)
class Study:
    """The results of a search."""

    name: str  # name of its folder
    rows: list[list[str]]  # the table, column names first
    pictures: dict[str, Inline]
    winner: Sequence[tuple[str, str]]  # facts about the best trial; empty if there is none


def read_study(folder: Path) -> Study:
    """Read a search's work dir.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is damaged, or search.json has unexpected content.
    """
    table = folder / TABLE
    try:
        lines = own_file(table, folder).read_text('utf-8').splitlines(keepends=True)
        columns, *rows = [row for row in csv.reader(lines) if row]
    except (ValueError, csv.Error) as error:  # not text, or empty
        raise ValueError(f'{table}: not readable as a table; run tools/search.py again') from error
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise ValueError(f'{table}: row {number} has {len(row)} cells, expected {len(columns)}')
    pictures = {path.stem: inline(path, folder) for name in PICTURES
                if (path := folder / name).is_file()}
    return Study(folder.name, [columns, *rows], pictures, _winner(folder))


def _winner(folder: Path) -> list[tuple[str, str]]:
    path = folder / RECORD
    record = read_record(path, folder, 'metric') if path.is_file() else {}
    if not (winner := record.get('winner')):
        return []
    metric = record['metric']
    tested = winner.get('test') or {}
    return [('trial', f"{winner['trial']:04d}"),
            *((name, str(value)) for name, value in winner['params'].items()),
            (f'validation {metric}', shown(winner['value'], metric)),
            *((f'test {key}', shown(value, key)) for key, value in tested.items()),
            *([] if tested else [('test', 'not tested')]), ('config', winner['config'])]

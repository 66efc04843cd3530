"""Read the results of a search, as tools/search.py writes them: table, winner and pictures."""
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plugins.engine.metric_names import shown
from plugins.engine.records import read_record, read_table
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
    columns, *rows = read_table(folder / TABLE, folder, 'tools/search.py')
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

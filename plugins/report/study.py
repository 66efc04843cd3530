"""Read the results of a search, as tools/search.py writes them: table, winner and pictures."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.engine.metric_names import shown
from plugins.search.record import RECORD, read_search_record

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
    found = read_search_record(folder)
    pictures = {path.stem: inline(path, folder) for path in found.pictures}
    try:
        winner = _winner(found.outcome or {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f'{folder / RECORD}: not as tools/search.py writes it '
                         f'({type(error).__name__}: {error}); run it again') from error
    return Study(folder.name, [found.columns, *found.rows], pictures, winner)


def _winner(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not record or record['winner'] is None:
        return []
    winner, metric = record['winner'], record['metric']
    tested = winner['test'] or {}
    return [('trial', f"{winner['trial']:04d}"),
            *((name, str(value)) for name, value in winner['params'].items()),
            (f'validation {metric}', shown(winner['value'], metric)),
            *((f'test {key}', shown(value, key)) for key, value in tested.items()),
            *([] if tested else [('test', 'not tested')]), ('config', winner['config'])]

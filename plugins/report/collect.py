"""Find the runs and searches in some folders and their subfolders, and read the records."""
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from plugins.engine.files import resolve_path
from plugins.engine.run_reader import RECORD, read_run
from plugins.engine.wording import short_names
from plugins.search.record import TABLE


@dataclass(frozen=True)
class Entry:
    """One finished run."""

    name: str  # its folder without the parents that all runs share
    folder: Path  # its work dir
    trained: dict[str, Any]  # the record of its training
    tested: dict[str, Any] | None  # the record of its test, if there is one
    note: str = ''  # what is wrong with its test, in a sentence

    @property
    def state(self) -> str:
        """``tested`` or ``not tested``."""
        return 'not tested' if self.tested is None else 'tested'

    @property
    def figures(self) -> Mapping[str, float]:
        """Test metrics by name; empty if there was no test."""
        return self.tested['metrics'] if self.tested else {}


class Collected(NamedTuple):
    """The runs found below the work dirs, and warnings about what cannot be shown."""

    entries: list[Entry]  # every finished run once, in the order of the folders
    studies: list[Path]  # work dirs of searches
    notes: list[str]  # what cannot be shown, and why, in sentences


def collect(places: Sequence[str | Path]) -> Collected:
    """Read the runs in the given folders: work dirs, or folders that contain work dirs.

    A run whose record is missing or damaged is left out, and a note says why.

    Args:
        places: Paths from the command line; see :func:`plugins.engine.files.resolve_path`.

    Raises:
        FileNotFoundError: A folder does not exist, or contains neither a run nor a search.
    """
    folders: dict[Path, None] = {}
    studies: dict[Path, None] = {}
    entries, notes = [], []
    for place in map(resolve_path, places):
        runs, searches = _below(place, notes)
        if not runs and not searches:
            raise FileNotFoundError(
                f'{place}: no run in this folder or below it (no {RECORD}, no log); expected a '
                '--work-dir of tools/train.py')
        folders.update(dict.fromkeys(runs))
        studies.update(dict.fromkeys(searches))
    for folder, name in zip(folders, short_names(list(folders)), strict=True):
        try:
            if (folder / RECORD).is_file():
                entries.append(_read_entry(folder, name))
            else:
                notes.append(_unfinished(folder, name))
        except (OSError, ValueError) as error:
            notes.append(str(error))
    return Collected(entries, list(studies), notes)


def _below(place: Path, notes: list[str]) -> tuple[list[Path], list[Path]]:
    """Return the work dirs of runs and of searches, ``place`` or below it; note the unreadable."""
    if not place.is_dir():
        raise FileNotFoundError(f'{place}: no such folder; expected a --work-dir of tools/train.py')
    runs, searches = [], []
    for parent, folders, files in os.walk(
            place.resolve(), onerror=lambda error: notes.append(str(error))):
        folders.sort()
        if TABLE in files:
            searches.append(Path(parent))
        if RECORD in files or any(re.fullmatch(r'\d{8}_\d{6}', name) for name in folders):
            runs.append(Path(parent))
            folders.clear()  # what is below a run belongs to it
    return runs, searches


def _unfinished(folder: Path, name: str) -> str:
    minutes = (time.time() - max(path.stat().st_mtime for path in folder.iterdir())) / 60
    ago = f'{minutes:.0f} minutes' if minutes < 120 else f'{minutes / 60:.0f} hours'
    return f'{name}: not finished (no {RECORD}); still running, or stopped {ago} ago'


def _read_entry(folder: Path, name: str) -> Entry:
    run = read_run(folder, 'seconds', 'epochs', 'history', 'parameters')
    return Entry(name, folder, run.trained, run.tested, run.stale or '')

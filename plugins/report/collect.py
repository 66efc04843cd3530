"""Find the runs and searches in some folders and their subfolders, and read the records."""
import os
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from plugins.engine.files import resolve_path
from plugins.engine.records import KFOLD_RECORD, RECORD
from plugins.engine.run_reader import Run, read_folds, read_run
from plugins.engine.wording import short_names
from plugins.search.record import TABLE


class Collected(NamedTuple):
    """The runs found below the work dirs, and warnings about what cannot be shown."""

    entries: list[Run]  # every finished run once, in the order of the folders
    studies: list[Path]  # work dirs of searches
    notes: list[str]  # what cannot be shown, and why, in sentences


def collect(places: Sequence[str | Path]) -> Collected:
    """Read the runs in the given folders: work dirs, or folders that contain work dirs.

    A run whose record is missing or damaged is left out, and so is a folder without any; a note
    says why.

    Args:
        places: Paths from the command line; see :func:`plugins.engine.files.resolve_path`.

    Raises:
        FileNotFoundError: None of the folders contains a run or a search.
    """
    folders: dict[Path, None] = {}
    studies: dict[Path, None] = {}
    entries, notes = [], []
    for place in map(resolve_path, places):
        runs, searches = _below(place, notes) if place.is_dir() else ([], [])
        if not runs and not searches:
            notes.append(f'{place}: no run in this folder or below it (no {RECORD}, no log); '
                         'expected a --work-dir of tools/train.py')
        folders.update(dict.fromkeys(runs))
        studies.update(dict.fromkeys(searches))
    if not folders and not studies:
        raise FileNotFoundError(notes[0])
    for folder, name in zip(folders, short_names(list(folders)), strict=True):
        try:
            if (folder / RECORD).is_file():
                run = read_run(folder, 'seconds', 'epochs', 'history', 'parameters')
                entries.append(replace(run, name=name))
            elif (folder / KFOLD_RECORD).is_file():
                entries.append(replace(read_folds(folder), name=name))
            else:
                latest = max(path.stat().st_mtime for path in folder.iterdir())
                minutes = (time.time() - latest) / 60
                ago = f'{minutes:.0f} minutes' if minutes < 120 else f'{minutes / 60:.0f} hours'
                notes.append(f'{name}: not finished (no {RECORD}); still running, or stopped {ago} '
                             'ago')
        except (OSError, ValueError) as error:
            notes.append(str(error))
    return Collected(entries, list(studies), notes)


def _below(place: Path, notes: list[str]) -> tuple[list[Path], list[Path]]:
    """Return the work dirs of runs and of searches, ``place`` or below it; note the unreadable."""
    runs, searches = [], []
    for parent, folders, files in os.walk(
            place.resolve(), onerror=lambda error: notes.append(str(error))):
        folders.sort()
        if TABLE in files:
            searches.append(Path(parent))
        if {RECORD, KFOLD_RECORD} & {*files} or any(
                re.fullmatch(r'\d{8}_\d{6}', name) for name in folders):
            runs.append(Path(parent))
            folders.clear()  # what is below a run belongs to it
    return runs, searches

"""Which runs lie below some folders, and what each has to say."""
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.engine.files import resolve_path
from plugins.engine.run_reader import RECORD, TEST_FOLDERS, read_record, read_run
from plugins.engine.wording import short_names
from plugins.search.record import TABLE

from .unfinished import has_begun, unfinished_record

# What the page cannot do without, and of which type it must be.
_NEEDED: dict[str, type | tuple[type, ...]] = {
    'config': str, 'metrics': dict, 'history': list, 'parameters': dict, 'seconds': (int, float),
    'epochs': int}


@dataclass(frozen=True)
class Entry:
    """One run, as far as it got.

    Attributes:
        name: Its folder without the parents that all share.
        folder: Its work dir.
        state: ``tested``, ``not tested`` or ``unfinished``.
        note: What is the matter with it, in a sentence; '' if nothing is.
        trained: The record of its training; of an unfinished run, what its log holds so far.
        tested: The record of its test; None unless the state is ``tested``.
    """

    name: str
    folder: Path
    state: str
    note: str
    trained: dict[str, Any]
    tested: dict[str, Any] | None

    @property
    def figures(self) -> Mapping[str, float]:
        """Metrics of the test, else none."""
        return self.tested['metrics'] if self.tested else {}


@dataclass(frozen=True)
class Collected:
    """What was found.

    Attributes:
        entries: Every run once, in the order of the folders.
        studies: Folders of a search's outcome.
        left_out: Folders with a record that is no run's, each with the reason.
    """

    entries: list[Entry]
    studies: list[Path]
    left_out: list[str]


def collect(places: Sequence[str | Path]) -> Collected:
    """Read the runs in some folders: work dirs, or folders with work dirs below them.

    What upstream lacks: its analysis scripts read one log file, whose figures are text.

    Args:
        places: As on a command line; see :func:`plugins.engine.files.resolve_path`.

    Raises:
        FileNotFoundError: A folder is not there, or neither is nor holds a run or a study.
        ValueError: A record cannot be read, or lacks a key.
    """
    folders: dict[Path, None] = {}
    studies: dict[Path, None] = {}
    left_out: list[str] = []
    for place in map(resolve_path, places):
        found, own = _runs_in(place, left_out), _studies_in(place)
        if not found and not own:
            raise FileNotFoundError(
                f'{place}: neither the work dir of a run (no {RECORD}, no log of one that is going '
                'on) nor a folder with any below it; expected a --work-dir of tools/train.py')
        folders.update(dict.fromkeys(found))
        studies.update(dict.fromkeys(own))
    names = short_names(list(folders))
    entries = [read_entry(folder, name) for folder, name in zip(folders, names, strict=True)]
    return Collected(entries, list(studies), left_out)


def _runs_in(place: Path, left_out: list[str]) -> list[Path]:
    """The folder itself if it is a run's, else all runs below it, sorted."""
    if not place.is_dir():
        raise FileNotFoundError(f'{place}: no such folder; expected a --work-dir of tools/train.py')
    if _is_run(place):
        return [place.resolve()]
    runs = []
    for parent, folders, _ in os.walk(place):
        folders.sort()
        for folder in [Path(parent, name) for name in folders]:
            if not _is_run(folder):
                continue
            folders.remove(folder.name)  # what is below a run belongs to it
            if _is_lone_test(folder):
                left_out.append(f'{folder}: the record of a test without its training')
            else:
                runs.append(folder.resolve())
    return sorted(runs)


def _is_run(folder: Path) -> bool:
    return (folder / RECORD).is_file() or has_begun(folder)


def _is_lone_test(folder: Path) -> bool:
    record = folder / RECORD
    if not record.is_file():
        return folder.name in TEST_FOLDERS.values()
    return read_record(record).get('mode') == 'test'


def _studies_in(place: Path) -> list[Path]:
    return sorted(path.parent.resolve() for path in place.rglob(TABLE))


def read_entry(folder: Path, name: str) -> Entry:
    """Read one run.

    Raises:
        ValueError: A record cannot be read, lacks a key, or is a test's.
    """
    if not (folder / RECORD).is_file():
        record, note = unfinished_record(folder)
        return Entry(name, folder, 'unfinished', note, record, None)
    run = read_run(folder)
    _check(run.trained, folder / RECORD)
    if run.tested is not None:
        _check_test(run.tested, folder / TEST_FOLDERS['test'] / RECORD)
    state = 'tested' if run.tested is not None else 'not tested'
    return Entry(name, folder, state, run.stale or '', run.trained, run.tested)


def _check(record: Mapping[str, Any], path: Path) -> None:
    for key, kind in _NEEDED.items():
        if not isinstance(record.get(key), kind):
            raise ValueError(f'{path}: {key} is {record.get(key)!r}; expected the record of '
                             'tools/train.py, which holds it. Leave this run out, or train again')
    for number in ('total', 'trainable'):
        if not isinstance(record['parameters'].get(number), int):
            raise ValueError(f"{path}: parameters.{number} is {record['parameters'].get(number)!r};"
                             ' expected a whole number')
    for place, entry in enumerate(record['history']):
        if not isinstance(entry, dict) or not isinstance(entry.get('epoch'), int):
            raise ValueError(f'{path}: history[{place}] is {entry!r}; expected an entry with '
                             'epoch and metrics')


def _check_test(record: Mapping[str, Any], path: Path) -> None:
    if not isinstance(record.get('metrics'), dict):
        raise ValueError(f"{path}: metrics is {record.get('metrics')!r}; expected the record of "
                         'tools/test.py, which holds them. Test again')
    classes, matrix = record.get('classes'), record.get('confusion_matrix')
    if matrix is not None and (not isinstance(classes, dict) or len(classes) != len(matrix)
                               or any(len(row) != len(matrix) for row in matrix)):
        raise ValueError(f'{path}: confusion_matrix has {len(matrix)} rows for '
                         f'{len(classes or ())} classes; expected a square of as many. Test again')

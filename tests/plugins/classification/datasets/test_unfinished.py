"""Leftovers of killed runs go, those of running ones stay, and a full disk is told before."""
import os
import shutil
import time
from pathlib import Path

import pytest

from plugins.classification.datasets.unfinished import MAX_AGE, make_room


def leftover(parent: Path, name: str, age: float, folder_age: float | None = None) -> Path:
    """A file two folders deep, last written so many seconds ago."""
    file = parent / name / 'features/features.npy'
    file.parent.mkdir(parents=True)
    file.write_bytes(b'0')
    for path, seconds in ((file, age), (file.parent, folder_age), (parent / name, folder_age)):
        then = time.time() - (age if seconds is None else seconds)
        os.utime(path, (then, then))
    return parent / name


def test_what_nobody_has_written_to_for_a_day_is_deleted(tmp_path):
    old = leftover(tmp_path, 'unfinished-old', MAX_AGE + 60)
    young = leftover(tmp_path, 'unfinished-young', MAX_AGE - 60)
    long_run = leftover(tmp_path, 'unfinished-long', 5, folder_age=9 * MAX_AGE)
    finished = leftover(tmp_path, '0123456789abcdef', 9 * MAX_AGE)
    make_room(tmp_path, 0, 'nothing', 'none')
    assert sorted(tmp_path.iterdir()) == sorted([young, long_run, finished]) and not old.exists()


def test_one_that_is_finished_while_it_is_looked_at_is_left_alone(tmp_path, monkeypatch):
    kept = leftover(tmp_path, 'unfinished-a', 9 * MAX_AGE)
    glob = Path.rglob
    monkeypatch.setattr(Path, 'rglob', lambda self, what: [*glob(self, what), self / 'gone'])
    make_room(tmp_path, 0, 'nothing', 'none')
    assert kept.exists()


def test_the_error_names_what_is_unfinished(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=2_000_000_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage)
    make_room(tmp_path / 'new/store', 2_000_000_000, 'features', 'or go elsewhere')
    with pytest.raises(OSError, match='3.5 GB needed for features, 2.0 GB free; make room, or go '
                                      'elsewhere$'):
        make_room(tmp_path / 'new/store', 3_500_000_000, 'features', 'or go elsewhere')
    leftover(tmp_path, 'unfinished-b', 5)
    leftover(tmp_path, 'unfinished-a', MAX_AGE / 2)
    with pytest.raises(OSError, match='killed: unfinished-a, unfinished-b; delete those of no'):
        make_room(tmp_path, 3_500_000_000, 'features', 'or go elsewhere')

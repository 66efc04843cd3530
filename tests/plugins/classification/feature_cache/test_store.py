"""What is stored is found again only if it is whole and of the same origin."""
import errno
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugins.classification.feature_cache import FeatureStore, store
from plugins.classification.feature_cache.store import ABOUT, ARRAY, num_bytes

SHAPE = (1, 5, 3)
ORIGIN = dict(weights='a', data='b', views=1)


@pytest.fixture
def features(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / 'store')


def fill(array: np.ndarray) -> None:
    array[:] = np.arange(array.size).reshape(array.shape)


def fail(array: np.ndarray) -> None:
    raise AssertionError('nothing is to be computed')


def test_it_is_computed_once(features):
    computed, word = features.fetch(ORIGIN, SHAPE, fill)
    assert word == 'computed' and computed.dtype == np.float32
    assert computed.ravel().tolist() == list(range(15))
    again, word = features.fetch(dict(reversed(ORIGIN.items())), SHAPE, fail)
    assert word == 'reused' and (again == computed).all()
    assert not again.flags.writeable
    assert [path.name for path in features.cache_dir.iterdir()] == [features.folder(ORIGIN).name]


@pytest.mark.parametrize('key, value', [('weights', 'c'), ('data', 'c'), ('views', 2)])
def test_another_origin_is_another_folder(features, key, value):
    features.fetch(ORIGIN, SHAPE, fill)
    other, word = features.fetch({**ORIGIN, key: value}, SHAPE, lambda array: array.fill(7))
    assert word == 'computed' and (other == 7).all()
    kept, word = features.fetch(ORIGIN, SHAPE, fail)
    assert word == 'reused' and kept[0, 0, 1] == 1


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def as_double(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float64))


def without_digest(path: Path) -> None:
    (path.parent / ABOUT).write_text('{}')


def without_about(path: Path) -> None:
    (path.parent / ABOUT).unlink()


@pytest.mark.parametrize('damage, why', [
    (flip_bit, 'damaged: their SHA-256'), (cut, 'cannot be read'),
    (lambda path: path.write_bytes(b''), 'cannot be read'), (Path.unlink, 'cannot be read'),
    (as_double, r'are float64 (1, 5, 3), expected float32'),
    (without_digest, 'cannot be read'), (without_about, 'cannot be read')])
def test_what_is_damaged_is_computed_anew(features, damage, why):
    features.fetch(ORIGIN, SHAPE, fill)
    damage(features.folder(ORIGIN) / ARRAY)
    computed, word = features.fetch(ORIGIN, SHAPE, fill)
    assert word.startswith('computed anew (') and why in word
    assert computed.ravel().tolist() == list(range(15))
    assert features.fetch(ORIGIN, SHAPE, fail)[1] == 'reused'


def test_what_the_check_refuses_is_computed_anew(features):
    features.fetch(ORIGIN, SHAPE, lambda array: array.fill(7))
    computed, word = features.fetch(ORIGIN, SHAPE, fill, lambda stored: f'{stored[0, 0, 0]:g}')
    assert word == 'computed anew (7)' and computed[0, 0, 1] == 1


def test_a_run_that_ends_while_it_computes_leaves_nothing(features):
    with pytest.raises(KeyboardInterrupt):
        features.fetch(ORIGIN, SHAPE, lambda array: (_ for _ in ()).throw(KeyboardInterrupt))
    assert not list(features.cache_dir.iterdir())
    features.fetch(ORIGIN, SHAPE, fill)


def test_the_disk_is_asked_before(features, monkeypatch):
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: SimpleNamespace(free=59))
    with pytest.raises(OSError, match='GB needed for features, 0.0 GB free; make room') as error:
        features.fetch(ORIGIN, SHAPE, fail)
    assert 'feature_cache.cache_dir' in str(error.value) and num_bytes(SHAPE) == 60
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: SimpleNamespace(free=60))
    features.fetch(ORIGIN, SHAPE, fill)


def test_what_is_stored_needs_no_room(features, monkeypatch):
    features.fetch(ORIGIN, SHAPE, fill)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: SimpleNamespace(free=60))
    wanted = [(ORIGIN, SHAPE), ({**ORIGIN, 'views': 2}, SHAPE)]
    assert features.check_room(wanted) == 60
    with pytest.raises(OSError, match='GB needed for features, 0.0 GB free'):
        features.check_room([*wanted, ({**ORIGIN, 'views': 3}, (1, 1, 1))])
    assert features.check_room(wanted[:1]) == 0


def test_what_a_killed_run_left_is_deleted(features):
    left = features.cache_dir / 'unfinished-killed'
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    features.fetch(ORIGIN, SHAPE, fill)
    assert list(features.cache_dir.iterdir()) == [features.folder(ORIGIN)]


def test_of_two_runs_at_a_time_the_first_to_finish_is_kept(features):
    kept = []

    def both(array: np.ndarray) -> None:
        fill(array)
        features.fetch(ORIGIN, SHAPE, fill)  # the other run, all of it
        kept.append((features.folder(ORIGIN) / ARRAY).stat().st_ino)
    found, word = features.fetch(ORIGIN, SHAPE, both)
    assert word == 'computed' and found[0, 0, 1] == 1
    assert kept == [(features.folder(ORIGIN) / ARRAY).stat().st_ino]
    assert list(features.cache_dir.iterdir()) == [features.folder(ORIGIN)]


@pytest.mark.parametrize('damaged', [False, True])
def test_another_run_may_finish_in_the_very_last_moment(features, monkeypatch, damaged):
    if damaged:
        features.fetch(ORIGIN, SHAPE, fill)
        flip_bit(features.folder(ORIGIN) / ARRAY)
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, 'rename', rename)
        features.fetch(ORIGIN, SHAPE, fill)
        if damaged:  # and in that of the other one's two renames, between which there is none
            shutil.rmtree(features.folder(ORIGIN))
        rename(source, target)
    monkeypatch.setattr(os, 'rename', late)
    found, word = features.fetch(ORIGIN, SHAPE, fill)
    assert word.startswith('computed') and found[0, 0, 1] == 1
    assert features.fetch(ORIGIN, SHAPE, fail)[1] == 'reused'
    assert list(features.cache_dir.iterdir()) == [features.folder(ORIGIN)]


def test_another_error_of_the_rename_is_told(features, monkeypatch):
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, 'Permission denied')
    monkeypatch.setattr(os, 'rename', refuse)
    with pytest.raises(PermissionError):
        features.fetch(ORIGIN, SHAPE, fill)
    assert not list(features.cache_dir.iterdir())


@pytest.mark.parametrize('share, mapped', [(0., True), (0.25, False)])
def test_large_arrays_stay_on_the_disk(tmp_path, share, mapped):
    found, _ = FeatureStore(tmp_path, share).fetch(ORIGIN, SHAPE, fill)
    assert isinstance(found, np.memmap) == mapped and found[0, 0, 1] == 1


def test_each_process_fills_its_share_of_one_array(features, monkeypatch):
    """The main process creates the array; another one, without it, only opens it."""
    said: list[Any] = []
    shares: list[Path] = []

    def other_process(array: np.ndarray) -> None:
        path = next(features.cache_dir.glob('unfinished-*/features')) / ARRAY
        shares.append(path)
        np.load(path, mmap_mode='r+')[:, 1::2] = 1.
        array[:, ::2] = 2.
    monkeypatch.setattr(store, 'barrier', lambda: said.append('barrier'))
    found, _ = features.fetch(ORIGIN, SHAPE, other_process)
    assert found[0, :, 0].tolist() == [2., 1., 2., 1., 2.] and said == ['barrier']
    about = json.loads((features.folder(ORIGIN) / ABOUT).read_text())
    assert about['sha256'] == store.digest_of(found) and about['weights'] == 'a'


def test_a_process_that_does_not_see_the_folder_says_so(features, monkeypatch):
    monkeypatch.setattr(store, 'is_main_process', lambda: False)  # nothing is found: no fault
    with pytest.raises(OSError, match='name a folder that all processes share'):
        features.fetch(ORIGIN, SHAPE, fail)

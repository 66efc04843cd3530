"""What is stored is found again only if it is whole and of the same origin."""
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugins.classification.datasets.source import digest_of
from plugins.classification.feature_cache import FeatureStore, store
from plugins.engine import distributed

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
    path = features.path(ORIGIN)
    assert sorted(features.cache_dir.iterdir()) == [path.with_suffix('.json'), path]


@pytest.mark.parametrize('key, value', [('weights', 'c'), ('data', 'c'), ('views', 2)])
def test_another_origin_is_another_array(features, key, value):
    features.fetch(ORIGIN, SHAPE, fill)
    other, word = features.fetch({**ORIGIN, key: value}, SHAPE, lambda array: array.fill(7))
    assert word == 'computed' and (other == 7).all()
    kept, word = features.fetch(ORIGIN, SHAPE, fail)
    assert word == 'reused' and kept[0, 0, 1] == 1


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize('damage, why', [
    (flip_bit, 'damaged: its SHA-256'),
    (lambda path: path.write_bytes(path.read_bytes()[:-4]), 'cannot be read'),
    (lambda path: path.write_bytes(b''), 'cannot be read'),
    (lambda path: np.save(path, np.load(path).astype(np.float64)),
     r'are float64 (1, 5, 3), expected float32'),
    (lambda path: path.with_suffix('.json').unlink(), 'cannot be read')])
def test_what_is_damaged_is_computed_anew(features, damage, why):
    features.fetch(ORIGIN, SHAPE, fill)
    damage(features.path(ORIGIN))
    computed, word = features.fetch(ORIGIN, SHAPE, fill)
    assert word.startswith('computed again (') and why in word
    assert computed.ravel().tolist() == list(range(15))
    assert features.fetch(ORIGIN, SHAPE, fail)[1] == 'reused'


def test_what_the_check_rejects_is_computed_anew(features):
    features.fetch(ORIGIN, SHAPE, lambda array: array.fill(7))
    computed, word = features.fetch(ORIGIN, SHAPE, fill, lambda stored: f'{stored[0, 0, 0]:g}')
    assert word == 'computed again (7)' and computed[0, 0, 1] == 1


def test_what_is_not_stored_needs_room(features, monkeypatch):
    features.fetch(ORIGIN, SHAPE, fill)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: SimpleNamespace(free=60))
    wanted = [(ORIGIN, SHAPE), ({**ORIGIN, 'views': 2}, SHAPE)]
    assert features.check_room(wanted) == 60
    with pytest.raises(OSError, match='needed for features, 0.0 GB free; .*cache.cache_dir'):
        features.check_room([*wanted, ({**ORIGIN, 'views': 3}, (1, 1, 1))])
    assert features.check_room(wanted[:1]) == 0


def test_two_runs_may_compute_the_same_at_a_time(features):
    def both(array: np.ndarray) -> None:
        fill(array)
        other = features.path(ORIGIN)  # the other run's
        np.save(other, array)
        store.describe(other, ORIGIN)
    found, word = features.fetch(ORIGIN, SHAPE, both)
    assert word == 'computed' and found[0, 0, 1] == 1
    assert features.fetch(ORIGIN, SHAPE, fail)[1] == 'reused'


def test_each_process_fills_its_share_of_one_array(features, monkeypatch):
    """The main process creates the array; another one, without it, only opens it."""
    said: list[Any] = []

    def other_process(array: np.ndarray) -> None:
        path, = features.cache_dir.glob('.*.partial')
        np.load(path, mmap_mode='r+')[:, 1::2] = 1.
        array[:, ::2] = 2.
    monkeypatch.setattr(store, 'barrier', lambda: said.append('barrier'))
    found, _ = features.fetch(ORIGIN, SHAPE, other_process)
    assert found[0, :, 0].tolist() == [2., 1., 2., 1., 2.] and said == ['barrier']
    about = json.loads(features.path(ORIGIN).with_suffix('.json').read_text())
    assert about['digest'] == digest_of(found) and about['weights'] == 'a'


def test_a_process_that_does_not_see_the_array_says_so(features, monkeypatch):
    monkeypatch.setattr(distributed, 'is_main_process', lambda: False)  # finds nothing: no fault
    with pytest.raises(OSError, match='name a folder that all processes share'):
        features.fetch(ORIGIN, SHAPE, fail)

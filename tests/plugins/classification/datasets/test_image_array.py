import os
import pickle

import numpy as np
import pytest
from mmengine import Config
from mmengine.registry import DefaultScope

from plugins.classification.datasets.image_array import SOURCES, ImageArray, load_source

PIXELS = np.arange(3 * 3 * 2 * 2, dtype=np.uint8).reshape(3, 3, 2, 2)


def make(images=PIXELS, labels=(0, 1, 1), classes=('a', 'b')):
    return ImageArray(images, np.array(labels), classes)


@pytest.mark.parametrize('labels, message', [
    ([0, 1], '3 images but 2 labels'),
    ([0, 1, 2], 'from 0 to 2; expected 0 to 1'),
    ([-1, 0, 1], 'from -1 to 1'),
])
def test_labels_that_do_not_fit_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        make(labels=labels)


def test_names_are_one_per_image_and_no_content():
    named = ImageArray(PIXELS, np.zeros(3), ('a',), names=['x', 'y', 'z'])
    assert named.fingerprint == ImageArray(PIXELS, np.zeros(3), ('a',)).fingerprint
    assert np.shares_memory(named.images, PIXELS)
    assert pickle.loads(pickle.dumps(named)).names == ['x', 'y', 'z']
    with pytest.raises(ValueError, match='3 images but 2 names'):
        ImageArray(PIXELS, np.zeros(3), ('a',), names=['x', 'y'])


def test_fingerprint_sees_pixels_labels_classes_and_shape():
    pixels = PIXELS.copy()
    pixels[2, 2, 1, 1] += 1
    prints = [
        array.fingerprint for array in (
            make(), make(pixels), make(labels=(0, 1, 0)), make(classes=('a', 'c')),
            make(PIXELS.reshape(3, 3, 4, 1)))
    ]
    assert make().fingerprint == prints[0] and len(prints[0]) == 64
    assert len(set(prints)) == 5


def test_shared_arrays_cannot_be_written():
    own = np.zeros((3, 3, 2, 2), np.uint8)
    array = make(own)
    with pytest.raises(ValueError, match='read-only'):
        array.images[0] = 1
    own[0] = 1  # the caller's own view stays as it was


def test_a_memory_map_travels_as_its_path(tmp_path):
    np.save(tmp_path / 'large.npy', np.full((3, 3, 99, 99), 7, np.uint8))
    array = make(np.load(tmp_path / 'large.npy', mmap_mode='r'))
    sent = pickle.dumps(array)
    assert len(sent) < 2000
    copy = pickle.loads(sent)
    assert isinstance(copy.images, np.memmap) and (copy.images == 7).all()
    assert copy.fingerprint == array.fingerprint and copy.classes == array.classes
    assert (pickle.loads(pickle.dumps(make())).images == PIXELS).all()


@pytest.fixture
def counted():
    """A source that counts how often it is built."""
    calls = []

    @SOURCES.register_module(name='counted')
    def counted(size=1, **kwargs):
        calls.append(kwargs)
        return ImageArray(np.zeros((size, 3, 1, 1), np.uint8), np.zeros(size), ('a', ))

    yield calls
    SOURCES.module_dict.pop('counted')


def test_equal_configs_share_one_array(counted, tmp_path, monkeypatch):
    first = load_source({'type': 'counted', 'classes': range(2), 'root': tmp_path})
    config = Config({'source': {'root': tmp_path, 'type': 'counted', 'classes': range(2)}})
    second = load_source(config.source)
    assert first is second and len(counted) == 1
    assert load_source({'type': 'counted', 'classes': range(3), 'root': tmp_path}) is not first
    monkeypatch.chdir(tmp_path)  # a relative root now names another folder
    assert load_source({'type': 'counted', 'classes': range(2), 'root': tmp_path}) is not first


def test_the_four_arrays_used_last_are_kept(counted):
    kept = load_source({'type': 'counted', 'number': 0})
    for number in range(1, 4):
        load_source({'type': 'counted', 'number': number})
        load_source({'type': 'counted', 'number': 0})
    load_source({'type': 'counted', 'number': 4})  # pushes out number 1
    assert load_source({'type': 'counted', 'number': 0}) is kept
    assert len(counted) == 5
    load_source({'type': 'counted', 'number': 1})
    assert len(counted) == 6


@pytest.mark.parametrize('scope', ['mmengine', 'mmpretrain'])
def test_sources_are_found_from_any_scope(counted, scope):
    with DefaultScope.overwrite_default_scope(scope):
        assert len(load_source({'type': 'counted', 'size': 2, 'scope': scope})) == 2


def test_a_failing_source_is_not_remembered(tmp_path):
    config = {'type': 'class_folder', 'data_root': os.fspath(tmp_path / 'none'), 'size': 4}
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match='none: no such folder'):
            load_source(config)

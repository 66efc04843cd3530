"""Stored arrays are whole, a full disk is told before, and what killed runs left goes."""
import json
import os
import shutil
import time
from hashlib import sha256

import numpy as np
import pytest

from plugins.classification.datasets.array_file import describe, make_room, new_array, open_array

DIGEST = sha256(b'uint8 (2, 3)' + b'\7' * 6).hexdigest()


def write(path):
    with new_array(path, np.uint8, (2, 3)) as partial:
        np.load(partial, mmap_mode='r+')[:] = 7
        assert not path.exists()
    describe(path, {'shape': (2, 3)})


def test_an_array_and_what_it_is_of(tmp_path):
    write(tmp_path / 'new/a.npy')
    array = open_array(tmp_path / 'new/a.npy', np.uint8, (2, 3))
    assert array.tolist() == [[7] * 3] * 2
    about = json.loads((tmp_path / 'new/a.json').read_text())
    assert about == {'digest': DIGEST, 'shape': [2, 3]}
    assert isinstance(array, np.memmap) and not array.flags.writeable


@pytest.mark.parametrize('damage', [
    lambda path: path.unlink(), lambda path: path.with_suffix('.json').unlink(),
    lambda path: path.with_suffix('.json').write_text('{"digest"'),
    lambda path: path.with_suffix('.json').write_text('{}'),
    lambda path: path.with_suffix('.json').write_text('[]'),
    lambda path: np.save(path, np.full((2, 3), 8, np.uint8)),
    lambda path: os.truncate(path, 0), lambda path: os.truncate(path, path.stat().st_size - 1)])
def test_a_damaged_array_is_an_error(tmp_path, damage):
    write(tmp_path / 'a.npy')
    damage(tmp_path / 'a.npy')
    with pytest.raises((OSError, ValueError)):
        open_array(tmp_path / 'a.npy', np.uint8, (2, 3))


@pytest.mark.parametrize('dtype, shape', [(np.int8, (2, 3)), (np.uint8, (3, 2))])
def test_an_array_of_another_type_or_shape_is_an_error(tmp_path, dtype, shape):
    write(tmp_path / 'a.npy')
    with pytest.raises(ValueError, match=r'a.npy: the values are uint8 \(2, 3\), expected .*int8'):
        open_array(tmp_path / 'a.npy', dtype, shape)


def test_an_error_while_it_is_filled_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_array(tmp_path / 'a.npy', np.uint8, (2, 3)):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_partial_files_that_nobody_has_written_to_for_a_day_are_deleted(tmp_path):
    day = 24 * 3600
    ages = {'.old.npy.1.partial': day + 60, '.young.npy.2.partial': day - 60, 'done.npy': 9 * day}
    for name, age in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    make_room(tmp_path, 0, 'nothing', 'none')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['.young.npy.2.partial', 'done.npy']


def test_a_full_disk_is_told_before(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=2_000_000_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage)
    make_room(tmp_path / 'new/store', 2_000_000_000, 'features', 'go elsewhere')
    with pytest.raises(OSError, match='3.5 GB needed for features, 2.0 GB free; make room, or go '
                                      'elsewhere$'):
        make_room(tmp_path / 'new/store', 3_500_000_000, 'features', 'go elsewhere')

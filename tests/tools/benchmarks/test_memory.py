import mmap

import numpy as np
import pytest

from tools.benchmarks import memory


def test_own_memory_counts_and_mapped_files_do_not(tmp_path):
    if memory.resident_mb() is None:
        pytest.skip('this system does not tell')
    np.save(tmp_path / 'a.npy', np.ones(10_000_000))
    before = memory.resident_mb()
    mapped = np.load(tmp_path / 'a.npy', mmap_mode='r')
    assert mapped.sum() == 1e7 and memory.resident_mb() - before < 20
    size = 80_000_000
    # not from malloc, which may have as much at hand from an earlier test
    own = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    own.write(bytes(1) * size)
    assert 70 < memory.resident_mb() - before < 200


def test_the_peak_is_of_the_call_alone():
    if memory.peak_growth_mb(list) is None:
        pytest.skip('this system does not tell')
    np.ones(40_000_000)  # an earlier, larger peak
    assert 70 < memory.peak_growth_mb(lambda: np.ones(10_000_000)) < 100
    assert memory.peak_growth_mb(list) < 5


def test_a_system_that_does_not_tell(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, 'STATUS', tmp_path / 'nothing')
    assert memory.resident_mb() is None and memory.peak_growth_mb(list) is None
    monkeypatch.setattr(memory, 'CLEAR_REFS', tmp_path / 'nowhere/at_all')
    assert memory.peak_growth_mb(list) is None

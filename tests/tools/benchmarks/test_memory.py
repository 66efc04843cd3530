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


def test_a_system_that_does_not_tell(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, 'STATUS', tmp_path / 'nothing')
    assert memory.resident_mb() is None

from collections import namedtuple

import numpy as np
import pytest

from tools.benchmarks import data
from tools.benchmarks.record import Case, Settings


def test_a_full_disk_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    usage = namedtuple('usage', 'total used free')(1, 1, 3_000_000)
    monkeypatch.setattr(data.shutil, 'disk_usage', lambda _: usage)
    with pytest.raises(OSError, match='0.0 GB needed for 1,000 images, 0.0 GB free; make room'):
        data.write_array(tmp_path / 'a.npy', 1000)
    assert not list(tmp_path.iterdir())


def test_a_loader_serves_every_image_from_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(data, 'CHUNK', 30)
    path = data.write_array(tmp_path / 'a.npy', 100)
    stored = np.load(path)
    assert stored.shape == (100, 3, 32, 32) and np.array_equal(stored[:30], stored[30:60])
    loader = data.mapped_loader(path, 70, classes=7)
    assert isinstance(loader.dataset.source.images, np.memmap)
    served = [int(label.gt_label) for batch in loader for label in batch['data_samples']]
    assert len(served) == 70 and sorted(served) == sorted(np.arange(70) % 7)
    assert data.epoch(loader) > 0 and data.resident_growth(loader) < 50


@pytest.mark.parametrize('costs, met', [((1., 2., 40.), False), ((1., 20., 220.), True)])
def test_the_last_tenfold_decides_on_the_time(costs, met, tmp_path):
    case = data.grown_time(Case('toy', ''), {10 ** power: lambda cost=cost: cost
                                             for power, cost in enumerate(costs, 1)},
                           Settings(tmp_path, rounds=1), print)
    last, whole = case.figures
    assert last.value == pytest.approx(np.log10(costs[2] / costs[1])) and last.met is met
    assert whole.value == pytest.approx(np.log10(costs[2] / costs[0]) / 2) and whole.met is None
    assert list(case.samples) == ['10', '100', '1,000']


@pytest.mark.parametrize('megabytes, met', [((3, 190), True), ((3, 300), False)])
def test_the_last_tenfold_decides_on_the_memory(megabytes, met, tmp_path):
    if data.peak_growth_mb(list) is None:
        pytest.skip('this system does not tell')

    blocks = {size: lambda mb=mb: float(np.ones(int(mb * 1e6 / 8))[0])
              for size, mb in zip((10, 100), megabytes, strict=True)}
    case = data.grown(Case('toy', ''), blocks, Settings(tmp_path, rounds=1), print)
    # up to 20 MB count as 20
    assert case.figures[-1].value == pytest.approx(np.log10(megabytes[1] / 20), abs=.05)
    assert case.figures[-1].met is met
    assert case.facts['MB at the most']['100'] == pytest.approx(megabytes[1], rel=.1)


@pytest.mark.parametrize('case', [data.loader_classes_case, data.report_classes_case])
def test_classes_cost_little(case, tmp_path):
    found = case(Settings(tmp_path, quick=True, rounds=1), print)
    assert found.figures[0].value < 0.8

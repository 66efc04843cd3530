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


def test_growth_is_fitted_over_all_sizes_and_told_of_the_last(tmp_path):
    costs = {10: 1., 100: 2., 1000: 40.}
    case = data.grown(Case('toy', ''), {size: lambda cost=cost: cost
                                        for size, cost in costs.items()},
                      Settings(tmp_path, rounds=1), print)
    whole, last = case.figures
    assert whole.value == pytest.approx(np.log10(40) / 2) and whole.met
    assert last.value == pytest.approx(np.log10(20)) and last.met is None
    assert list(case.samples) == ['10', '100', '1,000']


def test_a_report_of_classes_takes_time():
    import torch
    samples = [dict(gt_label=torch.tensor([n]), pred_label=torch.tensor([n])) for n in range(3)]
    assert data.report(samples, 3) > 0


@pytest.mark.parametrize('case', [data.loader_classes_case, data.report_classes_case])
def test_classes_cost_little(case, tmp_path):
    found = case(Settings(tmp_path, quick=True, rounds=1), print)
    assert found.figures[0].value < 0.8

import numpy as np
import pytest
import torch

from tools.benchmarks import data
from tools.benchmarks.record import Case, Settings


def test_a_loader_serves_every_image_from_the_file(tmp_path):
    images = data.mapped_images(tmp_path / 'a.npy', 2000)
    assert images.shape == (2000, 3, 32, 32) and np.array_equal(images[:1000], images[1000:])
    loader = data.array_loader(images[:70])
    assert isinstance(loader.dataset.source.images, np.memmap)
    served = [int(label.gt_label) for batch in loader for label in batch['data_samples']]
    assert len(served) == 70 and sorted(served) == sorted(np.arange(70) % 10)
    assert data.anonymous_growth_mb(loader) < 50


def test_the_last_tenfold_has_an_exponent_of_its_own(tmp_path, monkeypatch):
    # Without a clock: the "seconds" of a size are what its work returns.
    monkeypatch.setattr(data, 'timed', lambda call: call)
    costs = {10: 1., 100: 2., 1000: 40.}
    case = data.grow(Case('toy', ''), list(costs), lambda size: lambda: costs[size],
                     Settings(tmp_path))
    figure, = case.figures
    assert figure['name'] == 'exponent of seconds, last tenfold'
    assert figure['value'] == pytest.approx(np.log10(20))
    assert list(case.samples) == ['10', '100', '1,000']


def test_all_metrics_run_on_all_samples():
    samples = data.random_samples(5, objects=8, detections=8)
    for sample in samples:  # each object is found exactly
        sample['pred_instances']['bboxes'] = torch.tensor(
            [instance['bbox'] for instance in sample['instances']])
    found = data.evaluate(samples)
    assert found['coco/bbox_mAP'] == found['car/AP50'] == found['car/best_f1'] == 1.
    assert found['car/tp'] + found['car/fn'] == 5 * 6
    # KITTI's easy objects are 40 pixels high and more
    assert found['kitti/car/objects_easy'] == sum(
        instance['type'] == 'Car' and instance['bbox'][3] - instance['bbox'][1] > 40
        for sample in samples for instance in sample['instances'])

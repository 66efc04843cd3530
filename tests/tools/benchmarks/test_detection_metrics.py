import pytest

from plugins.detection.metrics import DetectionMetric
from tools.benchmarks.detection_metrics import METAINFO, drawn_samples, evaluate, metrics_case
from tools.benchmarks.record import Settings


def test_samples_are_such_that_metrics_find_something():
    metric = DetectionMetric()
    metric.dataset_meta = METAINFO
    samples = drawn_samples(20, objects=8, detections=16)
    metric.process({}, samples)
    found = metric.evaluate(20)
    assert 0.1 < found['car/AP50'] < 0.9
    assert found['car/tp'] + found['car/fn'] == 20 * 6  # of 8 objects one is a van, one DontCare


def test_the_same_seed_draws_the_same():
    assert drawn_samples(2, 3, 4)[1]['instances'] == drawn_samples(2, 3, 4)[1]['instances']


def test_all_metrics_run_and_take_time(tmp_path):
    assert evaluate(drawn_samples(5, 3, 4)) > 0
    case = metrics_case(Settings(tmp_path, quick=True, rounds=1), print)
    assert case.figures[0].value == pytest.approx(case.samples['ours'][0])

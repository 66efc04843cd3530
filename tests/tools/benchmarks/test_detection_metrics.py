import torch

from plugins.detection.metrics import DetectionMetric
from tools.benchmarks import detection_metrics
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


def test_all_metrics_run_on_all_samples():
    samples = drawn_samples(5, objects=8, detections=8)
    for sample in samples:  # each object is found exactly
        sample['pred_instances']['bboxes'] = torch.tensor(
            [instance['bbox'] for instance in sample['instances']])
    found = evaluate(samples)
    assert found['coco/bbox_mAP'] == found['car/AP50'] == found['car/best_f1'] == 1.
    assert found['car/tp'] + found['car/fn'] == 5 * 6
    # KITTI's easy objects are 40 pixels high and more
    assert found['kitti/car/objects_easy'] == sum(
        instance['type'] == 'Car' and instance['bbox'][3] - instance['bbox'][1] > 40
        for sample in samples for instance in sample['instances'])


def test_the_figure_is_the_median_of_the_rounds(tmp_path, monkeypatch):
    taken = iter([9., 1., 2.])
    monkeypatch.setattr(detection_metrics, 'seconds', lambda samples: next(taken))
    case = metrics_case(Settings(tmp_path, rounds=3), print)
    assert case.figures[0].value == 2. and case.figures[0].met and case.images == 1000

import numpy as np
import pytest

from plugins.detection.metrics.image_result import ImageResult
from plugins.visualization.outcomes import (
    ALARM,
    FOUND,
    HIT,
    IGNORED,
    MISSED,
    UNCOUNTED,
    Mark,
    Outcome,
    disagreement,
    outcome,
)


def instance(box, label=0, kind='Car', ignored=0):
    return dict(bbox=box, bbox_label=label, ignore_flag=ignored, type=kind)


def result(detections, instances, labels=None):
    boxes = np.array([box for box, _ in detections], float).reshape(-1, 4)
    return ImageResult('000001', boxes, np.array([score for _, score in detections], float),
                       np.array(labels or [0] * len(detections)), instances)


STREET = [instance([0, 0, 10, 10]), instance([50, 0, 60, 10]),
          instance([100, 0, 110, 10], kind='Van', ignored=1),
          instance([200, 0, 240, 40], kind='DontCare', ignored=1)]
SEEN = [([0, 0, 10, 9], 0.9), ([0, 1, 10, 10], 0.8), ([100, 0, 110, 10], 0.7),
        ([205, 5, 215, 15], 0.6), ([50, 0, 60, 10], 0.4)]


def test_each_rule_of_the_matcher_has_a_mark_of_its_own():
    one = outcome(result(SEEN, STREET), ['car'])
    assert [(mark.kind, mark.score) for mark in one.marks] == [
        (HIT, 0.9), (ALARM, 0.8), (UNCOUNTED, 0.7), (UNCOUNTED, 0.6),  # two on one car; Van; region
        (FOUND, None), (MISSED, None), (IGNORED, None), (IGNORED, None)]  # 0.4 is below 0.5
    assert [mark.name for mark in one.marks[-2:]] == ['Van', 'DontCare']
    assert one.counts == dict(tp=1, fp=1, fn=1) and one.found == {(0, 0)}
    other = outcome(result([([50, 0, 60, 10], 0.9)], STREET), ['car'])
    assert other.found == {(0, 1)} and [(mark.kind, mark.box) for mark in other.marks[1:3]] == [
        (MISSED, (0, 0, 10, 10)), (FOUND, (50, 0, 60, 10))]
    assert outcome(result(SEEN, STREET), ['car'], score_thr=0.4).counts == dict(tp=2, fp=1, fn=0)


def test_counts_are_those_of_the_metric():
    from mmengine.registry import DefaultScope

    from plugins.detection.metrics.detection_metric import DetectionMetric
    rng = np.random.default_rng(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        metric = DetectionMetric(iou_thr=0.4, score_thr=0.3)
    metric.dataset_meta = dict(classes=('car', 'person'))
    results = []
    for _ in range(30):
        boxes = rng.uniform(0, 60, (40, 4))
        boxes[:, 2:] = boxes[:, :2] + rng.uniform(10, 40, (40, 2))
        scores = -np.sort(-rng.uniform(size=20).round(1))  # many are equal, some on the threshold
        kinds = rng.choice(['Car', 'Van', 'DontCare'], 20, p=[.6, .2, .2])
        results.append(ImageResult('i', boxes[:20], scores, rng.integers(0, 2, 20), [
            instance(box.tolist(), int(rng.integers(0, 2)), kind, int(kind != 'Car'))
            for box, kind in zip(boxes[20:], kinds, strict=True)]))
    figures = metric.compute_metrics(results)
    for label, name in enumerate(metric.dataset_meta['classes']):
        marks = [mark for result in results
                 for mark in outcome(result, ('car', 'person'), 0.3, 0.4).marks
                 if mark.name == name]
        kinds = [sum(mark.kind == kind for mark in marks) for kind in (HIT, ALARM, MISSED)]
        assert kinds == [figures[f'{name}/{key}'] for key in ('tp', 'fp', 'fn')], label
        assert min(kinds) > 10


@pytest.mark.parametrize('thr, kind', [(0.9, HIT), (0.91, ALARM)])
def test_the_overlap_asked_for_decides(thr, kind):
    seen = result([([0, 0, 10, 9], 0.9)], [instance([0, 0, 10, 10])])
    assert outcome(seen, ['car'], 0.5, thr).marks[0].kind == kind


def seen(found=(), alarms=0, objects=2):
    marks = [Mark(HIT if k in found else MISSED, (0, 0, 1, 1), 'car') for k in range(objects)]
    marks += [Mark(ALARM, (0, 0, 1, 1), 'car', 0.5)] * alarms
    return Outcome(tuple(marks), frozenset((0, k) for k in found))


def test_disagreement_counts_objects_and_alarms():
    both, none, one = seen([0, 1], 1), seen(), seen([0], 1)
    assert disagreement([both, none]) == 2 + 1  # two cars that one model found, one alarm more
    assert disagreement([both, one]) == 1
    assert disagreement([seen([0]), seen([1])]) == 2  # as many found, but not the same
    assert disagreement([none, none]) == 0
    assert disagreement([one]) == 2  # a single model: an alarm and a miss

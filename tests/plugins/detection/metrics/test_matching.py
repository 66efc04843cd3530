"""Overlaps by hand; the matcher's rules one by one, and against pycocotools."""

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from plugins.detection.metrics.matching import match, overlaps

A, B = [0., 0, 20, 20], [40., 0, 60, 20]
NEAR_A = [2., 0, 22, 20]  # IoU 18 * 20 / (2 * 400 - 360) = 0.818 with A


def test_overlaps():
    boxes = [[0, 0, 10, 10], [5, 5, 5, 9]]  # the second one has no area
    others = [[5, 0, 15, 10], [0, 0, 20, 20], [10, 0, 20, 10]]
    assert overlaps(boxes, others) == pytest.approx(
        np.array([[1 / 3, 1 / 4, 0], [0, 0, 0]]))
    assert overlaps(boxes, others, by='box') == pytest.approx(np.array([[0.5, 1, 0], [0, 0, 0]]))
    assert overlaps([[0, 0, .5, .5]], [[0, 0, .5, .5]]).item() == 1  # smaller than a pixel
    assert overlaps(boxes, []).shape == (2, 0) and overlaps([], others).shape == (0, 3)


@pytest.mark.parametrize('boxes, scores, targets, object_of, ignored', [
    ([A, B], [.9, .8], dict(objects=[B, A]), [1, 0], [0, 0]),
    ([A, NEAR_A], [.8, .9], dict(objects=[A]), [-1, 0], [0, 0]),  # score before overlap
    ([A, NEAR_A], [.8, .8], dict(objects=[A]), [0, -1], [0, 0]),  # overlap between equal scores
    ([NEAR_A], [.9], dict(objects=[A, NEAR_A]), [1], [0]),  # the object with the most overlap
    ([NEAR_A, NEAR_A], [.9, .8], dict(objects=[A, NEAR_A]), [1, 0], [0, 0]),  # then the next
    ([[0, 0, 20, 10]], [.9], dict(objects=[A]), [0], [0]),  # an IoU of exactly 0.5 is enough
    ([[0, 0, 20, 9.9]], [.9], dict(objects=[A]), [-1], [0]),
    ([A, A], [.9, .8], dict(objects=[], neighbours=[A]), [-1, -1], [1, 0]),  # excuses one
    ([A], [.9], dict(objects=[NEAR_A], neighbours=[A]), [0], [0]),  # objects come first
    ([A, A], [.9, .8], dict(objects=[A], neighbours=[A]), [0, -1], [0, 1]),  # a hit needs no excuse
    ([A, A], [.9, .8], dict(objects=[], regions=[[-50, -50, 50, 50]]), [-1, -1], [1, 1]),
    ([A], [.9], dict(objects=[], neighbours=[[-50, -50, 50, 50]]), [-1], [0]),  # IoU, not share
    ([[-50, -50, 50, 50]], [.9], dict(objects=[], regions=[A]), [-1], [0]),  # share of its own area
    ([A], [.9], dict(objects=[], regions=[[0, 0, 9, 20], [9, 0, 20, 20]]), [-1], [1]),  # 0.55
    ([A], [.9], dict(objects=[], regions=[[0, 0, 9, 20], [11, 0, 20, 20]]), [-1], [0]),  # 2 x .45
    ([A], [.9], dict(objects=[A], regions=[A]), [0], [0]),
], ids=str)
def test_rules(boxes, scores, targets, object_of, ignored):
    matches = match(boxes, scores, **targets)
    assert matches.object_of.tolist() == object_of
    assert matches.ignored.tolist() == [bool(flag) for flag in ignored]


def crowd(rng: np.random.Generator, objects: int, detections: int,
          noise: float = 5) -> tuple[np.ndarray, ...]:
    """Objects that overlap each other, and detections near them and elsewhere."""
    corners = rng.uniform(0, 150, (objects, 2))
    truth = np.hstack([corners, corners + rng.uniform(20, 60, (objects, 2))])
    found = truth[rng.integers(objects, size=detections)] + rng.normal(0, noise, (detections, 4))
    return truth, found


def test_no_order_has_an_influence():
    rng = np.random.default_rng(0)
    for _ in range(50):
        truth, found = crowd(rng, 12, 40)
        scores = rng.integers(1, 4, 40) / 4  # many equal ones
        split = dict(objects=truth[:6], neighbours=truth[6:9], regions=truth[9:])
        first = match(found, scores, **split)
        order = rng.permutation(40)
        mixed = {name: rng.permutation(boxes) for name, boxes in split.items()}
        second = match(found[order], scores[order], **mixed)
        assert (second.ignored == first.ignored[order]).all()
        hits = first.object_of[order]
        assert ((second.object_of >= 0) == (hits >= 0)).all()
        assert (mixed['objects'][second.object_of[hits >= 0]]
                == split['objects'][hits[hits >= 0]]).all()


def test_hits_and_recall_are_pycocotools():
    rng = np.random.default_rng(2)
    for iou in (0.5, 0.7):
        truth, found = crowd(rng, 15, 80, noise=10)
        scores = rng.permutation(80) / 80
        hits, recall = coco_hits(truth, found, scores, iou)
        matches = match(found, scores, truth, iou_thr=iou)
        assert 5 < hits.sum() < 15  # neither trivial
        assert (matches.object_of >= 0).tolist() == hits.tolist()
        assert len(set(matches.object_of[hits])) == hits.sum()  # each object once
        assert hits.sum() / 15 == pytest.approx(recall)


def coco_hits(truth, found, scores, iou) -> tuple[np.ndarray, float]:
    """Which detections pycocotools takes for hits, and the recall it ends at."""
    def xywh(box):
        return [box[0], box[1], box[2] - box[0], box[3] - box[1]]

    coco = COCO()
    coco.dataset = dict(images=[dict(id=1)], categories=[dict(id=1)], info={}, annotations=[
        dict(id=i + 1, image_id=1, category_id=1, iscrowd=0, area=1, bbox=xywh(box))
        for i, box in enumerate(truth)])
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes([
        dict(image_id=1, category_id=1, score=score, bbox=xywh(box))
        for box, score in zip(found, scores, strict=True)]), 'bbox')
    evaluation.params.iouThrs = np.array([iou])
    evaluation.params.maxDets = [1000]
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ['all']
    evaluation.evaluate()
    evaluation.accumulate()
    image = evaluation.evalImgs[0]
    hits = np.zeros(len(found), bool)
    hits[np.array(image['dtIds']) - 1] = image['dtMatches'][0] > 0
    return hits, evaluation.eval['recall'].item()

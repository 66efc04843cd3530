"""Overlaps of boxes, and matching of detections with objects.

All counts, curves and pictures of detections use :func:`match`; only KITTI's and COCO's AP have
their own rules.
"""
from typing import NamedTuple

import numpy as np


class Matches(NamedTuple):
    """The match of each detection, in the given order.

    Attributes:
        object_of: (N,) index of the matched object, -1 if none.
        ignored: (N,) whether it is ignored. A detection that is neither matched
            nor ignored is a false alarm.
    """

    object_of: np.ndarray
    ignored: np.ndarray


def overlaps(boxes: np.ndarray, others: np.ndarray, by: str = 'union') -> np.ndarray:
    """Overlap of every box in ``boxes`` with every one in ``others``, 0 to 1.

    Args:
        boxes: (N, 4) corners x1, y1, x2, y2 in pixels; x2 - x1 is the width, as
            in COCO's and KITTI's evaluation (not x2 - x1 + 1).
        others: (M, 4).
        by: ``union``: intersection over union. ``box``: intersection over the
            area of the box in ``boxes``.

    Returns:
        (N, M); 0 for boxes that share no area.
    """
    boxes, others = (np.asarray(b, float).reshape(-1, 4) for b in (boxes, others))
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    whole = np.broadcast_to(_areas(boxes)[:, None], shared.shape)
    if by == 'union':
        whole = whole + _areas(others) - shared
    return np.divide(shared, whole, out=np.zeros_like(shared), where=shared > 0)


def match(boxes: np.ndarray,
          scores: np.ndarray,
          objects: np.ndarray,
          neighbours: np.ndarray = (),
          regions: np.ndarray = (),
          iou_thr: float = 0.5) -> Matches:
    """Match the detections of one class in one image, greedily and one to one.

    In order of descending score, each detection takes the remaining object
    that it overlaps most, if their IoU is at least ``iou_thr`` (pycocotools'
    rule). A detection without an object is ignored if it takes a neighbour in
    the same way, or if at least ``iou_thr`` of its area is inside one region;
    a neighbour excuses one detection, a region any number (KITTI's rule).
    Detections are not affected by those with lower scores.

    The order of detections and objects has no influence: with equal scores,
    the detection with the larger IoU comes first, then the one further left.

    Args:
        boxes: (N, 4) detections, corners in pixels.
        scores: (N,).
        objects: (M, 4) objects to be found.
        neighbours: (K, 4) similar objects, e.g. a Van for a Car.
        regions: (R, 4) unlabelled areas, e.g. DontCare.
        iou_thr: Minimum overlap, above 0.
    """
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    shared = overlaps(boxes, objects)
    best = shared.max(axis=1, initial=0)
    order = np.lexsort((*boxes.T[::-1], -best, -np.asarray(scores, float)))
    object_of = _take(shared, objects, order, iou_thr)
    left = order[object_of[order] < 0]
    excused = _take(overlaps(boxes, neighbours), neighbours, left, iou_thr) >= 0
    inside = overlaps(boxes, regions, by='box').max(axis=1, initial=0) >= iou_thr
    return Matches(object_of, (object_of < 0) & (excused | inside))


def _take(shared: np.ndarray, targets: np.ndarray, order: np.ndarray, thr: float) -> np.ndarray:
    """Match detections in the given order; (N,) the matched column of ``shared`` or -1."""
    chosen = np.full(len(shared), -1)
    # of two equal overlaps, the target further left: the order of targets has no influence
    columns = np.lexsort(np.asarray(targets, float).reshape(-1, 4).T[::-1])
    free = shared[:, columns]
    for row in order[(free[order] >= thr).any(axis=1)]:
        column = free[row].argmax()
        if free[row, column] >= thr:
            chosen[row] = columns[column]
            free[:, column] = 0
    return chosen


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)

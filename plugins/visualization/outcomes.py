"""Mark a detector's boxes and what is there, by the one matcher."""
from collections.abc import Sequence
from typing import Any

import numpy as np

from plugins.detection.metrics.detection_metric import match_image
from plugins.detection.metrics.image_result import ImageResult
from plugins.detection.metrics.matching import Matches, overlaps

from .marks import ALARM, FOUND, HIT, IGNORED, MISSED, UNCOUNTED, Mark, Outcome


def outcome(result: ImageResult, classes: Sequence[str], score_thr: float = 0.5,
            iou_thr: float = 0.5) -> Outcome:
    """Mark the detections of an image, and what is there.

    What upstream lacks: mmdet's visualizer draws ground truth and detections,
    not which of them belong together. The matches are those of
    :func:`plugins.detection.metrics.matching.match`, so that the marks of all
    images add up to DetectionMetric's counts.

    Args:
        result: The image.
        classes: Class names in label order.
        score_thr: Least score of a detection that counts; the others are left out.
        iou_thr: Least IoU of a detection with the object it finds.

    Raises:
        RuntimeError: The matcher numbers the objects in another order than is known here.
    """
    marks: list[Mark] = []
    found, objects = set(), set()
    for label, name in enumerate(classes):
        matches, number = match_image(result, label, iou_thr)
        own = result.labels == label
        boxes, scores = result.boxes[own], result.scores[own]
        instances = [one for one in result.instances if one['bbox_label'] == label]
        there = [one for one in instances if not one.get('ignore_flag')]
        _check_order(matches, number, boxes, there, iou_thr)
        for box, score, target, ignored in zip(boxes, scores, *matches, strict=True):
            if score >= score_thr:
                kind = HIT if target >= 0 else UNCOUNTED if ignored else ALARM
                marks.append(Mark(kind, _corners(box), name, float(score)))
                found |= {(label, int(target))} if target >= 0 else set()
        for place, instance in enumerate(there):
            objects.add((label, place))
            kind = FOUND if (label, place) in found else MISSED
            marks.append(Mark(kind, _corners(instance['bbox']), name))
        marks += [Mark(IGNORED, _corners(one['bbox']), str(one.get('type', 'ignored')))
                  for one in instances if one.get('ignore_flag')]
    return Outcome(result.name, tuple(marks), frozenset(found), frozenset(objects))


def _check_order(matches: Matches, number: int, boxes: np.ndarray, there: Sequence[dict[str, Any]],
                 iou_thr: float) -> None:
    """match_image numbers the objects as the instances stand; a hit must lie on its object."""
    hits = np.flatnonzero(matches.object_of >= 0)
    shared = overlaps(boxes, [one['bbox'] for one in there])
    if number != len(there) or (shared[hits, matches.object_of[hits]] < iou_thr).any():
        raise RuntimeError('match_image counts the objects in another order than the instances '
                           'stand in; plugins/visualization/outcomes.py must follow it')


def _corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in box)
    return x1, y1, x2, y2

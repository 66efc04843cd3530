"""Precision, recall and F1 of boxes, and precision-recall curves."""
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric

from .image_result import ImageResult, image_result
from .matching import Matches, match
from .pr_curve import PRCurve, ap_interval


@METRICS.register_module()
class DetectionMetric(BaseMetric):
    """AP, precision, recall, F1 and counts of each class at one IoU, from one matching.

    mmdet's metrics compute only AP, no precision, recall or F1 at a score.

    A detection is correct if it is matched with an object, see :func:`match`.
    Instances with ``ignore_flag=1`` are not objects, and detections of them are
    ignored: one detection each, by IoU, if their ``type`` is a kind of object
    (KITTI's Van); any number, by the detection's area inside, if the type is
    DontCare or missing.

    Metrics of a class named ``car``, shares from 0 to 1, at the default IoU:

    - ``car/AP50``: average precision over all points of the curve,
      ``car/AP50_11``: over 11 recall points,
    - ``car/iou_thr`` and ``car/score_thr``: the thresholds of the following,
    - ``car/precision``, ``car/recall``, ``car/f1``,
    - ``car/tp``, ``car/fp``, ``car/fn``: correct detections, false alarms, missed objects,
    - ``car/best_f1``: the largest F1 over all scores, at ``car/best_f1_score_thr``;
      optimistic, as it is chosen on the same images,

    and the tables ``pr_curves``: ``{name: dict(score, precision, recall, f1)}``, lists, and
    ``intervals``, of ``car/AP50`` at 95 %, see :func:`ap_interval`.
    Undefined values (no object of the class) are -1. CocoBoxMetric's AP differs slightly: it
    averages over 101 recall points, uses at most 100 detections per image, and
    treats a Van as a region.

    Args:
        iou_thr: Minimum IoU of a detection with its object.
        score_thr: Minimum score of a detection. YOLOv3's score is the class
            probability times objectness.

    Raises:
        ValueError: A threshold is out of range, or the samples have no
            ``instances`` (from ``process``).
    """

    default_prefix = ''  # the keys are complete; None would cause a warning

    def __init__(self, iou_thr: float = 0.5, score_thr: float = 0.5, **kwargs) -> None:
        super().__init__(**kwargs)
        if not (0 < iou_thr <= 1 and 0 <= score_thr <= 1):
            raise ValueError(f'DetectionMetric: found iou_thr={iou_thr}, score_thr={score_thr}, '
                             'expected shares from 0 to 1, iou_thr above 0')
        self.iou_thr, self.score_thr = iou_thr, score_thr

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect the boxes of one batch, one item per image."""
        self.results.extend(image_result(sample, 'DetectionMetric') for sample in data_samples)

    def compute_metrics(self, results: list[ImageResult]) -> dict[str, Any]:
        """Compute everything from all images' ground truth and detections."""
        metrics: dict[str, Any] = {}
        curves, intervals = {}, {}
        for label, name in enumerate(self.dataset_meta['classes']):
            images = _outcomes(results, label, self.iou_thr)
            scores, hits, objects = zip((np.zeros(0), np.zeros(0, bool), 0), *images, strict=True)
            curve = PRCurve.of(np.concatenate(scores), np.concatenate(hits), sum(objects))
            curves[name] = curve.corners()
            best_f1, best_score = curve.best_f1()
            percent = f'AP{100 * self.iou_thr:g}'
            if interval := ap_interval(images):
                intervals[f'{name}/{percent}'] = interval
            metrics |= {f'{name}/{key}': value for key, value in {
                percent: curve.ap(), f'{percent}_11': curve.ap11(), 'iou_thr': self.iou_thr,
                'score_thr': self.score_thr, **curve.at(self.score_thr),
                'best_f1': best_f1, 'best_f1_score_thr': best_score}.items()}
        return metrics | {'pr_curves': curves, 'intervals': intervals}


def _outcomes(results: Sequence[ImageResult], label: int, iou_thr: float
              ) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Of each image, scores and hits of the detections that are not ignored; and objects."""
    images = []
    for result in sorted(results, key=lambda one: one.name):  # the draws depend on the order
        matches, found = match_image(result, label, iou_thr)
        images.append((result.scores[result.labels == label][~matches.ignored],
                       matches.object_of[~matches.ignored] >= 0, len(found)))
    return images


def match_image(result: ImageResult, label: int, iou_thr: float = 0.5
                ) -> tuple[Matches, list[dict[str, Any]]]:
    """Match one image's detections of one class.

    Returns:
        The matches of the detections of this class, in the result's order, and the objects to
        which their indices refer.
    """
    objects, neighbours, regions = [], [], []
    for instance in result.instances:
        if instance['bbox_label'] == label:
            kind = (objects if not instance.get('ignore_flag') else
                    regions if instance.get('type', 'DontCare') == 'DontCare' else neighbours)
            kind.append(instance)
    own = result.labels == label
    boxes = ([one['bbox'] for one in kind] for kind in (objects, neighbours, regions))
    return match(result.boxes[own], result.scores[own], *boxes, iou_thr), objects

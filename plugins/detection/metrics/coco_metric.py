"""COCO's average precision, also without a COCO annotation file, and without detections."""
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet import evaluation
from mmdet.registry import METRICS

from plugins.detection.coco_dataset import check_categories


class _AlwaysDefined(evaluation.CocoMetric):
    """Without any detection, as in a first epoch, the metrics are 0; upstream returns none."""

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics of the images with results, which ``ann_file`` may exceed."""
        self.img_ids = [truth['img_id'] for truth, _ in results]
        truth, nothing = results[0]
        if 'masks' not in nothing and not any(len(found['scores']) for _, found in results):
            # a box without area matches nothing: every AP is 0 instead of missing
            blank = {'bboxes': np.zeros((1, 4)), 'scores': np.zeros(1),
                     'labels': np.zeros(1, dtype=int)}
            results = [(truth, {**nothing, **blank}), *results[1:]]
        return super().compute_metrics(results)


@METRICS.register_module(force=True)
class CocoMetric(_AlwaysDefined):
    """Upstream's metric under its name; the classes of ``ann_file`` must be the data set's."""

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect one batch."""
        if self._coco_api is not None:
            names = [one['name'] for one in self._coco_api.dataset['categories']]
            check_categories(names, self.dataset_meta['classes'], 'CocoMetric.ann_file')
        super().process(data_batch, data_samples)


@METRICS.register_module()
class CocoBoxMetric(_AlwaysDefined, evaluation.FasterCocoMetric):
    """CocoMetric on boxes, with the ground truth taken from the data samples.

    FasterCocoMetric computes pycocotools' figures in a quarter of the time, but reads the ground
    truth from the training boxes, which lack crowds.

    Ground truth is the ``instances`` of the data set: list it in the
    ``meta_keys`` of PackDetInputs. An instance with ``ignore_flag=1`` counts as
    COCO's crowd: detections inside are neither hits nor errors.

    Metrics are shares from 0 to 1; -1 if there are no objects.
    ``coco/bbox_mAP_50`` is the AP at IoU 0.5 (101 recall points),
    ``coco/bbox_mAP`` its mean over IoU 0.50 to 0.95.

    Args:
        kwargs: As for CocoMetric, without ``metric`` and ``ann_file``.
    """

    process = evaluation.CocoMetric.process

    def __init__(self, **kwargs) -> None:
        super().__init__(ann_file=None, metric='bbox', **kwargs)

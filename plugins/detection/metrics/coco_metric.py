"""COCO's average precision for data sets without a COCO annotation file."""
import io
from contextlib import redirect_stdout

import numpy as np
from mmdet.evaluation import CocoMetric, FasterCocoMetric
from mmdet.registry import METRICS


@METRICS.register_module()
class CocoBoxMetric(FasterCocoMetric):
    """CocoMetric on boxes, with the ground truth taken from the data samples.

    What upstream lacks: when no image has a detection, as after a bad first
    epoch, it logs an error and returns no metric at all, so that whatever
    monitors ``coco/bbox_mAP_50`` stops the run with a KeyError. It also prints
    COCO's table past the logger at each validation. FasterCocoMetric gives
    pycocotools' figures in a quarter of the time, but takes its ground truth
    from the boxes that a model trains on, where crowds are missing.

    Ground truth is the ``instances`` of the data set: name it in the
    ``meta_keys`` of PackDetInputs. An instance with ``ignore_flag=1`` counts as
    COCO's crowd: detections that lie in it are neither hits nor errors.

    Metrics are shares from 0 to 1; -1 where the test has no instance to find.
    ``coco/bbox_mAP_50`` is the AP at IoU 0.5 (101 recall points),
    ``coco/bbox_mAP`` its mean over IoU 0.50 to 0.95.

    Args:
        kwargs: Of CocoMetric, but for ``metric`` and ``ann_file``.
    """

    process = CocoMetric.process

    def __init__(self, **kwargs) -> None:
        super().__init__(ann_file=None, metric='bbox', **kwargs)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics from all images' ground truth and detections."""
        if not any(len(detections['scores']) for _, detections in results):
            truth, nothing = results[0]
            # a box without area matches nothing, so every AP becomes 0 instead of missing
            blank = {'bboxes': np.zeros((1, 4)), 'scores': np.zeros(1),
                     'labels': np.zeros(1, dtype=int)}
            results = [(truth, {**nothing, **blank}), *results[1:]]
        with redirect_stdout(io.StringIO()):
            return super().compute_metrics(results)

"""COCO's average precision for data sets without a COCO annotation file."""
import numpy as np
from mmdet.evaluation import CocoMetric, FasterCocoMetric
from mmdet.registry import METRICS


@METRICS.register_module()
class CocoBoxMetric(FasterCocoMetric):
    """CocoMetric on boxes, with the ground truth taken from the data samples.

    Without any detection, e.g. after a bad first epoch, upstream returns no
    metrics, so a hook that monitors ``coco/bbox_mAP_50`` would fail with a
    KeyError. FasterCocoMetric computes pycocotools' figures in a quarter of the
    time, but reads the ground truth from the training boxes, which lack crowds.

    Ground truth is the ``instances`` of the data set: list it in the
    ``meta_keys`` of PackDetInputs. An instance with ``ignore_flag=1`` counts as
    COCO's crowd: detections inside are neither hits nor errors.

    Metrics are shares from 0 to 1; -1 if there are no objects.
    ``coco/bbox_mAP_50`` is the AP at IoU 0.5 (101 recall points),
    ``coco/bbox_mAP`` its mean over IoU 0.50 to 0.95.

    Args:
        kwargs: As for CocoMetric, without ``metric`` and ``ann_file``.
    """

    process = CocoMetric.process

    def __init__(self, **kwargs) -> None:
        super().__init__(ann_file=None, metric='bbox', **kwargs)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics from all images' ground truth and detections."""
        if not any(len(detections['scores']) for _, detections in results):
            truth, nothing = results[0]
            # a box without area matches nothing: every AP is 0 instead of missing
            blank = {'bboxes': np.zeros((1, 4)), 'scores': np.zeros(1),
                     'labels': np.zeros(1, dtype=int)}
            results = [(truth, {**nothing, **blank}), *results[1:]]
        return super().compute_metrics(results)

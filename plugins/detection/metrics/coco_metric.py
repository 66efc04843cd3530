"""COCO's average precision, also without a COCO annotation file, and without detections."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet import evaluation
from mmdet.registry import METRICS

from plugins.detection.coco_dataset import check_categories
from plugins.detection.metrics.image_result import require


@METRICS.register_module(force=True)
class CocoMetric(evaluation.CocoMetric):
    """Upstream's metric under its name, with checks that its ground truth is that of the data set.

    Without any detection, as in a first epoch, the metrics are 0; upstream returns none.

    Raises:
        ValueError: ``ann_file`` has other classes or images, or there is no ground truth.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect one batch."""
        images = self._coco_api and self._coco_api.imgs
        if images is not None:
            names = [one['name'] for one in self._coco_api.dataset['categories']]
            check_categories(names, self.dataset_meta['classes'], 'CocoMetric.ann_file')
        for sample in data_samples:
            require(sample, type(self).__name__, 'instances' if images is None else 'img_path')
            if images is not None:
                name = images.get(sample['img_id'], {}).get('file_name', '')
                if Path(name).name != Path(sample['img_path']).name:
                    raise ValueError(
                        f'CocoMetric.ann_file: found {name or "nothing"} as image '
                        f'{sample["img_id"]}, expected {sample["img_path"]}; give it the ann_file '
                        'of the data set that is evaluated')
        evaluation.CocoMetric.process(self, data_batch, data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics of the images with results, which ``ann_file`` may exceed."""
        self.img_ids = [truth['img_id'] for truth, _ in results]
        truth, nothing = results[0]
        if 'masks' not in nothing and not any(len(found['scores']) for _, found in results):
            # a box without area matches nothing: every AP is 0 instead of missing
            blank = {'bboxes': np.zeros((1, 4)), 'scores': np.zeros(1),
                     'labels': np.zeros(1, dtype=int)}
            results = [(truth, {**nothing, **blank}), *results[1:]]
        given = self._coco_api
        metrics = super().compute_metrics(results)
        self._coco_api = given  # upstream keeps the truth that it made of these results
        return metrics


@METRICS.register_module()
class CocoBoxMetric(CocoMetric, evaluation.FasterCocoMetric):
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

    def __init__(self, **kwargs) -> None:
        super().__init__(ann_file=None, metric='bbox', **kwargs)

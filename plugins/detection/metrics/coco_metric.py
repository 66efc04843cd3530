"""COCO's average precision for data sets without a COCO annotation file."""
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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

    def gt_to_coco_json(self, gt_dicts: Sequence[Mapping[str, Any]], outfile_prefix: str) -> str:
        """Write all objects as upstream does, but several times faster."""
        images, objects = [], []
        for truth in gt_dicts:
            images.append(dict(id=truth['img_id'], width=truth['width'], height=truth['height'],
                               file_name=''))
            for one in truth['anns']:
                x1, y1, x2, y2 = one['bbox']
                objects.append(dict(
                    id=len(objects) + 1, image_id=truth['img_id'], category_id=one['bbox_label'],
                    bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1),
                    iscrowd=one['ignore_flag']))
        names = enumerate(self.dataset_meta['classes'])
        path = f'{outfile_prefix}.gt.json'
        Path(path).write_text(json.dumps(dict(
            info={}, images=images, annotations=objects,
            categories=[dict(id=number, name=name) for number, name in names])))
        return path

    def results2json(self, results: Sequence[Mapping[str, Any]],
                     outfile_prefix: str) -> dict[str, str]:
        """Write all detections as upstream does, but ten times faster."""
        found = []
        for detections in results:
            boxes = np.array(detections['bboxes'], float).reshape(-1, 4)
            boxes[:, 2:] -= boxes[:, :2]
            found += [dict(image_id=detections['img_id'], bbox=box, score=score,
                           category_id=self.cat_ids[label])
                      for box, score, label in zip(
                          boxes.tolist(), np.array(detections['scores'], float).tolist(),
                          detections['labels'], strict=True)]
        path = f'{outfile_prefix}.bbox.json'
        Path(path).write_text(json.dumps(found))
        return dict(bbox=path, proposal=path)

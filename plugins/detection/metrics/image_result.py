"""Ground truth and detections of one tested image."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ImageResult:
    """Ground truth and detections of one image, in pixels of the image file.

    Not a NamedTuple, because mmengine's BaseMetric would turn it into a plain tuple.

    Attributes:
        name: The image's file name without its suffix.
        boxes: (N, 4) detections, corners x1, y1, x2, y2, sorted by descending score.
        scores: (N,). YOLOv3's are the class probability times objectness.
        labels: (N,) class indices.
        instances: Ground truth, each with ``bbox``, ``bbox_label``, ``ignore_flag``.
    """

    name: str
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    instances: list[dict[str, Any]]


def require(sample: dict[str, Any], metric: str, *keys: str) -> None:
    """Check a tested DetDataSample, as a dict, for a metric, which is named in the message.

    Raises:
        ValueError: The pipeline left out one of the keys.
    """
    for key in keys:
        if key not in sample:
            raise ValueError(
                f'{metric}: the samples have no {key!r}, only {", ".join(sorted(sample))}; add it '
                "to the meta_keys of PackDetInputs in the tested data set's pipeline")


def image_result(sample: dict[str, Any], metric: str) -> ImageResult:
    """Extract from a tested DetDataSample, as a dict, what a metric (named in messages) needs."""
    require(sample, metric, 'instances', 'img_path')
    boxes, scores, labels = (sample['pred_instances'][key].detach().cpu().numpy()
                             for key in ('bboxes', 'scores', 'labels'))
    order = np.argsort(-scores, kind='stable')
    return ImageResult(Path(sample['img_path']).stem, boxes[order].astype(float),
                       scores[order].astype(float), labels[order], sample['instances'])

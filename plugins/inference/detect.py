"""Ask a detector about pictures, or about a data set."""
import copy
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import Dataset

from plugins.detection.load_cached_image import decode_image
from plugins.detection.metrics.image_result import ImageResult, image_result

from .trained_model import TrainedModel, evaluated_data

_LOADERS = ('LoadCachedImage', 'LoadImageFromFile')


class Boxes(NamedTuple):
    """Detections of one picture, from the highest score downwards.

    Attributes:
        boxes: (N, 4) corners x1, y1, x2, y2 in pixels of the picture as it is.
        scores: (N,).
        labels: (N,) indices of classes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Detect:
    """Detections in pictures, as tools/test.py computes them for the same files.

    What upstream lacks: ``mmdet.DetInferencer`` refuses a pipeline that does
    not begin with LoadImageFromFile (ours begins with LoadCachedImage, which
    notices files that were cut off), goes on with random weights when a
    checkpoint does not fit, and reads no video. So the config's own test
    pipeline is run here, behind the loader.

    Args:
        trained: The detector.

    Raises:
        ValueError: The config's test pipeline does not begin with a known loader.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self.model = trained.model
        data = evaluated_data(trained.cfg, 'pipeline')
        steps = copy.deepcopy(list(data.pipeline)) if data is not None else []
        first = steps[0]['type'].split('.')[-1] if steps else None
        if first not in _LOADERS:
            raise ValueError(f'config {trained.cfg.filename}: the tested pipeline begins with '
                             f'{first}, expected {" or ".join(_LOADERS)}')
        steps[0] = dict(type='LoadImageFromNDArray', to_float32=steps[0].get('to_float32', False))
        with DefaultScope.overwrite_default_scope('mmdet'):
            self._pipeline = Compose(steps)

    def read(self, path: Path) -> np.ndarray:
        """Decode a picture, RGB.

        Raises:
            ValueError: It is unreadable or incomplete.
        """
        return np.ascontiguousarray(decode_image(path)[..., ::-1])

    def __call__(self, images: Sequence[np.ndarray]) -> list[Boxes]:
        """Detect in a batch.

        Args:
            images: RGB, uint8, H x W x 3, of any sizes.
        """
        packed = [self._pipeline(dict(img=np.ascontiguousarray(image[..., ::-1]), img_id=index,
                                      instances=[])) for index, image in enumerate(images)]
        return [_boxes(sample) for sample in run_packed(self.model, packed)]


def run_packed(model: torch.nn.Module, packed: Iterable[dict]) -> list[Any]:
    """Run a detector on what a pipeline packed; DetDataSamples with predictions, in this order.

    Pictures of one size make a batch, so that what is found in one does not
    depend on the others: the preprocessor would pad all to the largest.
    """
    samples: list[Any] = []
    with torch.no_grad():
        for _, group in groupby(packed, key=lambda item: item['inputs'].shape):
            samples += model.test_step(pseudo_collate(list(group)))
    return samples


def detect_in(trained: TrainedModel, dataset: Dataset, rows: Sequence[int]) -> list[ImageResult]:
    """Run a detector on images of a data set, with their ground truth.

    Args:
        trained: The detector.
        dataset: One of mmdet's, with the test pipeline.
        rows: Which of its images, a batch.

    Raises:
        ValueError: The pipeline does not pack ``instances`` and ``img_path``.
    """
    samples = run_packed(trained.model, [dataset[row] for row in rows])
    return [image_result(sample.to_dict(), 'comparison') for sample in samples]


def _boxes(sample: Any) -> Boxes:
    found = sample.pred_instances
    boxes, scores, labels = (found[key].detach().cpu().numpy()
                             for key in ('bboxes', 'scores', 'labels'))
    order = np.argsort(-scores, kind='stable')
    return Boxes(boxes[order].astype(float), scores[order].astype(float), labels[order])

"""Run a detector on pictures, or on a data set."""
import copy
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import Dataset

from plugins.detection.metrics.image_result import ImageResult, image_result
from plugins.engine.config_check import groups

from .load import TrainedModel, evaluated_data, rounded

_LOADERS = ('LoadCachedImage', 'LoadImageFromFile')
_THRESHOLDS = ('score_thr', 'conf_thr')  # below which mmdet's heads drop boxes before NMS


class Detect:
    """Detections in pictures, as tools/test.py computes them for the same files.

    Except for padding: pictures of one shape make a batch here, see :func:`run_packed`, while
    tools/test.py pads all of a batch to its largest, so that a picture among larger ones may get
    slightly different boxes there.

    ``mmdet.DetInferencer`` rejects a pipeline that begins with LoadCachedImage, and goes on with
    random weights when a checkpoint does not fit; here the config's own test pipeline is run,
    after the loader.

    Args:
        trained: The detector.

    Raises:
        ValueError: The config's test pipeline does not begin with a known loader.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self.model, self.classes = trained.model, trained.classes
        data = evaluated_data(trained.cfg, 'pipeline')
        steps = copy.deepcopy(list(data.pipeline)) if data is not None else []
        first = steps[0]['type'].split('.')[-1] if steps else None
        if first not in _LOADERS:
            raise ValueError(f'config {trained.cfg.filename}: the tested pipeline begins with '
                             f'{first}, expected {" or ".join(_LOADERS)}')
        steps[0] = dict(type='LoadImageFromNDArray', to_float32=steps[0].get('to_float32', False))
        with DefaultScope.overwrite_default_scope('mmdet'):
            self._pipeline = Compose(steps)

    def __call__(self, images: Sequence[np.ndarray]) -> list[list[dict[str, Any]]]:
        """Detect in a batch.

        Args:
            images: RGB, uint8, H x W x 3, of any sizes.

        Returns:
            The detections in each, the most confident first: ``class``, ``score`` and ``box``
            (x1, y1, x2, y2 in pixels of the picture).
        """
        packed = [self._pipeline(dict(img=np.ascontiguousarray(image[..., ::-1]), img_id=index,
                                      instances=[])) for index, image in enumerate(images)]
        return [_detections(sample, self.classes) for sample in run_packed(self.model, packed)]


def run_packed(model: torch.nn.Module, packed: Iterable[dict]) -> list[Any]:
    """Run a detector on what a pipeline packed; DetDataSamples with predictions, in this order.

    Pictures of one size make a batch, so that what is found in one does not depend on the others:
    the preprocessor would pad all to the largest.
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


def threshold_note(cfg: Config, score_thr: float) -> str:
    """A warning that the config's own thresholds drop boxes that the user wants; '' if not needed.

    A box's score is at most what either threshold is compared with (YOLOv3 multiplies class
    probability and objectness), so those above ``score_thr`` lose none.
    """
    above = [f'{path}.{key}={node[key]:g}'
             for path, node in groups(cfg.model.get('test_cfg'), 'model.test_cfg')
             for key in _THRESHOLDS if node.get(key, 0) > score_thr]
    if not above:
        return ''
    return (f'Boxes with scores from {score_thr:g} are wanted, but the config itself drops some of '
            f'them: {", ".join(above)}; lower it with --cfg-options to see them')


def _detections(sample: Any, classes: Sequence[str]) -> list[dict[str, Any]]:
    found = sample.pred_instances
    boxes, scores, labels = (found[key].detach().cpu().numpy()
                             for key in ('bboxes', 'scores', 'labels'))
    return [{'class': classes[labels[k]], 'score': rounded(scores[k]),
             'box': [round(float(corner), 3) for corner in boxes[k]]}
            for k in np.argsort(-scores, kind='stable')]

"""Run a classifier or a detector on pictures, or a detector on images of a data set."""
import copy
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope

from plugins.engine.config_keys import groups

from .load import evaluated_data
from .predict import TrainedModel, rounded

_LOADERS = ('LoadCachedImage', 'LoadImageFromFile')
_THRESHOLDS = ('score_thr', 'conf_thr')  # below which mmdet's heads drop boxes before NMS


class Classify:
    """Class scores of pictures, as tools/test.py computes them for the same files.

    ``mmpretrain.ImageClassificationInferencer`` with the pipeline of the config's test data, or the
    one that its source stands for; it is given decoded pictures, because upstream's own reader
    accepts truncated files.

    Raises:
        ValueError: The data set in the config's test_dataloader has neither a source
            whose pictures have a known size nor a pipeline.
    """

    def __init__(self, trained: TrainedModel) -> None:
        from mmpretrain import ImageClassificationInferencer  # a detector does without

        from plugins.classification.datasets import build_source

        if not (data := evaluated_data(trained.config, 'source', 'pipeline')):
            raise ValueError(f'config {trained.config.filename}: test_dataloader.dataset has '
                             'neither source nor pipeline; how a picture becomes an input is not '
                             'known')
        pipeline = build_source(data.source).pipeline if 'source' in data else data.pipeline
        trained.model._config = Config(dict(  # as mmpretrain's get_model() does
            test_dataloader=dict(dataset=dict(pipeline=pipeline))))
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self._inferencer = ImageClassificationInferencer(trained.model, classes=trained.classes)

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Classify a batch; return (N, classes) scores."""
        batch, = self._inferencer.preprocess([*map(_bgr, images)], len(images))
        samples = self._inferencer.forward(batch)
        return torch.stack([sample.pred_score for sample in samples]).float().cpu().numpy()


class Detect:
    """Detections in pictures, as tools/test.py computes them for the same files.

    Only padding differs: here only pictures of the same shape share a batch, see
    :func:`run_packed`; tools/test.py pads all pictures of a batch to the largest, so a picture
    batched with larger ones may get slightly different boxes there.

    ``mmdet.DetInferencer`` continues with random weights if a checkpoint does not fit, and pads a
    batch to its largest picture. This class runs the config's own test pipeline from the step after
    the loader.

    Raises:
        ValueError: The config's test pipeline does not begin with a known loader.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self.model, self.classes = trained.model, trained.classes
        steps = copy.deepcopy(list(evaluated_data(trained.config, 'pipeline').get('pipeline', ())))
        first = steps[0]['type'].split('.')[-1] if steps else None
        if first not in _LOADERS:
            raise ValueError(f'config {trained.config.filename}: the tested pipeline begins with '
                             f'{first}, expected {" or ".join(_LOADERS)}')
        steps[0] = dict(type='LoadImageFromNDArray', to_float32=steps[0].get('to_float32', False))
        with DefaultScope.overwrite_default_scope('mmdet'):
            self._pipeline = Compose(steps)

    def __call__(self, images: Sequence[np.ndarray]) -> list[list[dict[str, Any]]]:
        """Detect in a batch.

        Returns:
            For each picture its detections, the most confident first, each with ``class``,
            ``score`` and ``box`` (x1, y1, x2, y2 in pixels of the picture).
        """
        packed = [self._pipeline(dict(img=_bgr(image), img_id=index, instances=[]))
                  for index, image in enumerate(images)]
        return [detections(*(sample.pred_instances[key].cpu().numpy() for key in (
            'bboxes', 'scores', 'labels')), self.classes)
            for sample in run_packed(self.model, packed)]


def _bgr(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image[..., ::-1])


def run_packed(model: torch.nn.Module, packed: Iterable[dict]) -> list[Any]:
    """Run a detector on a pipeline's outputs; return DetDataSamples with predictions, in order.

    Only successive pictures of the same size share a batch: the preprocessor would pad others to
    the largest, and a picture's detections would depend on the rest of its batch.
    """
    samples: list[Any] = []
    with torch.no_grad():
        for _, group in groupby(packed, key=lambda item: item['inputs'].shape):
            samples += model.test_step(pseudo_collate(list(group)))
    return samples


def threshold_note(cfg: Config, score_thr: float) -> str:
    """A warning that the config's own thresholds drop boxes above ``score_thr``; '' if they do not.

    Each threshold is compared with a value that is at least the box's score (YOLOv3 multiplies
    class probability and objectness), so a threshold of at most ``score_thr`` drops no such box.
    """
    above = [f'{path}.{key}={node[key]:g}'
             for path, node in groups(cfg.model.get('test_cfg'), 'model.test_cfg')
             for key in _THRESHOLDS if node.get(key, 0) > score_thr]
    if not above:
        return ''
    return (f'Boxes with scores from {score_thr:g} are wanted, but the config itself drops some of '
            f'them: {", ".join(above)}; lower it with --cfg-options to see them')


def detections(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray,
               classes: Sequence[str]) -> list[dict[str, Any]]:
    """A picture's boxes, the most confident first, as :class:`Detect` returns them."""
    return [{'class': classes[labels[k]], 'score': rounded(scores[k]),
             'box': [round(float(corner), 3) for corner in boxes[k]]}
            for k in np.argsort(-scores, kind='stable')]

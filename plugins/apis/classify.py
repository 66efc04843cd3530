"""Run a classifier on pictures."""
from collections.abc import Sequence

import numpy as np
import torch
from mmcv import rgb2bgr
from mmengine.config import Config
from mmengine.registry import DefaultScope

from plugins.classification.datasets import build_source

from .load import evaluated_data
from .predict import TrainedModel


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
        from mmpretrain import ImageClassificationInferencer  # not before the lean import

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
        bgr = [rgb2bgr(image) for image in images]
        batch, = self._inferencer.preprocess(bgr, len(bgr))
        samples = self._inferencer.forward(batch)
        return torch.stack([sample.pred_score for sample in samples]).float().cpu().numpy()

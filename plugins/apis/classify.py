"""Run a classifier on pictures."""
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.registry import DefaultScope

from plugins.classification.datasets import build_source

from .load import TrainedModel, evaluated_data


class Classify:
    """Class scores of pictures, as tools/test.py computes them for the same files.

    ``mmpretrain.ImageClassificationInferencer`` needs a ``pipeline``, which an ArrayDataset does
    not have: its pictures are stored decoded at one size, and the data preprocessor does all else
    on the device. For a config with a pipeline, the inferencer is used; it is given decoded
    pictures, because upstream's own reader accepts truncated files.

    Raises:
        ValueError: The data set in the config's test_dataloader has neither a source
            whose pictures have a known size nor a pipeline.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self.model = trained.model
        self._inferencer = self._source = None
        data = evaluated_data(trained.config, 'source')
        if data is not None:
            self._source = build_source(data.source)
            self._source.size  # noqa: B018  (raises errors of the data set now)
        elif evaluated_data(trained.config, 'pipeline') is not None:
            from mmpretrain import ImageClassificationInferencer
            trained.model._config = trained.config  # as mmpretrain's get_model() does
            with DefaultScope.overwrite_default_scope('mmpretrain'):
                self._inferencer = ImageClassificationInferencer(trained.model,
                                                                 classes=trained.classes)
        else:
            raise ValueError(f'config {trained.config.filename}: test_dataloader.dataset has '
                             'neither source nor pipeline; how a picture becomes an input is '
                             'not known')

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Classify a batch; return (N, classes) scores."""
        with torch.no_grad():
            if self._inferencer is not None:
                bgr = [np.ascontiguousarray(image[..., ::-1]) for image in images]
                samples = [sample for batch in self._inferencer.preprocess(bgr, len(bgr))
                           for sample in self._inferencer.forward(batch)]
            else:
                inputs = np.stack([self._source.stored(image) for image in images])
                samples = self.model.test_step(dict(inputs=torch.from_numpy(inputs)))
        return torch.stack([sample.pred_score for sample in samples]).float().cpu().numpy()

"""Run a classifier on pictures."""
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from plugins.classification.datasets.decoding import fitted, read_rgb
from plugins.classification.datasets.image_array import SOURCES, load_source

from .load import TrainedModel, evaluated_data

# The one size of the pictures of sources without files: known also where their data are not.
_SIZES = {'cifar10': (32, 32), 'cifar100': (32, 32), 'digits': (8, 8)}


class Classify:
    """Class scores of pictures, as tools/test.py computes them for the same files.

    ``mmpretrain.ImageClassificationInferencer`` needs a ``pipeline``, which an ArrayDataset does
    not have: its pictures are decoded to one stored size, and all else happens in the data
    preprocessor, on the device. Where a config has a pipeline, the inferencer does the work, from
    decoded pictures: upstream's own reader accepts files that were cut off.

    Args:
        trained: The classifier.

    Raises:
        ValueError: The config's tested data set has neither a source whose
            pictures have a known size nor a pipeline.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self.model = trained.model
        self._inferencer = self._source = None
        data = evaluated_data(trained.cfg, 'source')
        if data is not None:
            self._source = dict(data.source, size=stored_size(data.source))
        elif evaluated_data(trained.cfg, 'pipeline') is not None:
            self._inferencer = _inferencer(trained)
        else:
            raise ValueError(f'config {trained.cfg.filename}: test_dataloader.dataset has neither '
                             'source nor pipeline; how a picture becomes an input is not known')

    def read(self, path: Path) -> np.ndarray:
        """Decode a picture at its own size, RGB, upright.

        Raises:
            ValueError: It cannot be decoded to the end.
        """
        try:
            return np.asarray(read_rgb(path))
        except ValueError as error:
            # without read_rgb's advice, which is for the files of a data set
            raise ValueError(f'{path}: cannot be decoded as an image '
                             f'({error.__cause__ or error})') from error

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Classify a batch.

        Args:
            images: RGB, uint8, H x W x 3, of any sizes.

        Returns:
            (N, classes) scores.
        """
        with torch.no_grad():
            if self._inferencer is not None:
                bgr = [np.ascontiguousarray(image[..., ::-1]) for image in images]
                samples = [sample for batch in self._inferencer.preprocess(bgr, len(bgr))
                           for sample in self._inferencer.forward(batch)]
            else:
                inputs = np.stack([as_stored(image, self._source) for image in images])
                samples = self.model.test_step(dict(inputs=torch.from_numpy(inputs)))
        return torch.stack([sample.pred_score for sample in samples]).float().cpu().numpy()


def stored_size(source: Mapping) -> tuple[int, int]:
    """(height, width) in which a source keeps its pictures.

    A source that neither its ``size`` nor its type tells of is loaded, and looked at.

    Raises:
        OSError: Its data are not there.
        ValueError: It is no source, or has no pictures.
    """
    size = source.get('size', _SIZES.get(source['type']))
    if size is None:
        if source['type'] not in SOURCES:
            raise ValueError(f"test_dataloader.dataset.source: there is no source "
                             f"{source['type']!r}; how a picture would be stored is not known")
        size = load_source(dict(source)).images.shape[2:]
    return (size, size) if isinstance(size, int) else tuple(size)


def as_stored(image: np.ndarray, source: Mapping) -> np.ndarray:
    """Bring a decoded picture, perhaps of a video, to the size in which a source would keep it.

    Args:
        image: RGB, uint8, H x W x 3.
        source: Config of the source.

    Returns:
        uint8, 3 x height x width.
    """
    height, width = stored_size(source)
    picture = fitted(Image.fromarray(image), height, width, source.get('resize', 'center_crop'))
    return picture.transpose(2, 0, 1)


def _inferencer(trained: TrainedModel) -> object:
    from mmpretrain import ImageClassificationInferencer
    trained.model._config = trained.cfg  # where mmpretrain's get_model() puts it
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return ImageClassificationInferencer(trained.model, classes=trained.classes)

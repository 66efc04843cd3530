"""The features of one split: what they depend on, and whether they are still valid."""
import copy
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_dist_info

from plugins.classification.data_preprocessor import BatchDataPreprocessor
from plugins.classification.datasets import ArrayDataset
from plugins.engine.random_state import kept_random_state

from .prefix import Context, FrozenPrefix

_MODEL_KEYS = ('data_preprocessor', 'backbone', 'neck')
_PROBES = 4  # images that a stored array is compared with


class PartFeatures:
    """Computes the features of a split.

    Args:
        dataset: The split; it must serve images.
        prefix: Computes the features.
        context: Creates the context of the model's forward pass (mixed precision).
        training: Whether images are preprocessed as in training (else as in evaluation).
        views: Number of augmented views of each image.
        seed: Seed of the views; None if nothing is random. The augmentation of an image depends
            on the seed, the view, and the image's position in the data set and batch.
        batch_size: Images per batch.

    Attributes:
        dataset, prefix: As given.
        shape: Views x images x C (x H x W).
    """

    def __init__(self, dataset: ArrayDataset, prefix: FrozenPrefix, context: Context,
                 training: bool, views: int, seed: int | None, batch_size: int) -> None:
        self.dataset = dataset
        self.whole = dataset.folds is not None and seed is None  # one array for all folds
        self._images = ArrayDataset(dataset.source) if self.whole else dataset
        self.prefix, self._context, self._training = prefix, context, training
        self._seed, self._batch_size = seed, batch_size
        with kept_random_state():
            some = prefix(some_images(dataset), context, training)
        self.shape = (views, len(self._images), *some.shape[1:])

    def about(self, cfg: Config) -> dict[str, Any]:
        """Everything that the features depend on; ``cfg`` is the runner's."""
        prefix = self.prefix
        rows = hashlib.sha256(self._images.rows.tobytes()).hexdigest()
        return dict(
            format=1, stage=prefix.cut.name, weights=prefix.digest(), network=_network(cfg),
            data=self.dataset.fingerprint, rows=rows,
            preprocessing='train' if self._training else 'eval',
            precision=_precision(self._context), device=prefix.preprocessor.device.type,
            torch=torch.__version__, views=self.shape[0],
            # random augmentation also depends on the image's position in its batch
            seed=None if self._seed is None else [self._seed, self._batch_size])

    def fill(self, features: np.ndarray) -> None:
        """Compute this process's share of the batches, in place, in an array of shape ``shape``."""
        rank, processes = get_dist_info()
        batches = [(view, start) for view in range(self.shape[0])
                   for start in range(0, len(self._images), self._batch_size)]
        for view, start in batches[rank::processes]:
            features[view, start:start + self._batch_size] = self._batch(view, start)

    def _batch(self, view: int, start: int) -> np.ndarray:
        rows = range(start, min(start + self._batch_size, len(self._images)))
        with kept_random_state():
            if self._seed is not None:
                words = np.random.SeedSequence([self._seed, view, start]).generate_state(
                    1, np.uint64)
                torch.manual_seed(int(words[0]))
            return self._compute(rows)

    def _compute(self, rows: range | np.ndarray) -> np.ndarray:
        images = self._images.__getitems__(rows)['inputs']
        return self.prefix(images, self._context, self._training).numpy()

    def differing(self, stored: np.ndarray) -> str:
        """How stored features differ from what the current code computes; '' if they do not."""
        if self._seed is None:
            rows = np.unique(np.linspace(0, len(self._images) - 1, _PROBES).astype(int))
            now = self._compute(rows)
        else:  # augmentation depends on the position in a batch: compute the whole first batch
            now = self._batch(0, 0)
            rows = np.arange(len(now))
        tolerance = 0.05 if _precision(self._context) != 'torch.float32' else 1e-3
        close = np.abs(now - stored[0][rows]).max() <= tolerance * max(1., np.abs(now).max())
        return '' if close else 'the current network computes different ones'


def some_images(dataset: ArrayDataset) -> torch.Tensor:
    """The first two images, or the only one: B x 3 x H x W."""
    return dataset.__getitems__(range(min(2, len(dataset))))['inputs']


def is_random(preprocessor: BatchDataPreprocessor) -> bool:
    """Whether the preprocessor augments training images at random."""
    return bool(preprocessor.color) or any(
        step.random for step in preprocessor.train_geometry.steps)


def _network(cfg: Config) -> Any:
    """The config of the layers that compute features, without the origin of their weights."""
    if not isinstance(cfg.model, Mapping):
        return repr(cfg.model)
    # mmengine moves a top-level data_preprocessor into the model, in a copy of the config
    model = {'data_preprocessor': cfg.get('data_preprocessor'), **cfg.model}
    network = {key: copy.deepcopy(model.get(key)) for key in _MODEL_KEYS}
    for group in network.values():
        if isinstance(group, Mapping):
            group.pop('init_cfg', None)
    return network


def _precision(context: Context) -> str:
    """Name of the data type in which the forward pass computes."""
    with context():
        for device in ('cuda', 'cpu'):
            if torch.is_autocast_enabled(device):
                return str(torch.get_autocast_dtype(device))
    return 'torch.float32'

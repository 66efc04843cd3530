"""The dataset class for every source: it returns whole batches of a decoded array."""
import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.registry import FUNCTIONS
from torch.utils.data import Dataset

from plugins.classification.datasets.source import Source, build_source
from plugins.classification.datasets.splits import fold_of, read_groups, stratified_split
from plugins.classification.samples import Samples
from plugins.engine import checks
from plugins.engine.files import resolve_path
from plugins.engine.lean_import import without

with without('mmdet'):
    from mmpretrain.registry import DATASETS


class Batch(dict):
    """A batch, with a clear error for collate functions that expect single items."""

    def __missing__(self, key):
        if key == 'inputs' and 'features' in self:
            raise KeyError("'inputs': the feature cache serves features instead of images; set "
                           'default_hooks.feature_cache.enabled=False if images are needed')
        raise KeyError(f'{key!r}: ArrayDataset returns whole batches, found a collate function '
                       "that expects single items; set collate_fn=dict(type='batch_collate') in "
                       'the dataloader')


@DATASETS.register_module()
class ArrayDataset(Dataset):
    """Images (or a seeded part of them) served from one array, batch by batch.

    torch calls ``__getitems__`` once per batch and gets one tensor (mmpretrain's datasets pack
    single images, 3 000 to 4 000 of CIFAR per second). The data preprocessor augments the batch on
    its device.

    ``collate_fn=dict(type='batch_collate')`` is required in the dataloader.
    Images are decoded by :meth:`full_init`, which mmengine's Runner calls, or
    at the first access.

    Args:
        source: A data set, or the config of a registered one (see
            ``plugins.classification.datasets.source``), built once per process.
        part: 'all', 'train' or 'val'. The last two split the source by class,
            see :func:`stratified_split`; they never overlap. With ``folds`` also 'test'.
        val_fraction: Share of each class in 'val'; required for 'train' and
            'val', not allowed for 'all' and 'test'.
        split_seed: Seed of that split.
        folds: ``dict(number=5, index=0, seed=0)``: 'test' is one fold of the images, the other
            parts are of the rest, and 'train' is all of it without ``val_fraction``; see
            :func:`fold_of`. A key ``groups`` names a CSV file with the columns image and group.
        pipeline: What the source does to a picture, see :attr:`Source.pipeline`: for mmpretrain's
            inferencers, which read it from the config. It changes nothing here.

    Attributes:
        rows: int64 rows of this part in the source, in the order of the dataset's indices.

    Raises:
        ValueError: Unknown part, a missing or superfluous fraction, no images, or another pipeline.
    """

    def __init__(self,
                 source: Mapping[str, Any] | Source,
                 part: str = 'all',
                 val_fraction: float | None = None,
                 split_seed: int = 0,
                 folds: Mapping[str, Any] | None = None,
                 pipeline: Sequence[Mapping[str, Any]] | None = None):
        self.source = source if isinstance(source, Source) else build_source(source)
        checks.one_of(self, 'part', part, ('all', 'train', 'val') + ('test',) * bool(folds))
        split = part == 'val' or part == 'train' and not (folds and val_fraction is None)
        if split == (val_fraction is None):
            raise ValueError(f'part={part!r} with val_fraction={val_fraction}; '
                             "'train' and 'val' need a fraction, 'test' and 'all' must have none")
        self.rows, self.folds = np.arange(len(self.source)), folds
        if folds:
            self.rows = self._rows_of(folds, part)
        if split:
            train, val = stratified_split(self.labels, val_fraction, split_seed,
                                          self.source.classes, 'val_fraction')
            self.rows = self.rows[train if part == 'train' else val]
        if not len(self.rows):
            raise ValueError(f'part {part!r} of the source holds no images')
        if pipeline:
            given, does = (json.dumps(one, sort_keys=True)  # tuples are lists there
                           for one in (pipeline, self.source.pipeline))
            if given != does:
                raise ValueError(f'ArrayDataset: pipeline={given}, expected None, or what the '
                                 f'source does to a picture: {does}')
        self._features: np.ndarray | None = None
        self._view, self._by_source = 0, False

    def _rows_of(self, folds: Mapping[str, Any], part: str) -> np.ndarray:
        """The rows of one fold for 'test', all for 'all', else those of the other folds."""
        number, index, seed = (folds.get(key, 0) for key in ('number', 'index', 'seed'))
        if unknown := [key for key in folds if key not in ('number', 'index', 'seed', 'groups')]:
            raise checks.refuse(self, 'folds', folds, f'no key {unknown[0]!r}; its keys are '
                                'number, index, seed and groups')
        source = self.source
        groups = folds.get('groups') and read_groups(
            resolve_path(folds['groups']), [source.place(row) for row in self.rows])
        fold = fold_of(source.labels, number, checks.whole(self, 'folds.seed', seed, 0), groups,
                       source.classes)
        checks.whole(self, 'folds.index', index, 0, number - 1)
        return np.flatnonzero({'all': fold >= 0, 'test': fold == index}.get(part, fold != index))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Batch:
        """One image, as a batch of one."""
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """Gather a batch.

        Returns:
            ``inputs`` (uint8 tensor, B x 3 x H x W, RGB) and ``data_samples``
            (B DataSamples with ``gt_label`` of shape (1, ) and the meta fields
            sample_idx, img_shape, num_classes, see ``Samples``). All are new objects: a
            model may write predictions into them. If features are served, ``features``
            (float32 tensor, B x C or B x C x H x W) replaces ``inputs``.
        """
        chosen = np.asarray(indices)
        rows = self.rows[chosen]
        served = {'inputs': torch.from_numpy(self.source.images[rows])} if self._features is None \
            else {'features': torch.from_numpy(
                self._features[self._view][rows if self._by_source else chosen])}
        return Batch(**served, data_samples=Samples(
            (), torch.from_numpy(self.source.labels[rows]), indices,
            tuple(self.source.images.shape[2:]), len(self.source.classes)))

    def serve_features(self, features: np.ndarray | None, by_source: bool = False) -> None:
        """Return features instead of images from now on, see ``FeatureCacheHook``.

        Args:
            features: float32, K x len(self) x C (x H x W): K views of each
                image of this part; the first is served until
                :meth:`serve_view`. None: serve images again.
            by_source: There is a row for each image of the source, not of this part.

        Raises:
            ValueError: There is not one row per image.
        """
        images = len(self.source if by_source else self)
        if features is not None and (features.ndim < 3 or features.shape[1] != images):
            raise ValueError(f'features of shape {features.shape}; expected views x {images} '
                             'images x values')
        self._features, self._view, self._by_source = features, 0, by_source

    def serve_view(self, epoch: int) -> None:
        """Serve view ``epoch`` modulo K of the features; has no effect if images are served."""
        if self._features is not None:
            self._view = epoch % len(self._features)

    @property
    def metainfo(self) -> dict:
        """Class names, for mmengine's loops and visualizers."""
        return {'classes': self.source.classes}

    @property
    def labels(self) -> np.ndarray:
        """int64 labels of this part, in the order of the dataset's indices."""
        return self.source.labels[self.rows]

    @property
    def names(self) -> list[str]:
        """A unique name per image of this part, see :class:`Source`."""
        return [self.source.names[row] for row in self.rows]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the whole source (the split follows from the config)."""
        return self.source.fingerprint

    def get_cat_ids(self, idx: int) -> list[int]:
        """The label of one image, for mmengine's ClassBalancedDataset."""
        return [int(self.source.labels[self.rows[idx]])]

    def get_subset(self, indices: Sequence[int]) -> 'ArrayDataset':
        """The data set of these indices only, for mmpretrain's KFoldDataset."""
        part = copy.copy(self)
        part.rows = self.rows[indices]
        return part

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """One picture (``img``, H x W x 3, RGB) and its label, for upstream's analyze_results."""
        return dict(img=self.source.picture(self.rows[idx]), gt_label=int(self.labels[idx]))

    @property
    def CLASSES(self) -> tuple[str, ...]:  # noqa: N802 (upstream's name)
        """Class names, for the same."""
        return self.source.classes

    def full_init(self) -> None:
        """Decode the images; mmengine's Runner and dataset wrappers call this."""
        self.source.images  # noqa: B018


@FUNCTIONS.register_module(name='batch_collate')
def take_batch(batch: dict | list[dict]) -> dict:
    """Return a batch unchanged; mmengine's collate functions expect single items.

    Dataset wrappers (ClassBalancedDataset, RepeatDataset) have no
    ``__getitems__`` and return a list of batches of one, which are joined.
    """
    if isinstance(batch, dict):
        return batch
    served = 'features' if 'features' in batch[0] else 'inputs'
    return Batch(
        **{served: torch.cat([item[served] for item in batch])},
        data_samples=[sample for item in batch for sample in item['data_samples']])

"""The labels of a batch, as one tensor, and as DataSamples for whatever looks at them."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from plugins.engine.lean_import import without

with without('mmdet'):
    from mmpretrain.structures import DataSample


class Samples(Sequence):
    """A batch's DataSamples, which are not built until something looks at one.

    A training step needs only :attr:`labels`: 64 samples would take longer than all other work of
    the engine in it.

    Args:
        samples: Existing samples; mmengine's preprocessors make a sequence of them again.
        labels: (B, ) int64, of samples that are not built yet, with the next three arguments.
        indices: Index of each image in its data set.
        shape: (height, width) of the images.
        num_classes: Number of classes.
    """

    def __init__(self, samples: Iterable[DataSample] = (), labels: Tensor | None = None,
                 indices: Sequence[int] = (), shape: tuple[int, ...] = (), num_classes: int = 0
                 ) -> None:
        self._samples, self._labels = list(samples), labels
        self._about = indices, shape, num_classes

    @property
    def labels(self) -> Tensor | None:
        """(B, ) int64; None once the samples were looked at, which may have changed them."""
        return self._labels

    def __len__(self) -> int:
        return len(self._samples if self._labels is None else self._labels)

    def __getitem__(self, index):
        if self._labels is not None:
            indices, shape, num_classes = self._about
            self._samples = [_data_sample(label, one, shape, num_classes) for label, one in zip(
                self._labels.split(1), indices, strict=True)]
            self._labels = None
        return self._samples[index]

    def to(self, device: torch.device) -> Samples:
        """The same on a device, copied at once, without waiting."""
        if self._labels is None:
            return Samples([sample.to(device, non_blocking=True) for sample in self._samples])
        return Samples((), self._labels.to(device, non_blocking=True), *self._about)


def _data_sample(label: Tensor, index: int, shape: tuple[int, ...],
                 num_classes: int) -> DataSample:
    """Build a DataSample without its setters, which check and deep-copy.

    The setters take 1.5 ms per batch of 64, more than all other work on the batch.
    mmpretrain itself fills ``__dict__`` directly when it unpickles a DataSample.
    """
    sample = object.__new__(DataSample)
    vars(sample).update(
        _metainfo_fields={'sample_idx', 'img_shape', 'num_classes'},
        _data_fields={'gt_label'},
        sample_idx=int(index),
        img_shape=shape,
        num_classes=num_classes,
        gt_label=label)
    return sample

"""Augment and normalise a classifier's batches on the device."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from plugins.classification.augmentation import BatchGeometry, build_color
from plugins.classification.samples import Samples
from plugins.engine import checks
from plugins.engine.lean_import import without

with without('mmdet'):
    from mmpretrain.registry import MODELS
    from mmpretrain.structures import (
        DataSample,
        batch_label_to_onehot,
        cat_batch_labels,
        tensor_split,
    )

CHANNELS = 3


@MODELS.register_module()
class BatchDataPreprocessor(BaseDataPreprocessor):
    """Augment and normalise a whole batch on the model's device.

    mmpretrain augments single images in CPU workers. Here every image of the
    batch gets its own random geometry, resampled once, and colour.

    Order: geometry, colour, normalisation, BGR, batch augments. In evaluation
    only ``eval_geometry``, normalisation and BGR. Without geometry and colour
    the result is exactly ``(inputs - mean) / std``.

    Args:
        mean: R, G, B means, in 0 ... 255 (in this order also with ``to_bgr``).
            None: nothing is subtracted; images stay in 0 ... 255, as in
            mmpretrain.
        std: R, G, B standard deviations, same unit; None is 1. Both are saved
            in checkpoints; those of a loaded checkpoint override the config.
        input_size: (height, width) that the network expects, or an integer.
            A recipe that results in another size is rejected. None: any size.
        train_geometry: Steps in order, e.g. ``dict(type='RandomRotation',
            degrees=20)``; see ``plugins.classification.augmentation.STEPS``.
        eval_geometry: Steps for evaluation; random ones are rejected.
        color: Colour steps in training, e.g. ``dict(type='ColorJitter',
            brightness=.2)``; see ``build_color``.
        fill: Values outside the image: 'nearest' or a grey level 0 ... 255.
        to_bgr: Return channels as B, G, R (Caffe's order).
        batch_augments: mmpretrain's ``dict(augments=[...], probs=[...])``
            (MixUp, CutMix ...), applied in training; needs ``num_classes``.
        num_classes: Classes of the one-hot scores that batch augments mix.
        non_blocking: Do not wait for the copy to the device, nor for the previous step.

    Raises:
        ValueError: An argument is wrong.
    """

    def __init__(self,
                 mean: Sequence[float] | None = None,
                 std: Sequence[float] | None = None,
                 input_size: int | Sequence[int] | None = None,
                 train_geometry: Sequence[Mapping[str, Any]] = (),
                 eval_geometry: Sequence[Mapping[str, Any]] = (),
                 color: Sequence[Mapping[str, Any]] = (),
                 fill: str | float = 'nearest',
                 to_bgr: bool = False,
                 batch_augments: Mapping[str, Any] | None = None,
                 num_classes: int | None = None,
                 non_blocking: bool = True) -> None:
        super().__init__(non_blocking)
        # always registered, so that any checkpoint of this class can be loaded
        self.register_buffer('mean', torch.zeros(CHANNELS, 1, 1))
        self.register_buffer('std', torch.ones(CHANNELS, 1, 1))
        self.set_normalization([0.] * CHANNELS if mean is None else mean,
                               [1.] * CHANNELS if std is None else std)
        self.input_size = (None if input_size is None
                           else checks.size(self, 'input_size', input_size))
        self.train_geometry = BatchGeometry(train_geometry, fill, 'train_geometry')
        self.eval_geometry = BatchGeometry(eval_geometry, fill, 'eval_geometry')
        if any(step.random for step in self.eval_geometry.steps):
            raise ValueError(f'eval_geometry: {list(eval_geometry)!r}, expected no random step: '
                             'evaluation must be repeatable')
        self.color = build_color(color)
        self.to_bgr = to_bgr
        self.num_classes = num_classes
        self.batch_augments = None
        if batch_augments:
            if num_classes is None:
                raise ValueError('num_classes=None, expected the number of classes: batch_augments '
                                 'mixes one-hot scores')
            from mmpretrain.models import RandomBatchAugment  # heavy; loaded by the model anyway
            self.batch_augments = RandomBatchAugment(**batch_augments)

    def set_normalization(self, mean: Sequence[float] | Tensor,
                          std: Sequence[float] | Tensor) -> None:
        """Set mean and std, e.g. to those of the training set.

        Args:
            mean: Three numbers, R, G, B, in 0 ... 255.
            std: Three numbers above 0, same unit.

        Raises:
            ValueError: If there are not three, one is not finite, or a std is not positive.
        """
        for key, value, buffer in (('mean', mean, self.mean), ('std', std, self.std)):
            tensor = torch.as_tensor(value, dtype=torch.float32).flatten()
            if tensor.numel() != CHANNELS or not tensor.isfinite().all():
                raise ValueError(f'{key}={value!r}, expected {CHANNELS} finite numbers (R, G, B)')
            if key == 'std' and (tensor <= 0).any():
                raise ValueError(f'std={value!r}, expected {CHANNELS} numbers above 0')
            buffer.copy_(tensor.view(-1, 1, 1))

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Process one batch.

        Args:
            data: ``inputs``: B x 3 x H x W, RGB, 0 ... 255, uint8 (or float);
                ``data_samples``: list of B samples, None or missing. Instead of
                inputs, ``features`` from FeatureCacheHook.
            training: Whether to augment.

        Returns:
            ``inputs``: B x 3 x h x w, float32, or a tuple of the features;
            ``data_samples``: on the device.

        Raises:
            ValueError: Inputs have another shape, or do not result in ``input_size``.
        """
        if 'features' in data:  # computed from images that were already processed
            return {'inputs': (self.cast_data(data['features']),),
                    'data_samples': self._moved(data.get('data_samples'))}
        inputs = data['inputs']
        if not isinstance(inputs, Tensor) or inputs.dim() != 4 or inputs.size(1) != CHANNELS:
            found = tuple(inputs.shape) if isinstance(inputs, Tensor) else type(inputs).__name__
            raise ValueError(f'inputs: {found}, expected one tensor B x {CHANNELS} x H x W')
        images = self._augment(self.cast_data(inputs), training)
        images = images.sub_(self.mean).div_(self.std)
        if self.to_bgr:
            images = images.flip(1)
        samples = self._moved(data.get('data_samples'))
        if training and self.batch_augments is not None:
            images, samples = self._mix(images, samples)
        return {'inputs': images, 'data_samples': samples}

    def _augment(self, inputs: Tensor, training: bool) -> Tensor:
        """Geometry and colour; the result is float32 and safe to change in place."""
        geometry = self.train_geometry if training else self.eval_geometry
        size = tuple(inputs.shape[-2:])
        final = geometry.out_size(size)
        if self.input_size is not None and final != self.input_size:
            key = 'train_geometry' if training else 'eval_geometry'
            raise ValueError(f'input_size={self.input_size}, but {key} makes {final} '
                             f'(height, width) of images of {size}')
        if inputs.is_floating_point():
            inputs = inputs.float().clone()  # the dataset may own this memory
        images = geometry(inputs).float()
        for change in self.color if training else ():
            images = change(images)
        return images

    def _moved(self, samples: Any) -> Any:
        if samples is None or self.device.type == 'cpu':
            return samples  # loaders work on the CPU
        if isinstance(samples, Samples):
            return samples.to(self.device)
        if all(isinstance(sample, DataSample) and 'gt_label' in sample for sample in samples):
            # one copy for the batch instead of one per sample
            labels, splits = cat_batch_labels([sample.gt_label for sample in samples])
            labels = self.cast_data(labels)
            for sample, label in zip(samples, tensor_split(labels, splits), strict=True):
                sample.set_gt_label(label)
            return samples
        return self.cast_data(samples)

    def _mix(self, images: Tensor, samples: Any) -> tuple[Tensor, list]:
        labels, splits = cat_batch_labels([sample.gt_label for sample in samples])
        scores = batch_label_to_onehot(labels, splits, self.num_classes)
        images, scores = self.batch_augments(images, scores)
        # new samples: the dataset may return the same ones in the next epoch
        mixed = [sample.new().set_gt_score(score)
                 for sample, score in zip(samples, scores, strict=True)]
        return images, mixed

"""An image classifier of which a part may stay as it was loaded."""
from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from plugins.engine.module_patterns import checked_patterns, matches


@MODELS.register_module()
class TransferClassifier(ImageClassifier):
    """mmpretrain's ImageClassifier, with frozen parts and a loss for each evaluated image.

    mmpretrain's ``frozen_stages`` freezes whole stages of some backbones, never
    the hidden layers of a head, and no head returns a loss in evaluation, which
    report A's plateau schedule and report B's tables need. Its ``cal_acc`` counts
    only logits above 0, so that the accuracy in training is too low.

    Freezing is Keras's ``trainable=False``: the weights get no gradient, and
    BatchNorm normalises by its running statistics, which stay as they are.
    Dropout stays active. What upstream itself froze (``frozen_stages``,
    ``requires_grad=False`` in a ``norm_cfg``) stays frozen in any case.

    Args:
        args: As for ImageClassifier.
        trainable: What learns; see :meth:`set_trainable`.
        kwargs: As for ImageClassifier.

    Attributes:
        trainable: The patterns in force, or None.
        features_of: The part whose output is taken in place of images:
            ``backbone`` or ``neck``; FeatureCacheHook sets it. None: images alone.

    Raises:
        ValueError: As :meth:`set_trainable`.
    """

    def __init__(self, *args: Any, trainable: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.features_of: str | None = None
        self._frozen_upstream = {name for name, parameter in self.named_parameters()
                                 if not parameter.requires_grad}
        self.set_trainable(trainable)

    def set_trainable(self, patterns: Sequence[str] | None) -> None:
        """Say what learns from now on; everything else is frozen. May be called between epochs.

        Args:
            patterns: Names of modules, e.g. ``['backbone.layer4.2', 'head']``,
                with fnmatch's wildcards (``*`` also matches dots). A module
                learns with all that it contains. None: everything learns.

        Raises:
            ValueError: A pattern matches no module that has weights, or there is no pattern.
        """
        if patterns is not None:
            patterns = checked_patterns(self, patterns, 'trainable')
            if not patterns:
                raise ValueError("trainable=[], expected names of modules such as ['head'], or "
                                 'None: everything learns')
        self.trainable = patterns
        for name, parameter in self.named_parameters():
            learns = self._learns(name) and name not in self._frozen_upstream
            parameter.requires_grad_(learns)
            if not learns:
                parameter.grad = None  # an accumulated one would still be applied
        self.train(self.training)

    def _learns(self, name: str) -> bool:
        return self.trainable is None or matches(name, self.trainable)

    def train(self, mode: bool = True) -> 'TransferClassifier':
        """Switch to training or evaluation; the BatchNorm of frozen parts only ever evaluates."""
        super().train(mode)
        if mode and self.trainable is not None:
            # Looked up anew each epoch: mmengine replaces modules for synchronised BatchNorm.
            for name, module in self.named_modules():
                if isinstance(module, _BatchNorm) and not self._learns(name):
                    module.eval()
        return self

    def extract_feat(self, inputs: Tensor | tuple[Tensor], stage: str = 'neck'
                     ) -> tuple[Tensor, ...]:
        """As upstream's; also goes on from features that a frozen part gave before.

        Args:
            inputs: (N, 3, H, W) images, or a tuple of what ``features_of``
                names gave of them.
            stage: As upstream's; for features ``neck``.

        Raises:
            ValueError: Features, and nothing says what they are of, or another stage.
        """
        if isinstance(inputs, Tensor):
            return super().extract_feat(inputs, stage)
        if self.features_of is None or stage != 'neck':
            raise ValueError(f'TransferClassifier: features of {self.features_of} at stage '
                             f'{stage!r}; expected images, or features_of set and stage neck')
        return self.neck(inputs) if self.features_of == 'backbone' and self.with_neck else inputs

    def loss(self, inputs: Tensor | tuple[Tensor], data_samples: list[DataSample]
             ) -> dict[str, Tensor]:
        """As upstream's, with the accuracy of what the losses are of.

        Args:
            inputs: (N, C, H, W) images, or features, see :meth:`extract_feat`.
            data_samples: N samples.

        Returns:
            The head's losses and, unless labels are mixed (``gt_score``), ``accuracy_top-1``: in %,
            of the images as augmented and with dropout at work, as Keras counts it.
        """
        head = self.head
        if type(head).loss is not ClsHead.loss or not _labelled(data_samples) \
                or 'gt_score' in data_samples[0]:
            return super().loss(inputs, data_samples)
        scores = head(self.extract_feat(inputs))
        losses = head._get_loss(scores, data_samples)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        losses['accuracy_top-1'] = (scores.detach().argmax(1) == labels).float().mean() * 100
        return losses

    def predict(self, inputs: Tensor | tuple[Tensor],
                data_samples: list[DataSample] | None = None, **kwargs: Any) -> list[DataSample]:
        """Predict a batch; samples that know their label also get ``loss``.

        Args:
            inputs: (N, C, H, W) images, or features, see :meth:`extract_feat`.
            data_samples: N samples, or None.
            kwargs: As for the head's predict.

        Returns:
            N samples with pred_score, pred_label and, if all have gt_label,
            ``loss``: the head's loss for this image alone (0-dim tensor). The
            mean over images is what the head reports in training, given the
            same scores. All of it is on the CPU: one transfer for the batch, where
            upstream's metrics make some for each image.
        """
        head = self.head
        own = type(head).predict is not ClsHead.predict or type(head).loss is not ClsHead.loss
        if kwargs or own or not _labelled(data_samples):
            return super().predict(inputs, data_samples, **kwargs)
        # The two halves of ClsHead.predict and ClsHead.loss, with one pass through the head.
        scores = head(self.extract_feat(inputs))
        losses = head._get_loss(scores, data_samples, reduction_override='none')['loss']
        if losses.dim() > 1:  # one binary decision per class; training adds them up
            losses = losses.flatten(1).sum(1)
        if scores.device.type != 'cpu':
            labels = torch.cat([sample.gt_label for sample in data_samples]).cpu()
            for sample, label in zip(data_samples, labels, strict=True):
                sample.set_gt_label(label)
        predictions = head._get_predictions(scores.cpu(), data_samples)
        for sample, loss in zip(predictions, losses.cpu(), strict=True):
            sample.loss = loss
        return predictions


def _labelled(samples: list[DataSample] | None) -> bool:
    return bool(samples) and all(s is not None and 'gt_label' in s for s in samples)

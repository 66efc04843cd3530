"""An image classifier of which parts may be frozen."""
from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from plugins.engine.checks import is_number, refuse
from plugins.engine.module_patterns import checked_patterns, matches

from .cut import Cut


@MODELS.register_module()
class TransferClassifier(ImageClassifier):
    """mmpretrain's ImageClassifier, with frozen parts and a loss per evaluated image.

    mmpretrain's ``frozen_stages`` freezes whole stages of some backbones, but no
    hidden layers of a head. Its heads return no loss in evaluation, which report
    A's plateau schedule and report B's tables need. Its ``cal_acc`` counts only
    logits above 0, so its training accuracy is too low.

    Freezing works like Keras's ``trainable=False``: weights get no gradient, and
    BatchNorm uses its running statistics, which do not change. Dropout stays
    active. What upstream froze (``frozen_stages``, ``requires_grad=False`` in a
    ``norm_cfg``) always stays frozen.

    Args:
        trainable: The trainable modules; see :meth:`set_trainable`.

    Attributes:
        trainable: The current patterns, or None.
        features_of: The module in backbone or neck whose output is accepted instead of images;
            set by FeatureCacheHook. None: only images.

    Raises:
        ValueError: As :meth:`set_trainable`; there is one class, or not one weight per class.
    """

    def __init__(self, *args: Any, trainable: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._check_classes(getattr(self.head, 'num_classes', None))
        self.features_of: Cut | None = None
        self._frozen_upstream = {name for name, parameter in self.named_parameters()
                                 if not parameter.requires_grad}
        self.set_trainable(trainable)

    def _check_classes(self, number: int | None) -> None:
        if number == 1:
            raise ValueError('model.head.num_classes=1, expected at least 2: of one class, every '
                             'answer is right; add images of another class')
        for name, module in self.named_modules():
            for key in ('class_weight', 'pos_weight'):
                weights = getattr(module, key, None)
                if number and isinstance(weights, Sequence) and not (
                        len(weights) == number and any(weights)
                        and all(is_number(weight) and weight >= 0 for weight in weights)):
                    raise refuse('', f'model.{name.replace("loss_module", "loss")}.{key}', weights,
                                 f'{number} numbers of at least 0, one per class, not all 0')

    def set_trainable(self, patterns: Sequence[str] | None) -> None:
        """Make some modules trainable and freeze all others. May be called between epochs.

        Args:
            patterns: Names of modules, e.g. ``['backbone.layer4.2', 'head']``,
                with fnmatch's wildcards (``*`` also matches dots). Submodules
                are included. None: everything is trainable.

        Raises:
            ValueError: A pattern matches no module with weights, or there is no pattern.
        """
        if patterns is not None:
            patterns = checked_patterns(self, patterns, 'trainable')
            if not patterns:
                raise ValueError("trainable=[], expected names of modules such as ['head'], or "
                                 'None: everything is trainable')
        self.trainable = patterns
        for name, parameter in self.named_parameters():
            trainable = self._is_trainable(name) and name not in self._frozen_upstream
            parameter.requires_grad_(trainable)
            if not trainable:
                parameter.grad = None  # an accumulated one would still be applied
        self.train(self.training)

    def _is_trainable(self, name: str) -> bool:
        return self.trainable is None or matches(name, self.trainable)

    def train(self, mode: bool = True) -> 'TransferClassifier':
        """Switch to training or evaluation; BatchNorm in frozen parts stays in evaluation."""
        super().train(mode)
        if mode and self.trainable is not None:
            # Looked up again each epoch: mmengine replaces modules for synchronised BatchNorm.
            for name, module in self.named_modules():
                if isinstance(module, _BatchNorm) and not self._is_trainable(name):
                    module.eval()
        return self

    def extract_feat(self, inputs: Tensor | tuple[Tensor], stage: str = 'neck'
                     ) -> tuple[Tensor, ...]:
        """As upstream, but also continues from stored features of frozen layers.

        Args:
            inputs: (N, 3, H, W) images, or a tuple of features: the output of
                ``features_of``.
            stage: As upstream; for features only ``neck``.

        Raises:
            ValueError: Features were given, but ``features_of`` is None, or for another stage.
        """
        if isinstance(inputs, Tensor):
            return super().extract_feat(inputs, stage)
        if self.features_of is None or stage != 'neck':
            name = getattr(self.features_of, 'name', None)
            raise ValueError(f'TransferClassifier: features of {name} at stage {stage!r}; '
                             'expected images, or features_of set and stage neck')
        with self.features_of.resumed(self, inputs[0]) as images:
            return super().extract_feat(images, stage)

    def loss(self, inputs: Tensor | tuple[Tensor], data_samples: list[DataSample]
             ) -> dict[str, Tensor]:
        """As upstream, with the accuracy on the same images.

        Args:
            inputs: (N, C, H, W) images, or features, see :meth:`extract_feat`.
            data_samples: N samples; of ``Samples``, only the labels are needed.

        Returns:
            The head's losses and, unless labels are mixed (``gt_score``), ``accuracy_top-1`` in %,
            with augmentation and dropout, as in Keras.
        """
        head, labels = self.head, getattr(data_samples, 'labels', None)
        if type(head).loss is not ClsHead.loss or labels is None and (
                not _labelled(data_samples) or 'gt_score' in data_samples[0]):
            return super().loss(inputs, data_samples)
        scores = head(self.extract_feat(inputs))
        if labels is None:
            labels = torch.cat([sample.gt_label for sample in data_samples])
        losses = head._get_loss(scores, data_samples) \
            if type(head)._get_loss is not ClsHead._get_loss or head.cal_acc \
            else {'loss': head.loss_module(scores, labels, avg_factor=len(labels))}
        losses['accuracy_top-1'] = (scores.detach().argmax(1) == labels).float().mean() * 100
        return losses

    def predict(self, inputs: Tensor | tuple[Tensor],
                data_samples: list[DataSample] | None = None, **kwargs: Any) -> list[DataSample]:
        """Predict a batch; samples with a label also get ``loss``.

        Args:
            inputs: (N, C, H, W) images, or features, see :meth:`extract_feat`.
            data_samples: N samples, or None.

        Returns:
            N samples with pred_score, pred_label and, if all have gt_label,
            ``loss``: the head's loss for this image (0-dim tensor). For equal
            scores, its mean over images is the training loss. Everything is on
            the CPU, copied once per batch instead of several times per image.
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

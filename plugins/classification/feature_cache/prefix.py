"""The part of a classifier that training does not change."""
import copy
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from plugins.classification.classifiers import TransferClassifier
from plugins.engine.random_state import kept_random_state
from plugins.engine.unwrap import in_mode
from plugins.engine.wording import some

Context = Callable[[], AbstractContextManager]


def what_learns(model: TransferClassifier, part: str) -> list[str]:
    """List what is not frozen in ``backbone`` or ``neck``, with reasons; empty if all is frozen.

    Listed are trainable parameters, BatchNorm with batch statistics and active dropout.
    """
    module = getattr(model, part)
    found = [f'{part}.{name} is trainable' for name, parameter in module.named_parameters()
             if parameter.requires_grad]
    with in_mode(model, training=True):
        for name, layer in module.named_modules():
            name = f'{part}.{name}'.rstrip('.')
            if isinstance(layer, _BatchNorm) and (layer.training or not layer.track_running_stats):
                found.append(f'{name} uses batch statistics')
            elif layer.training and (isinstance(layer, _DropoutNd) and layer.p > 0
                                     or isinstance(layer, DropPath) and layer.drop_prob > 0):
                found.append(f'{name} is active dropout')
    return found


class FrozenPrefix:
    """Preprocessing, backbone and, if it is also frozen, neck, as one function of images.

    A copy of the frozen part is used, in channels-last layout (up to 1.5 times faster on a
    CPU); the model is not changed. Of backbone and neck, the smaller output is used: report A's
    neck enlarges 2 x 2 positions to 7 x 7.

    Args:
        model: Its backbone must be frozen, see :func:`what_learns`.
        images: A few of the data set's images, B x 3 x H x W, for a trial run.
        context: Creates the context of the model's forward pass (mixed precision).
        training: Whether the trial run preprocesses as in training (else as in evaluation).

    Attributes:
        stage: The part whose output the features are: ``backbone`` or ``neck``.

    Raises:
        ValueError: The backbone is not frozen, returns several tensors, or returns
            different features in training and evaluation.
    """

    def __init__(self, model: TransferClassifier, images: Tensor,
                 context: Context = nullcontext, training: bool = False) -> None:
        if unfrozen := what_learns(model, 'backbone'):
            raise ValueError(
                f'FeatureCacheHook: the backbone is not frozen: {some(unfrozen, "; ", 3)}. '
                "Freeze it (model.trainable=['head']), or set "
                'default_hooks.feature_cache.enabled=False')
        self.preprocessor = model.data_preprocessor
        self._layers = nn.ModuleDict({'backbone': copy.deepcopy(model.backbone)})
        if model.with_neck and not what_learns(model, 'neck'):
            self._layers['neck'] = copy.deepcopy(model.neck)
        self._layers.to(memory_format=torch.channels_last)
        self._layers.requires_grad_(False).eval()
        with kept_random_state():
            batch = self.preprocessor({'inputs': images}, training=training)['inputs']
            self._check_modes(model, batch, context)
        outputs = {stage: self._run(batch, context, stage) for stage in self._layers}
        self.stage = min(reversed(outputs), key=lambda stage: outputs[stage].numel())

    @staticmethod
    def _check_modes(model: TransferClassifier, batch: Tensor, context: Context) -> None:
        """Reject differences that no layer's type shows, such as functional dropout."""
        with torch.no_grad(), context():
            with in_mode(model, training=False):
                evaluated = model.extract_feat(batch, 'backbone')
            with in_mode(model, training=True):
                trained = model.extract_feat(batch, 'backbone')
        if not isinstance(evaluated, tuple) or len(evaluated) != 1:
            raise ValueError(
                'FeatureCacheHook: the backbone returns '
                f'{len(evaluated) if isinstance(evaluated, tuple) else type(evaluated).__name__} '
                'tensors, expected a tuple of one; set model.backbone.out_indices to one index')
        if not torch.allclose(evaluated[0], trained[0], rtol=1e-3, atol=1e-5):
            raise ValueError(
                'FeatureCacheHook: the backbone returns different features in training and '
                'evaluation (dropout in its forward?); switch that off in model.backbone, or set '
                'default_hooks.feature_cache.enabled=False')

    def __call__(self, images: Tensor, context: Context = nullcontext,
                 training: bool = False) -> Tensor:
        """Features of a batch: B x C (x H x W), float32 (bfloat16 loses nothing), on the CPU."""
        batch = self.preprocessor({'inputs': images}, training=training)['inputs']
        return self._run(batch, context, self.stage).float().cpu()

    def _run(self, batch: Tensor, context: Context, stage: str) -> Tensor:
        with torch.no_grad(), context():
            feats = self._layers['backbone'](batch.to(memory_format=torch.channels_last))
            return (feats if stage == 'backbone' else self._layers['neck'](feats))[-1]

    def digest(self) -> str:
        """SHA-256 of every weight and buffer that the features depend on."""
        digest = hashlib.sha256()
        for owner in (self.preprocessor, self._layers['backbone'],
                      *([self._layers['neck']] if self.stage == 'neck' else [])):
            for name, value in owner.state_dict().items():
                digest.update(f'{name} {value.dtype} {tuple(value.shape)}'.encode())
                value = value.detach().cpu().contiguous()
                digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

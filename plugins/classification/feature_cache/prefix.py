"""The part of a classifier that training does not change."""
import copy
import hashlib
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from plugins.classification.classifiers import TransferClassifier
from plugins.classification.classifiers.cut import Cut, tensors_in, traced
from plugins.engine.random_state import kept_random_state
from plugins.engine.unwrap import in_mode
from plugins.engine.wording import some

Context = Callable[[], AbstractContextManager]


def what_learns(model: TransferClassifier) -> dict[str, str]:
    """What is not frozen in backbone and neck, as reason -> module; empty if all is.

    It is trainable parameters, BatchNorm with batch statistics and active dropout.
    """
    found: dict[str, str] = {}
    with in_mode(model, training=True):
        for name, layer in model.named_modules():
            if name.partition('.')[0] not in ('backbone', 'neck'):
                continue
            found |= {f'{name}.{key} is trainable': name for key, parameter
                      in layer.named_parameters(recurse=False) if parameter.requires_grad}
            if isinstance(layer, _BatchNorm) and (layer.training or not layer.track_running_stats):
                found[f'{name} uses batch statistics'] = name
            elif layer.training and (isinstance(layer, _DropoutNd) and layer.p > 0
                                     or isinstance(layer, DropPath) and layer.drop_prob > 0):
                found[f'{name} is active dropout'] = name
    return found


def settings_of(model: TransferClassifier) -> list[tuple]:
    """All that :func:`what_learns` follows from; it is found in a fifth of the time."""
    return [(model.trainable, ), *(
        (layer.__dict__.get('p'), layer.__dict__.get('drop_prob'),
         layer.__dict__.get('track_running_stats'),
         *(parameter.requires_grad for parameter in layer._parameters.values()
           if parameter is not None)) for layer in model.modules())]


class NothingFrozenError(ValueError):
    """There are no features to compute once."""


class FrozenPrefix:
    """Preprocessing and the frozen first layers, as one function of images.

    It ends with the last module executed (layer, block, stage, backbone or neck) before which
    nothing learns and on whose output alone the rest depends: never within a residual or dense
    block, whose shortcuts would be lost. Only modules without weights are left to the rest where
    that makes the features smaller (report A's neck enlarges 2 x 2 positions to 7 x 7).

    A copy of the layers is used. If all are frozen, it is channels-last, 1.6 times as fast on a
    CPU. Else it rounds like the model: 1e-6 would grow in the training of the layers behind it.

    Args:
        model: Its first layers must be frozen, see :func:`what_learns`.
        images: A few of the data set's images, B x 3 x H x W, for a trial run.
        context: Creates the context of the model's forward pass (mixed precision).
        training: Whether the trial run preprocesses as in training (else as in evaluation).

    Attributes:
        cut: The module whose output the features are.

    Raises:
        NothingFrozenError: There is no such module.
    """

    def __init__(self, model: TransferClassifier, images: Tensor,
                 context: Context = nullcontext, training: bool = False) -> None:
        self._learning = what_learns(model)
        self.preprocessor = model.data_preprocessor
        with in_mode(model, training=True):  # the model decides which BatchNorm is frozen
            self._layers = nn.Sequential(OrderedDict(
                (name, copy.deepcopy(part)) for name in ('backbone', 'neck')
                if (part := getattr(model, name)) is not None))
        with kept_random_state():
            self.cut = self._find(context, *(
                self.preprocessor({'inputs': images}, training=mode)['inputs']
                for mode in (training, not training)))
        self._layers.requires_grad_(False).eval()
        if not self._learning:
            self._layers.to(memory_format=torch.channels_last)

    def _find(self, context: Context, images: Tensor, *others: Tensor) -> Cut:
        """Find the cut for images, and check it with others, which may have another size."""
        with torch.enable_grad(), context(), traced(self._layers) as calls:
            self._layers(images)
        chosen, times = None, Counter(call.name for call in calls)
        begin = min((call.start for call in calls if call.name in self._learning.values()),
                    default=math.inf)
        for call in reversed(calls):
            output = tensors_in(call.output)
            if call.end < begin and times[call.name] == len(output) == 1 \
                    and not output[0].requires_grad and output[0].shape[:1] == images.shape[:1]:
                cut = Cut(call, calls, images)
                if (not chosen or cut.shape.numel() < chosen.shape.numel()) \
                        and self._is_exact(cut, [images, *others]):
                    chosen = cut
            if chosen and [*self._layers.get_submodule(call.name).parameters(recurse=False)]:
                break
        if not chosen:
            raise NothingFrozenError(
                'FeatureCacheHook: found no frozen first layers from whose output alone the others '
                f'can be computed{": " if self._learning else ""}{some(self._learning, "; ", 3)}. '
                "Freeze more (model.trainable=['head'] freezes all before the head), or set "
                'default_hooks.feature_cache.enabled=False')
        return chosen

    @torch.no_grad()
    def _is_exact(self, cut: Cut, batches: Sequence[Tensor]) -> bool:
        """Whether the module's output is training's, and all that the rest depends on."""
        for batch in batches:
            rest = [batch * torch.nan]
            with in_mode(self._layers, training=False):
                features = cut.features(self._layers, batch[:1])
                # fails e.g. if a network writes into what a skipped module should return
                with suppress(RuntimeError), cut.resumed(self._layers, features.clone()) as blank:
                    rest = tensors_in(self._layers(blank))
                if any(tensor.isnan().any() for tensor in rest):
                    return False
                whole = tensors_in(self._layers(batch[:1]))
            trained = cut.features(self._layers, batch[:1])  # dropout that no layer's type shows?
            if not all(torch.allclose(*pair, rtol=1e-3, atol=1e-5) for pair in zip(
                    [trained, *rest], [features, *whole], strict=True)):
                return False
        return True

    def __call__(self, images: Tensor, context: Context = nullcontext,
                 training: bool = False) -> Tensor:
        """Features of a batch: B x C (x H x W), float32 (bfloat16 loses nothing), on the CPU."""
        batch = self.preprocessor({'inputs': images}, training=training)['inputs']
        with torch.no_grad(), context():
            return self.cut.features(self._layers, batch).float().cpu()

    def digest(self) -> str:
        """SHA-256 of every weight and buffer that the features depend on."""
        digest = hashlib.sha256()
        for name, value in (self.preprocessor.state_dict() | self._layers.state_dict()).items():
            if name.rpartition('.')[0] not in self._learning.values():
                digest.update(f'{name} {value.dtype} {tuple(value.shape)}'.encode())
                value = value.detach().cpu().contiguous()
                digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

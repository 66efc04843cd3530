"""The part of a classifier that no step of a training changes."""
import copy
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from plugins.classification.classifiers import TransferClassifier

Context = Callable[[], AbstractContextManager]


def what_learns(model: TransferClassifier, part: str) -> list[str]:
    """What of ``backbone`` or ``neck`` is not frozen, by name and with why; empty if all is.

    Parameters that get a gradient, BatchNorm that normalises by its batch, active dropout.
    """
    module = getattr(model, part)
    found = [f'{part}.{name} learns' for name, parameter in module.named_parameters()
             if parameter.requires_grad]
    with _mode(model, training=True):
        for name, layer in module.named_modules():
            name = f'{part}.{name}'.rstrip('.')
            if isinstance(layer, _BatchNorm) and (layer.training or not layer.track_running_stats):
                found.append(f'{name} normalises by its batch')
            elif layer.training and (isinstance(layer, _DropoutNd) and layer.p > 0
                                     or isinstance(layer, DropPath) and layer.drop_prob > 0):
                found.append(f'{name} drops values')
    return found


class FrozenPrefix:
    """Preprocessing, backbone and, where it is frozen too, neck, as one function of images.

    A copy of the frozen part evaluates, in channels-last layout (up to 1.5 times faster on a
    CPU); the model stays as it is. Of backbone and neck, the output that has fewer values is
    kept: report A's neck blows 2 x 2 positions up to 7 x 7.

    Args:
        model: Its backbone must be frozen, see :func:`what_learns`.
        images: A few of the data set's images, B x 3 x H x W, to try it on.
        context: Makes the context that the model's own forward pass runs in
            (mixed precision).
        training: Whether these images get the training's preprocessing, or the evaluation's.

    Attributes:
        stage: What the features are the output of: ``backbone`` or ``neck``.

    Raises:
        ValueError: The backbone learns; it gives several tensors; or it gives
            other features in training than in evaluation.
    """

    def __init__(self, model: TransferClassifier, images: Tensor,
                 context: Context = nullcontext, training: bool = False) -> None:
        if learning := what_learns(model, 'backbone'):
            more = f' and {len(learning) - 3} more' if len(learning) > 3 else ''
            raise ValueError(
                f'FeatureCacheHook: the backbone is not frozen: {"; ".join(learning[:3])}{more}. '
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
        """Find what no layer's type tells, as a functional dropout."""
        with torch.no_grad(), context():
            with _mode(model, training=False):
                evaluated = model.extract_feat(batch, 'backbone')
            with _mode(model, training=True):
                trained = model.extract_feat(batch, 'backbone')
        if not isinstance(evaluated, tuple) or len(evaluated) != 1:
            raise ValueError(
                'FeatureCacheHook: the backbone gives '
                f'{len(evaluated) if isinstance(evaluated, tuple) else type(evaluated).__name__} '
                'tensors; expected a tuple of one: give model.backbone.out_indices one index')
        if not torch.allclose(evaluated[0], trained[0], rtol=1e-3, atol=1e-5):
            raise ValueError(
                'FeatureCacheHook: the backbone gives other features in training than in '
                'evaluation (dropout within its forward?); turn that off in model.backbone, or '
                'set default_hooks.feature_cache.enabled=False')

    def __call__(self, images: Tensor, context: Context = nullcontext,
                 training: bool = False) -> Tensor:
        """Features of a batch: B x C (x H x W), float32 (bfloat16 loses nothing), on the CPU."""
        batch = self.preprocessor({'inputs': images}, training=training)['inputs']
        return self._run(batch, context, self.stage).float().cpu()

    def shape_of(self, images: Tensor, context: Context, training: bool) -> tuple[int, ...]:
        """Shape of one image's features, C or C x H x W; arguments as for a call."""
        with kept_random_state():
            return tuple(self(images, context, training).shape[1:])

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


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Leave the random numbers that training will draw as they are."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        yield


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Switch a model to training or evaluation and, module by module, back."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode

"""The part of a classifier that no step of a training changes."""
import copy
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from plugins.classification.classifiers import TransferClassifier
from plugins.classification.datasets import ArrayDataset

Context = Callable[[], AbstractContextManager]


def what_learns(model: TransferClassifier, part: str) -> list[str]:
    """Names of what gives other features in training than in evaluation, or learns, each with why.

    Args:
        model: In whatever mode; it is kept.
        part: ``backbone`` or ``neck``.

    Returns:
        Parameters that get a gradient, BatchNorm that normalises by its batch,
        dropout that is active. Empty for a part that is frozen wholly.
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

    mmpretrain has nothing like it: ``extract_feat`` runs in the model's own
    mode, with the batch that training has. Here a copy of the frozen part
    evaluates, in channels-last layout, which a CPU is up to 1.5 times faster
    in (MobileNetV2, 96 px); the model itself stays as it is.

    Of backbone and neck, the output that has fewer values is what is kept:
    report A's neck blows 2 x 2 positions up to 7 x 7.

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
        """Features of a batch.

        Args:
            images: B x 3 x H x W, as the data set gives them.
            context: As for the class.
            training: Whether the training's preprocessing is applied, or the evaluation's.

        Returns:
            B x C (x H x W), float32 (bfloat16 and float16 lose nothing), on the CPU.
        """
        batch = self.preprocessor({'inputs': images}, training=training)['inputs']
        return self._run(batch, context, self.stage).float().cpu()

    def shape_of(self, images: Tensor, context: Context, training: bool) -> tuple[int, ...]:
        """Of the features of one image, C or C x H x W; arguments as for a call."""
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


def fill_rows(features: np.ndarray, dataset: ArrayDataset, prefix: FrozenPrefix,
              starts: Iterator[tuple[int, int]], batch_size: int, context: Context,
              training: bool, seed: int | None) -> None:
    """Compute features batch by batch, in place.

    Args:
        features: Views x N x C (x H x W), float32.
        dataset: N images; it serves images.
        prefix: What computes.
        starts: View and first image of each batch to compute.
        batch_size: Images of a batch.
        context: As for :class:`FrozenPrefix`.
        training: Likewise.
        seed: Of the views; None where nothing is random. What an image gets
            follows from it, the view and the image's place in the data set.
    """
    for view, start in starts:
        rows = range(start, min(start + batch_size, len(dataset)))
        with kept_random_state():
            if seed is not None:
                state = np.random.SeedSequence([seed, view, start]).generate_state(1, np.uint64)
                torch.manual_seed(int(state[0]))
            images = dataset.__getitems__(rows)['inputs']
            features[view, rows.start:rows.stop] = prefix(images, context, training).numpy()


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

"""A classifier's modules on one picture: their order, feature maps and gradients."""
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from plugins.classification.classifiers.cut import traced
from plugins.engine.wording import near


@dataclass
class Trace:
    """What a classifier's modules were given and returned for one picture, see :func:`trace`.

    Attributes:
        model: The classifier, in evaluation mode.
        inputs: 1 x 3 x H x W, the backbone's input, after the data preprocessor.
        scores: (classes,), as tools/predict.py computes them.
        shapes: Module name -> the shapes of its outputs, one per call, None for an output that is
            not a tensor; in the order in which the modules first return.
    """

    model: nn.Module
    inputs: Tensor
    scores: np.ndarray
    shapes: dict[str, list[tuple[int, ...] | None]] = field(default_factory=dict)

    @property
    def convolutions(self) -> list[str]:
        """Names of the convolutions called exactly once, in call order (not the order of names).

        Raises:
            ValueError: There is none.
        """
        names = [name for name, shapes in self.shapes.items() if len(shapes) == 1
                 and isinstance(self.model.get_submodule(name), nn.Conv2d)]
        if not names:
            raise ValueError(f'{type(self.model.backbone).__name__}: the network has no '
                             'convolution; there are no filters and maps to draw')
        return names

    def filters(self) -> np.ndarray:
        """Weights of the first convolution, O x C x h x w; if C is 3, in the order R, G, B."""
        first = self.model.get_submodule(self.convolutions[0])
        weights = first.weight.detach().float().cpu().numpy()
        if weights.shape[1] == 3 and channels_reversed(self.model.data_preprocessor):
            weights = weights[:, ::-1]
        return weights

    def default_layers(self) -> list[str]:
        """Layers whose feature maps are drawn by default.

        For a DenseNet those of row E14: block 5 of conv4 in Keras's numbering (the stem is conv1,
        so conv4 is the third stage) and the last convolution. For other networks, and a DenseNet
        that ends before conv4, the first, the middle and the last convolution.
        """
        names = self.convolutions
        block = 'backbone.stages.2.block.4'
        if type(self.model.backbone).__name__.endswith('DenseNet') and block in self.shapes:
            return [block, names[-1]]
        return list(dict.fromkeys([names[0], names[len(names) // 2], names[-1]]))

    def default_cam_layer(self) -> str:
        """The last module to return maps of the same size as the last convolution's.

        Its maps include normalisation, activation and shortcuts, but no pooling: a ResNet's last
        stage, or all maps of a DenseNet instead of the last 32.
        """
        last = self.convolutions[-1]
        order = list(self.shapes)
        size = self.shapes[last][0][2:]
        return [name for name in order[order.index(last):] if len(self.shapes[name]) == 1
                and len(self.shapes[name][0] or ()) == 4 and self.shapes[name][0][2:] == size][-1]

    def checked(self, name: str) -> str:
        """Check a layer's name, and return it as :meth:`maps` and :meth:`grad_cam` expect it.

        Raises:
            ValueError: There is no such module (the message lists similar names), it is not called
                exactly once, or its output is not maps.
        """
        modules = dict(self.model.named_modules(remove_duplicate=False))
        modules.pop('')  # the network itself
        if name not in modules:
            raise ValueError(f'layer {name!r}: the network has no such module'
                             + near(name, sorted(modules, key=lambda key: key.count('.'))))
        own = next(key for key, module in self.model.named_modules() if module is modules[name])
        shapes = self.shapes.get(own, [])
        if len(shapes) != 1:
            raise ValueError(f'layer {name}: is called {len(shapes)} times for a picture, expected '
                             'once; name one of its parts, or a module around it or next to it')
        if len(shapes[0] or ()) != 4:
            raise ValueError(f'layer {name}: gives '
                             + (f'a tensor of shape {shapes[0]}' if shapes[0] else 'no tensor')
                             + ', expected maps: 1 x channels x height x width')
        return own

    def maps(self, name: str) -> np.ndarray:
        """A layer's output, C x H x W, before later modules change it in place.

        Args:
            name: As :meth:`checked` returns it.

        Raises:
            ValueError: Some values are not finite.
        """
        kept = []
        with torch.no_grad(), self.model.get_submodule(name).register_forward_hook(
                lambda module, inputs, output: kept.append(output.clone())):
            self.model(self.inputs)
        maps = kept[0][0].float().cpu().numpy()
        if not np.isfinite(maps).all():
            raise ValueError(f'layer {name}: some of its values are not finite; the weights do not '
                             'suit this picture, or diverged')
        return maps

    def grad_cam(self, name: str, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Grad-CAM: the areas of the picture that support a class (Selvaraju et al. 2017).

        The values are pytorch-grad-cam's, but scaled differently: it subtracts the smallest value,
        while here 0 stays 0, so the map is not empty if the whole picture supports the class. The
        class score is the head's output, before softmax.

        Args:
            name: As :meth:`checked` returns it.
            label: Index of the class.

        Returns:
            Shares of the largest value, from 0 to 1, at the input's (H, W), all 0 if no value is
            above 0; and the values themselves, at the layer's (h, w).

        Raises:
            ValueError: The class's score does not depend on this layer.
        """
        kept: list[Tensor] = []
        # the next module may change the clone in place, but not what is kept
        with torch.enable_grad(), self.model.get_submodule(name).register_forward_hook(
                lambda module, inputs, output: kept.append(output) or output.clone()):
            # with a frozen backbone, only a gradient of the input makes gradients pass through it
            score = self.model(self.inputs.clone().requires_grad_())[0, label]
            gradient, = torch.autograd.grad(score, kept, allow_unused=True)
        if gradient is None:
            raise ValueError(f'layer {name}: no class score depends on it; name one on the way to '
                             'the head')
        maps, slopes = (value.detach().float().cpu().numpy()[0] for value in (*kept, gradient))
        raw = (slopes.mean((1, 2))[:, None, None] * maps).sum(0)
        share = raw.clip(0) / raw.max() if raw.max() > 0 else np.zeros_like(raw)
        share = nn.functional.interpolate(torch.from_numpy(share)[None, None],
                                          self.inputs.shape[2:], mode='bilinear')
        return share[0, 0].numpy(), raw


def trace(model: nn.Module, predict: Callable[[], np.ndarray]) -> Trace:
    """Record a classifier's modules while it predicts one picture.

    The order of their calls shows which convolution is the last. ``predict`` predicts the picture
    with this model, as ``Classify`` does, and returns the scores.
    """
    seen = Trace(model, torch.empty(0), np.empty(0))

    def take(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.inputs = inputs[0].detach().clone()

    with model.backbone.register_forward_pre_hook(take), traced(model) as calls:
        seen.scores = predict()
    for call in calls:
        if not call.name.startswith('data_preprocessor'):
            shape = tuple(call.output.shape) if isinstance(call.output, Tensor) else None
            seen.shapes.setdefault(call.name, []).append(shape)
    return seen


def channels_reversed(preprocessor: nn.Module) -> bool:
    """Whether a network expects B, G, R: our preprocessor has ``to_bgr``, mmpretrain's ``to_rgb``.

    (mmpretrain's pipelines decode to B, G, R, which its preprocessor may reverse.)
    """
    return bool(getattr(preprocessor, 'to_bgr', not getattr(preprocessor, 'to_rgb', True)))


def as_displayed(inputs: Tensor, preprocessor: nn.Module) -> np.ndarray:
    """Undo a preprocessor's normalisation and channel order, to display its outputs.

    Args:
        inputs: N x 3 x H x W, the network's input, after the data preprocessor.
        preprocessor: Ours or mmpretrain's.

    Returns:
        N x H x W x 3, RGB, uint8; colours outside 0 ... 255 (jitter, padding by 0 after
        normalisation) are clipped.
    """
    values = inputs.detach().float().cpu()
    reverse = channels_reversed(preprocessor)
    # ours subtracts the mean before it reverses the channels, mmpretrain's afterwards
    if reverse and hasattr(preprocessor, 'to_bgr'):
        values, reverse = values.flip(1), False
    mean, std = (getattr(preprocessor, key, None) for key in ('mean', 'std'))
    if mean is not None and std is not None:
        values = values * std.cpu().view(-1, 1, 1) + mean.cpu().view(-1, 1, 1)
    if reverse:
        values = values.flip(1)
    return values.round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()

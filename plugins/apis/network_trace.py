"""What the modules of a classifier do with one picture: order, maps, gradients."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@dataclass
class Trace:
    """One picture's way through a classifier, see :func:`trace`.

    Attributes:
        model: The classifier, in evaluation mode.
        inputs: 1 x 3 x H x W, what the data preprocessor hands to the backbone.
        scores: (classes,) as tools/predict.py gives them.
        shapes: Module name -> the shape of each output, one a call, None for
            what is no tensor; in the order in which the modules end.
    """

    model: nn.Module
    inputs: Tensor
    scores: np.ndarray
    shapes: dict[str, list[tuple[int, ...] | None]] = field(default_factory=dict)

    @property
    def convolutions(self) -> list[str]:
        """Those called once, in the order of their calls, which is not that of their names.

        (mmpretrain's DenseNet names its transitions behind all its stages.)
        """
        return [name for name, shapes in self.shapes.items() if len(shapes) == 1
                and isinstance(self.model.get_submodule(name), nn.Conv2d)]

    @property
    def first_conv(self) -> str:
        """Name of the convolution that sees the picture."""
        return self._some_convolutions()[0]

    def filters(self) -> np.ndarray:
        """Weights of the first convolution, O x C x h x w; where C is 3, they are for R, G, B."""
        weights = self.model.get_submodule(self.first_conv).weight.detach().float().cpu().numpy()
        if weights.shape[1] == 3 and channels_reversed(self.model.data_preprocessor):
            weights = weights[:, ::-1]
        return weights

    def default_layers(self) -> list[str]:
        """Layers whose maps are worth a look.

        Of a DenseNet what row E14 shows: block 5 of conv4 in Keras's count (the
        stem is conv1, so conv4 is the third stage) and the last convolution.
        Of others, also of a DenseNet cut before conv4, the first, the middle
        and the last convolution.
        """
        names = self._some_convolutions()
        block = 'backbone.stages.2.block.4'
        if type(self.model.backbone).__name__.endswith('DenseNet') and block in self.shapes:
            return [block, names[-1]]
        return list(dict.fromkeys([names[0], names[len(names) // 2], names[-1]]))

    def default_cam_layer(self) -> str:
        """The last module that ends after the last convolution, its maps of the same size.

        That is what normalisation, activation and shortcuts make of it, before
        anything pools: a ResNet's last stage, the end of a DenseNet, which
        without it would be judged by its last 32 maps alone.
        """
        last = self._some_convolutions()[-1]
        order = list(self.shapes)
        behind = [name for name in order[order.index(last):] if len(self.shapes[name]) == 1
                  and _has_maps(self.shapes[name][0])
                  and self.shapes[name][0][2:] == self.shapes[last][0][2:]]
        return behind[-1]

    def checked(self, name: str) -> str:
        """A layer's name, as :meth:`maps` and :meth:`grad_cam` take it.

        Raises:
            ValueError: There is no such module (names near ones), it is not
                called exactly once, or does not give maps.
        """
        modules = dict(self.model.named_modules(remove_duplicate=False))
        if not name or name not in modules:
            near = get_close_matches(name, [key for key in modules if key], n=5, cutoff=0.5)
            near = near or [key for key in modules if key and '.' not in key]
            raise ValueError(f'layer {name!r}: the network has no such module; near: '
                             f'{", ".join(near)}')
        own = next(key for key, module in self.model.named_modules() if module is modules[name])
        shapes = self.shapes.get(own, [])
        if len(shapes) != 1:
            raise ValueError(f'layer {name}: is called {len(shapes)} times for a picture, expected '
                             'once; ' + ('name one of its parts' if not shapes else
                                         'name the module around it, or one next to it'))
        if not _has_maps(shapes[0]):
            raise ValueError(f'layer {name}: gives '
                             + (f'a tensor of shape {shapes[0]}' if shapes[0] else 'no tensor')
                             + ', expected maps: 1 x channels x height x width')
        return own

    def maps(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """C x H x W, what each layer gives, before anything changes it in place.

        Args:
            names: As :meth:`checked` returns them.

        Raises:
            ValueError: Some values are not finite.
        """
        found: dict[str, np.ndarray] = {}

        def keep(name: str) -> Callable[..., None]:
            def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
                found[name] = output[0].detach().float().cpu().numpy().copy()
            return hook

        handles = [self.model.get_submodule(name).register_forward_hook(keep(name))
                   for name in names]
        try:
            with torch.no_grad():
                self.model(self.inputs)
        finally:
            for handle in handles:
                handle.remove()
        for name in names:
            if not np.isfinite(found[name]).all():
                raise ValueError(f'layer {name}: some of its values are not finite; the weights '
                                 'do not suit this picture, or diverged')
        return {name: found[name] for name in names}

    def grad_cam(self, name: str, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Where in the picture a layer's maps speak for a class (Selvaraju et al. 2017).

        The maps and their weights are pytorch-grad-cam's. Its scaling is not
        taken: it subtracts the smallest value, so that a class which the
        whole picture speaks for alike gets an empty map. Here 0 stays 0.
        The score is what the head gives: before softmax, but for heads with ``log_softmax``.

        Args:
            name: As :meth:`checked` returns it.
            label: Index of the class.

        Returns:
            (H, W) of the input, shares of the largest value from 0 to 1, all
            0 where no value is above 0; (h, w) of the layer, the values.

        Raises:
            ValueError: The class's score does not depend on this layer.
        """
        import cv2
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
        layer = self.model.get_submodule(name)
        # cloned: an activation function behind the layer may work in place
        cam = GradCAM(self.model, [layer], reshape_transform=torch.clone)
        held = cam.activations_and_grads
        try:
            # a frozen backbone has no gradients but those that lead to the input
            inputs = self.inputs.clone().requires_grad_()
            targets = [ClassifierOutputTarget(label)]
            with torch.enable_grad():
                targets[0](held(inputs)[0]).backward()
            if not held.gradients:
                raise ValueError(f'layer {name}: no class score depends on it; name one on the '
                                 'way to the head')
            raw = cam.get_cam_image(inputs, layer, targets, held.activations[0].numpy(),
                                    held.gradients[0].numpy())[0]
        finally:
            held.release()
            self.model.zero_grad()
        high = max(float(raw.max()), 0.)
        share = np.maximum(raw, 0) / high if high > 0 else np.zeros_like(raw)
        height, width = self.inputs.shape[2:]
        return np.clip(cv2.resize(share.astype(np.float32), (width, height)), 0, 1), raw

    def _some_convolutions(self) -> list[str]:
        if not self.convolutions:
            raise ValueError(f'{type(self.model.backbone).__name__}: the network has no '
                             'convolution; there are no filters and maps to draw')
        return self.convolutions


def trace(model: nn.Module, ask: Callable[[], np.ndarray]) -> Trace:
    """Watch a classifier while it is asked about one picture.

    What upstream lacks: names of modules in the order in which they are
    called, which alone tells the last convolution from the one named last.

    Args:
        model: The classifier, as ``load_trained`` returns it.
        ask: Asks it about one picture, as ``Classify``; gives the scores.
    """
    seen = Trace(model, torch.empty(0), np.empty(0))

    def watch(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            shape = tuple(output.shape) if isinstance(output, Tensor) else None
            seen.shapes.setdefault(name, []).append(shape)
        return hook

    def take(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.inputs = inputs[0].detach().clone()

    handles = [part.register_forward_hook(watch(name)) for name, part in model.named_modules()
               if name and not name.startswith('data_preprocessor')]
    handles.append(model.backbone.register_forward_pre_hook(take))
    try:
        seen.scores = ask()
    finally:
        for handle in handles:
            handle.remove()
    return seen


def channels_reversed(preprocessor: nn.Module) -> bool:
    """Whether a network gets its input as B, G, R: ours says ``to_bgr``, mmpretrain's ``to_rgb``.

    (mmpretrain's pipelines decode to B, G, R, which its preprocessor may turn.)
    """
    if hasattr(preprocessor, 'to_bgr'):
        return bool(preprocessor.to_bgr)
    return not getattr(preprocessor, 'to_rgb', True)


def _has_maps(shape: tuple[int, ...] | None) -> bool:
    return shape is not None and len(shape) == 4

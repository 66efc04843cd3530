"""The kinds of layers with weights: what Keras stores, and what PyTorch needs instead."""
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Arrays = Mapping[str, np.ndarray]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Conv:
    """A convolution.

    Attributes:
        keras: Its name in Keras.
        names: Its names in the converted file; several if packages differ.
        shape: Kernel shape in PyTorch: outputs, inputs (1 if depthwise), height, width.
        bias: Whether it has a bias.
        depthwise: Every channel has its own kernel.
    """

    keras: str
    names: tuple[str, ...]
    shape: tuple[int, int, int, int]
    bias: bool = False
    depthwise: bool = False

    @property
    def kernel(self) -> str:
        return f'{self.keras}/{"depthwise_" if self.depthwise else ""}kernel'

    def shapes(self) -> Shapes:
        """Name and shape of each array in Keras: H W I O, or H W C 1 for a depthwise kernel."""
        outputs, inputs, *sides = self.shape
        ends = (outputs, inputs) if self.depthwise else (inputs, outputs)
        bias = {f'{self.keras}/bias': (outputs,)} if self.bias else {}
        return {self.kernel: (*sides, *ends)} | bias

    def tensors(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Convert to O I H W, or C 1 H W for a depthwise kernel."""
        kernel = arrays[self.kernel].transpose((2, 3, 0, 1) if self.depthwise else (3, 2, 0, 1))
        return {'weight': kernel} | ({'bias': arrays[f'{self.keras}/bias']} if self.bias else {})


@dataclass(frozen=True)
class Norm:
    """A batch norm.

    Attributes:
        keras, names: As for Conv.
        channels: Length of each of its vectors.
        scale: Whether Keras has a gamma; without it, the scale is one.
        bias_of: The preceding convolution, if it has a bias. OpenMMLab's has none, so the bias is
            taken from the running mean: (x + b) - m is x - (m - b).
    """

    keras: str
    names: tuple[str, ...]
    channels: int
    scale: bool = True
    bias_of: str | None = None

    def shapes(self) -> Shapes:
        """Name and shape of each array in Keras."""
        names = [f'{self.keras}/{variable}' for variable in (
            'beta', 'moving_mean', 'moving_variance', *['gamma'] * self.scale)]
        names += [f'{self.bias_of}/bias'] * (self.bias_of is not None)
        return dict.fromkeys(names, (self.channels,))

    def tensors(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Convert to PyTorch's four vectors."""
        mean = arrays[f'{self.keras}/moving_mean']
        if self.bias_of is not None:
            mean = mean - arrays[f'{self.bias_of}/bias']
        gamma = arrays[f'{self.keras}/gamma'] if self.scale else np.ones(self.channels)
        return {'weight': gamma, 'bias': arrays[f'{self.keras}/beta'], 'running_mean': mean,
                'running_var': arrays[f'{self.keras}/moving_variance']}


@dataclass(frozen=True)
class Dense:
    """A linear layer.

    Attributes:
        keras, names: As for Conv.
        shape: Inputs and outputs.
        image: H, W, C of the map that is flattened into the inputs. Channels are
            the last axis in Keras, the first in PyTorch.
    """

    keras: str
    names: tuple[str, ...]
    shape: tuple[int, int]
    image: tuple[int, int, int] | None = None

    def shapes(self) -> Shapes:
        """Name and shape of each array in Keras."""
        return {f'{self.keras}/kernel': self.shape, f'{self.keras}/bias': self.shape[1:]}

    def tensors(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Convert to outputs x inputs."""
        kernel = arrays[f'{self.keras}/kernel']
        if self.image is not None:
            kernel = kernel.reshape(*self.image, -1).transpose(2, 0, 1, 3).reshape(self.shape)
        return {'weight': kernel.T, 'bias': arrays[f'{self.keras}/bias']}


Layer = Conv | Norm | Dense

"""The kinds of layers with weights: what Keras stores, and what PyTorch needs instead."""
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]
Shapes = dict[str, tuple[int, ...]]


class Layer(NamedTuple):
    """A layer with weights."""

    names: tuple[str, ...]  # in the converted file; several if packages differ
    shapes: Shapes  # of its arrays in Keras, by ``layer/variable``
    tensors: Callable[[Arrays], dict[str, np.ndarray]]  # converts these arrays to PyTorch's


def conv(keras: str, names: tuple[str, ...], shape: tuple[int, int, int, int], bias: bool = False,
         depthwise: bool = False) -> Layer:
    """Describe a convolution called ``keras`` in Keras.

    Args:
        shape: Of the kernel in PyTorch, O I H W or C 1 H W if every channel has its own kernel
            (``depthwise``); Keras has H W I O or H W C 1.
        bias: Whether it has a bias.
    """
    kernel = f'{keras}/{"depthwise_" * depthwise}kernel'
    outputs, inputs, *sides = shape
    ends, axes = (((outputs, inputs), (2, 3, 0, 1)) if depthwise
                  else ((inputs, outputs), (3, 2, 0, 1)))
    shapes = {kernel: (*sides, *ends)} | ({f'{keras}/bias': (outputs,)} if bias else {})

    def tensors(arrays: Arrays) -> dict[str, np.ndarray]:
        weight = {'weight': arrays[kernel].transpose(axes)}
        return weight | ({'bias': arrays[f'{keras}/bias']} if bias else {})
    return Layer(names, shapes, tensors)


def norm(keras: str, names: tuple[str, ...], channels: int, scale: bool = True,
         bias_of: str | None = None) -> Layer:
    """Describe a batch norm called ``keras`` in Keras.

    Args:
        scale: Whether Keras has a gamma; without it, the scale is one.
        bias_of: The preceding convolution, if it has a bias. OpenMMLab's has none, so the bias is
            taken from the running mean: (x + b) - m is x - (m - b).
    """
    beta, mean, variance, gamma = (f'{keras}/{variable}' for variable in (
        'beta', 'moving_mean', 'moving_variance', 'gamma'))
    bias = f'{bias_of}/bias'
    stored = [beta, mean, variance, *[gamma] * scale, *[bias] * (bias_of is not None)]
    return Layer(names, dict.fromkeys(stored, (channels,)), lambda arrays: {
        'weight': arrays[gamma] if scale else np.ones(channels), 'bias': arrays[beta],
        'running_mean': arrays[mean] if bias_of is None else arrays[mean] - arrays[bias],
        'running_var': arrays[variance]})


def dense(keras: str, name: str, inputs: int, outputs: int,
          image: tuple[int, int, int] | None = None) -> Layer:
    """Describe a linear layer called ``keras`` in Keras, whose kernel is inputs x outputs.

    Args:
        image: H, W, C of the map that is flattened into the inputs. Channels are the last axis in
            Keras, the first in PyTorch.
    """
    kernel, bias = f'{keras}/kernel', f'{keras}/bias'
    height, width, channels = image or (1, 1, inputs)
    return Layer((name,), {kernel: (inputs, outputs), bias: (outputs,)}, lambda arrays: {
        'weight': arrays[kernel].reshape(height * width, channels, outputs).transpose(
            2, 1, 0).reshape(outputs, inputs), 'bias': arrays[bias]})

"""The architectures of keras.applications: Keras's name of every layer of OpenMMLab's class.

For each kind of layer with weights: what Keras stores, and what PyTorch needs instead.

Shapes and our own names come from the class itself; Keras's names are in the order in which that
class registers its convolutions and batch norms. Sources: keras.applications.
{vgg16,resnet,densenet,inception_v3,mobilenet_v2}.py.
"""
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from mmpretrain.registry import MODELS
from torch import nn

import plugins.classification  # noqa: F401 (registers InceptionV3Features)

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


def dense(keras: str, name: str, inputs: int, outputs: int = 1000,
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


@dataclass(frozen=True)
class Architecture:
    """The converter's description of a network."""

    keras_names: tuple[str, ...]  # of the backbone's layers in Keras
    top: tuple[Layer, ...]  # the classifier layers, optional in a file
    backbone: dict[str, Any]  # makes OpenMMLab's class compute the same as Keras
    preprocessor: dict[str, Any]  # Keras's preprocess_input as settings of BatchDataPreprocessor
    note: str = ''  # further remarks for users
    renamed: Callable[[Iterable[str]], list[str]] = list  # of arrays whose names vary by file
    scale: bool = True  # whether Keras's batch norms have a gamma
    folded_bias: bool = False  # whether only Keras's convolutions have biases
    other_name: Callable[[str], str] | None = None  # another package's name for a module

    def layers(self) -> Iterator[Layer]:
        """Yield the backbone's layers in its order; every file must contain them."""
        modules = [(name, module) for name, module in MODELS.build(self.backbone).named_modules()
                   if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
        convolution = ''
        for keras, (name, module) in zip(self.keras_names, modules, strict=True):
            names = (f'backbone.{name}', *([self.other_name(name)] if self.other_name else []))
            if isinstance(module, nn.Conv2d):
                convolution = keras
                yield conv(keras, names, tuple(module.weight.shape),
                           bias=module.bias is not None, depthwise=module.groups > 1)
            else:
                yield norm(keras, names, module.num_features, self.scale,
                           bias_of=convolution if self.folded_bias else None)


def resnet50() -> Iterator[str]:
    """Yield the names of 53 convolutions and batch norms; OpenMMLab's shortcut (0) comes last."""
    yield from ('conv1_conv', 'conv1_bn')
    for stage, blocks in enumerate((3, 4, 6, 3), start=2):
        for block in range(1, blocks + 1):
            for part in (1, 2, 3, 0) if block == 1 else (1, 2, 3):
                for kind in ('conv', 'bn'):
                    yield f'conv{stage}_block{block}_{part}_{kind}'


def densenet121() -> Iterator[str]:
    """Yield the names of 120 convolutions, most of them after their batch norms."""
    yield from ('conv1_conv', 'conv1_bn')
    for stage, layers in enumerate((6, 12, 24, 16), start=2):
        for layer in range(1, layers + 1):
            for part in ('0_bn', '1_conv', '1_bn', '2_conv'):
                yield f'conv{stage}_block{layer}_{part}'
    for transition in (2, 3, 4):
        yield from (f'pool{transition}_bn', f'pool{transition}_conv')
    yield 'bn'


def inception_v3_names(names: Iterable[str]) -> list[str]:
    """Return the names of arrays, their layers numbered from 0.

    Keras counts the layers of a kind throughout a session, and its first versions began at 1.
    """
    pattern = re.compile(r'(conv2d|batch_normalization)(?:_(\d{1,9}))?/')
    numbers = [(match[1], int(match[2] or 0)) for match in map(pattern.match, names) if match]
    first = {kind: min(number for of, number in numbers if of == kind) for kind, _ in numbers}

    def renamed(match: re.Match) -> str:
        number = int(match[2] or 0) - first[match[1]]
        return f'{match[1]}_{number}/' if number else f'{match[1]}/'
    return [pattern.sub(renamed, name) for name in names]


def mobilenet_v2() -> Iterator[str]:
    """Yield the names of 52 convolutions and batch norms; the first block does not expand."""
    yield from ('Conv1', 'bn_Conv1')
    for block in range(17):
        name = f'block_{block}' if block else 'expanded_conv'
        for part in ('expand', 'depthwise', 'project') if block else ('depthwise', 'project'):
            yield from (f'{name}_{part}', f'{name}_{part}_BN')
    yield from ('Conv_1', 'Conv_1_bn')


def mmdet_mobilenet_v2(name: str) -> str:
    """Return mmdet's name for a module of mmpretrain's MobileNetV2, after ``mmdet.``."""
    parts = ('expand', 'depthwise', 'linear')[name.startswith('layer1.0'):]
    return 'mmdet.' + re.sub(r'\.conv\.(\d)', lambda match: f'.{parts[int(match[1])]}_conv', name)


VGG16_TOP = (dense('fc1', 'head.layers.0.fc', 7 * 7 * 512, 4096, image=(7, 7, 512)),
             dense('fc2', 'head.layers.1.fc', 4096, 4096),
             dense('predictions', 'head.layers.2.fc', 4096))
# RGB means for both; the network receives BGR.
_CAFFE = {'mean': [123.68, 116.779, 103.939], 'std': [1., 1., 1.], 'to_bgr': True}
_TORCH = {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375]}
_TF = {'mean': [127.5] * 3, 'std': [127.5] * 3}  # from 0..255 to -1..1
# PyTorch's momentum is the share of the new value: Keras's 0.99 is 0.01 here, 0.999 is 0.001.
_BN = {'type': 'BN', 'eps': 1.001e-5, 'momentum': 0.01}

# The names of VGG16's 13 convolutions; and of Inception v3's 94, each with its batch norm, numbered
# from 0 (omitted) as Keras's source creates them, branch by branch, which mmpretrain does as well.
VGG16 = tuple(f'block{stage}_conv{number}' for stage, convs in enumerate((2, 2, 3, 3, 3), 1)
              for number in range(1, convs + 1))
INCEPTION_V3 = tuple(f'{kind}_{number}' if number else kind for number in range(94)
                     for kind in ('conv2d', 'batch_normalization'))

ARCHITECTURES = {
    'vgg16': Architecture(VGG16, VGG16_TOP, {'type': 'VGG', 'depth': 16}, _CAFFE),
    'resnet50': Architecture(
        tuple(resnet50()), (dense('predictions', 'head.fc', 2048),),
        {'type': 'ResNet', 'depth': 50, 'style': 'caffe', 'norm_cfg': _BN}, _CAFFE,
        folded_bias=True),
    'densenet121': Architecture(
        tuple(densenet121()), (dense('predictions', 'head.fc', 1024),),
        {'type': 'DenseNet', 'arch': '121', 'norm_cfg': _BN}, _TORCH),
    'inception_v3': Architecture(
        INCEPTION_V3, (dense('predictions', 'head.fc', 2048),),
        {'type': 'InceptionV3Features'}, _TF,
        'Keras leaves padding out of the mean of an average pool, the class counts it as zeros: '
        'at the borders of the maps the results differ.', inception_v3_names, scale=False),
    'mobilenet_v2': Architecture(
        tuple(mobilenet_v2()), (dense('predictions', 'head.fc', 1280),),
        {'type': 'MobileNetV2', 'conv_cfg': {'type': 'Conv2dAdaptivePadding'},
         'norm_cfg': {'type': 'BN', 'eps': 0.001, 'momentum': 0.001},
         'act_cfg': {'type': 'ReLU6'}}, _TF,
        "mmdet's MobileNetV2 takes the same settings and prefix='mmdet.' in init_cfg.",
        other_name=mmdet_mobilenet_v2),
}

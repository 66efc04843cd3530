"""The architectures of keras.applications, layer by layer: Keras's names and ours.

Each function yields the layers from the input to the output; ``backbone.``
stands before the names of mmpretrain's class, ``head.`` before this
collection's. Sources: keras.applications.{vgg16,resnet,densenet,inception_v3,
mobilenet_v2}.py and, for the structure of MobileNetV2, table 2 of arXiv 1801.04381.
"""
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .keras_layers import Arrays, Conv, Dense, Layer, Norm

VGG16_STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions, channels
RESNET50_BLOCKS = (3, 4, 6, 3)
DENSENET121_BLOCKS = (6, 12, 24, 16)
# (expansion t, output channels c, blocks n) of table 2; strides hold no weights.
MOBILENET_STAGES = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3),
                    (6, 320, 1))
CLASSES = 1000

# Inception v3: Keras numbers its 94 convolutions as the source creates them, which is block by
# block and in each block branch by branch, as below. A branch is a chain of (mmpretrain's name,
# height and width of the kernel, output channels); each begins at the block's input.
# Both names that end in a and b read the layer before them, whose width is theirs as well.
Branch = tuple[tuple[str, int, int, int], ...]


def _block_a(pool: int) -> tuple[Branch, ...]:
    return ((('branch1x1', 1, 1, 64),),
            (('branch5x5_1', 1, 1, 48), ('branch5x5_2', 5, 5, 64)),
            (('branch3x3dbl_1', 1, 1, 64), ('branch3x3dbl_2', 3, 3, 96),
             ('branch3x3dbl_3', 3, 3, 96)),
            (('branch_pool', 1, 1, pool),))


def _block_c(width: int) -> tuple[Branch, ...]:
    return ((('branch1x1', 1, 1, 192),),
            (('branch7x7_1', 1, 1, width), ('branch7x7_2', 1, 7, width),
             ('branch7x7_3', 7, 1, 192)),
            (('branch7x7dbl_1', 1, 1, width), ('branch7x7dbl_2', 7, 1, width),
             ('branch7x7dbl_3', 1, 7, width), ('branch7x7dbl_4', 7, 1, width),
             ('branch7x7dbl_5', 1, 7, 192)),
            (('branch_pool', 1, 1, 192),))


_BLOCK_B = ((('branch3x3', 3, 3, 384),),
            (('branch3x3dbl_1', 1, 1, 64), ('branch3x3dbl_2', 3, 3, 96),
             ('branch3x3dbl_3', 3, 3, 96)))
_BLOCK_D = ((('branch3x3_1', 1, 1, 192), ('branch3x3_2', 3, 3, 320)),
            (('branch7x7x3_1', 1, 1, 192), ('branch7x7x3_2', 1, 7, 192),
             ('branch7x7x3_3', 7, 1, 192), ('branch7x7x3_4', 3, 3, 192)))
_BLOCK_E = ((('branch1x1', 1, 1, 320),),
            (('branch3x3_1', 1, 1, 384), ('branch3x3_2a', 1, 3, 384), ('branch3x3_2b', 3, 1, 384)),
            (('branch3x3dbl_1', 1, 1, 448), ('branch3x3dbl_2', 3, 3, 384),
             ('branch3x3dbl_3a', 1, 3, 384), ('branch3x3dbl_3b', 3, 1, 384)),
            (('branch_pool', 1, 1, 192),))
# name of the block (the stem has none), input channels, branches
INCEPTION_V3 = (
    ('', 3, ((('Conv2d_1a_3x3', 3, 3, 32), ('Conv2d_2a_3x3', 3, 3, 32), ('Conv2d_2b_3x3', 3, 3, 64),
              ('Conv2d_3b_1x1', 1, 1, 80), ('Conv2d_4a_3x3', 3, 3, 192)),)),
    ('Mixed_5b.', 192, _block_a(32)), ('Mixed_5c.', 256, _block_a(64)),
    ('Mixed_5d.', 288, _block_a(64)), ('Mixed_6a.', 288, _BLOCK_B),
    ('Mixed_6b.', 768, _block_c(128)), ('Mixed_6c.', 768, _block_c(160)),
    ('Mixed_6d.', 768, _block_c(160)), ('Mixed_6e.', 768, _block_c(192)),
    ('Mixed_7a.', 768, _BLOCK_D), ('Mixed_7b.', 1280, _BLOCK_E), ('Mixed_7c.', 2048, _BLOCK_E))
INCEPTION_V3_CONVS = 94


def vgg16() -> Iterator[Layer]:
    """Yield 13 convolutions; mmpretrain counts each stage's pool among its features."""
    width, position = 3, 0
    for stage, (convs, channels) in enumerate(VGG16_STAGES, start=1):
        for conv in range(1, convs + 1):
            yield Conv(f'block{stage}_conv{conv}', (f'backbone.features.{position}.conv',),
                       (3, 3, width, channels), bias=True)
            width, position = channels, position + 1
        position += 1


def vgg16_top() -> Iterator[Layer]:
    """Yield the three dense layers."""
    yield Dense('fc1', ('head.layers.0.fc',), (7 * 7 * 512, 4096), image=(7, 7, 512))
    yield Dense('fc2', ('head.layers.1.fc',), (4096, 4096))
    yield Dense('predictions', ('head.layers.2.fc',), (4096, CLASSES))


def resnet50() -> Iterator[Layer]:
    """Yield 53 convolutions, whose biases go into the batch norms behind them."""
    def pair(keras: str, conv: str, norm: str, shape: tuple[int, int, int, int]
             ) -> Iterator[Layer]:
        yield Conv(f'{keras}_conv', (f'backbone.{conv}',), shape)
        yield Norm(f'{keras}_bn', (f'backbone.{norm}',), shape[3], bias_of=f'{keras}_conv')

    yield from pair('conv1', 'conv1', 'bn1', (7, 7, 3, 64))
    width = 64
    for stage, blocks in enumerate(RESNET50_BLOCKS):
        inner = 64 * 2 ** stage
        for block in range(blocks):
            keras, mm = f'conv{stage + 2}_block{block + 1}', f'layer{stage + 1}.{block}'
            if block == 0:
                yield from pair(f'{keras}_0', f'{mm}.downsample.0', f'{mm}.downsample.1',
                                (1, 1, width, 4 * inner))
            yield from pair(f'{keras}_1', f'{mm}.conv1', f'{mm}.bn1', (1, 1, width, inner))
            yield from pair(f'{keras}_2', f'{mm}.conv2', f'{mm}.bn2', (3, 3, inner, inner))
            yield from pair(f'{keras}_3', f'{mm}.conv3', f'{mm}.bn3', (1, 1, inner, 4 * inner))
            width = 4 * inner


def densenet121() -> Iterator[Layer]:
    """Yield 120 convolutions, most of them behind their batch norms."""
    def conv(keras: str, mm: str, *shape: int) -> Conv:
        return Conv(f'{keras}_conv', (f'backbone.{mm}',), shape)

    def norm(keras: str, mm: str, channels: int) -> Norm:
        return Norm(keras, (f'backbone.{mm}',), channels)

    yield conv('conv1', 'stem.0', 7, 7, 3, 64)
    yield norm('conv1_bn', 'stem.1', 64)
    width, growth = 64, 32
    for stage, layers in enumerate(DENSENET121_BLOCKS):
        for layer in range(layers):
            keras, mm = f'conv{stage + 2}_block{layer + 1}', f'stages.{stage}.block.{layer}'
            yield norm(f'{keras}_0_bn', f'{mm}.norm1', width)
            yield conv(f'{keras}_1', f'{mm}.conv1', 1, 1, width, 4 * growth)
            yield norm(f'{keras}_1_bn', f'{mm}.norm2', 4 * growth)
            yield conv(f'{keras}_2', f'{mm}.conv2', 3, 3, 4 * growth, growth)
            width += growth
        if stage < len(DENSENET121_BLOCKS) - 1:
            keras, mm = f'pool{stage + 2}', f'transitions.{stage}'
            yield norm(f'{keras}_bn', f'{mm}.norm', width)
            yield conv(keras, f'{mm}.conv', 1, 1, width, width // 2)
            width //= 2
    yield norm('bn', 'transitions.3.0', width)


def inception_v3() -> Iterator[Layer]:
    """Yield 94 convolutions and batch norms, numbered from 0 (which Keras does not write)."""
    number = 0
    for block, block_input, branches in INCEPTION_V3:
        for branch in branches:
            width = block_input
            for name, height, breadth, channels in branch:
                end, mm = f'_{number}' if number else '', f'backbone.{block}{name}'
                yield Conv(f'conv2d{end}', (f'{mm}.conv',), (height, breadth, width, channels))
                yield Norm(f'batch_normalization{end}', (f'{mm}.bn',), channels, scale=False)
                width, number = channels, number + 1


def inception_v3_names(arrays: Arrays) -> dict[str, str]:
    """For each array, its name counted from 0.

    Keras counts layers of a kind through a whole session, and its first
    versions began at 1: only the order is the architecture's.

    Raises:
        ValueError: There are not 94 of each.
    """
    pattern = re.compile(r'(conv2d|batch_normalization)(?:_(\d+))?')
    found = {layer: pattern.fullmatch(layer) for layer in {name.partition('/')[0]
                                                           for name in arrays}}
    layers = {}
    for kind in ('conv2d', 'batch_normalization'):
        numbered = sorted((int(match[2] or 0), layer) for layer, match in found.items()
                          if match and match[1] == kind)
        if len(numbered) != INCEPTION_V3_CONVS:
            raise ValueError(f'found {len(numbered)} layers {kind}, {kind}_1, ..., expected '
                             f'{INCEPTION_V3_CONVS}')
        layers |= {layer: f'{kind}_{i}' if i else kind for i, (_, layer) in enumerate(numbered)}
    return {name: f'{layers.get(layer, layer)}/{variable}' for name in arrays
            for layer, _, variable in [name.partition('/')]}


def mobilenet_v2() -> Iterator[Layer]:
    """Yield 52 convolutions, under mmpretrain's and under mmdet's names."""
    def pair(kernel: str, norm: str, names: tuple[str, ...], shape: tuple[int, int, int, int],
             depthwise: bool = False) -> Iterator[Layer]:
        yield Conv(kernel, tuple(f'{n}.conv' for n in names), shape, depthwise=depthwise)
        yield Norm(norm, tuple(f'{n}.bn' for n in names), shape[2 if depthwise else 3])

    yield from pair('Conv1', 'bn_Conv1', ('backbone.conv1', 'mmdet.conv1'), (3, 3, 3, 32))
    width, number = 32, 0
    for stage, (expansion, out, blocks) in enumerate(MOBILENET_STAGES, start=1):
        for block in range(blocks):
            keras = f'block_{number}' if number else 'expanded_conv'
            hidden, mm = width * expansion, f'layer{stage}.{block}'
            parts = [('expand', (1, 1, width, hidden), 'expand_conv'),
                     ('depthwise', (3, 3, hidden, 1), 'depthwise_conv'),
                     ('project', (1, 1, hidden, out), 'linear_conv')]
            # the first block of the network does not expand
            for i, (part, shape, mmdet) in enumerate(parts[1 if expansion == 1 else 0:]):
                yield from pair(f'{keras}_{part}', f'{keras}_{part}_BN',
                                (f'backbone.{mm}.conv.{i}', f'mmdet.{mm}.{mmdet}'), shape,
                                depthwise=part == 'depthwise')
            width, number = out, number + 1
    yield from pair('Conv_1', 'Conv_1_bn', ('backbone.conv2', 'mmdet.conv2'), (1, 1, width, 1280))


def linear_top(inputs: int) -> Callable[[], Iterator[Layer]]:
    """Return the function that yields a single dense layer."""
    def top() -> Iterator[Layer]:
        yield Dense('predictions', ('head.fc',), (inputs, CLASSES))
    return top


@dataclass(frozen=True)
class Architecture:
    """What the converter knows of a network.

    Attributes:
        layers: Yields what every file must hold.
        top: Yields the classifier, which a file may lack.
        backbone: Settings with which OpenMMLab's class computes what Keras computes.
        preprocessor: What Keras's preprocess_input does, for BatchDataPreprocessor.
        note: What else a reader must know.
        names: Renames arrays whose names vary from file to file.
    """

    layers: Callable[[], Iterator[Layer]]
    top: Callable[[], Iterator[Layer]]
    backbone: dict[str, Any]
    preprocessor: dict[str, Any]
    note: str = ''
    names: Callable[[Arrays], dict[str, str]] = field(default=lambda arrays: {n: n for n in arrays})


# RGB means, for both; the network is handed BGR.
_CAFFE = {'mean': [123.68, 116.779, 103.939], 'std': [1., 1., 1.], 'to_bgr': True}
_TORCH = {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375]}
_TF = {'mean': [127.5] * 3, 'std': [127.5] * 3}  # from 0..255 to -1..1
# PyTorch's momentum is the share of the new value: Keras's 0.99 is 0.01 here, 0.999 is 0.001.
_BN = {'type': 'BN', 'eps': 1.001e-5, 'momentum': 0.01}

ARCHITECTURES = {
    'vgg16': Architecture(vgg16, vgg16_top, {'type': 'VGG', 'depth': 16}, _CAFFE),
    'resnet50': Architecture(
        resnet50, linear_top(2048),
        {'type': 'ResNet', 'depth': 50, 'style': 'caffe', 'norm_cfg': _BN}, _CAFFE),
    'densenet121': Architecture(
        densenet121, linear_top(1024), {'type': 'DenseNet', 'arch': '121', 'norm_cfg': _BN},
        _TORCH),
    'inception_v3': Architecture(
        inception_v3, linear_top(2048), {'type': 'InceptionV3Features'}, _TF,
        'Keras leaves padding out of the mean of an average pool, the class counts it as zeros: '
        'at the borders of the maps the results differ.', inception_v3_names),
    'mobilenet_v2': Architecture(
        mobilenet_v2, linear_top(1280),
        {'type': 'MobileNetV2', 'conv_cfg': {'type': 'Conv2dAdaptivePadding'},
         'norm_cfg': {'type': 'BN', 'eps': 0.001, 'momentum': 0.001},
         'act_cfg': {'type': 'ReLU6'}}, _TF,
        "mmdet's MobileNetV2 takes the same settings and prefix='mmdet.' in init_cfg."),
}

"""Darknet's yolov3.cfg and random .weights for it; nothing here is a test.

Written after cfg/yolov3.cfg of github.com/pjreddie/darknet, not after the converter's table.
"""
import struct
from math import prod, sqrt
from pathlib import Path

import numpy as np

Section = tuple[str, dict[str, object]]
ANCHORS = '10,13, 16,30, 33,23, 30,61, 62,45, 59,119, 116,90, 156,198, 373,326'
FULL = dict(blocks=(1, 2, 8, 8, 4), width=32)
SMALL = dict(blocks=(1, 1, 2, 2, 1), width=4)  # of the same kind, a hundredth of the weights


def yolov3_cfg(blocks: tuple[int, ...], width: int, classes: int, side: int) -> list[Section]:
    """The cfg's sections, [net] first, for images of side x side."""
    layers: list[Section] = []

    def conv(filters: int, size: int, stride: int = 1) -> None:
        layers.append(('convolutional', dict(
            batch_normalize=1, filters=filters, size=size, stride=stride, pad=1,
            activation='leaky')))

    conv(32, 3)
    last = []
    for stage, count in enumerate(blocks, start=1):
        conv(width * 2 ** stage, 3, stride=2)
        for _ in range(count):
            conv(width * 2 ** stage // 2, 1)
            conv(width * 2 ** stage, 3)
            layers.append(('shortcut', {'from': -3, 'activation': 'linear'}))
        last.append(len(layers) - 1)
    for filters, mask, route in ((16, '6,7,8', last[3]), (8, '3,4,5', last[2]), (4, '0,1,2', None)):
        for _ in range(3):
            conv(filters * width, 1)
            conv(2 * filters * width, 3)
        layers.append(('convolutional', dict(filters=3 * (5 + classes), size=1, stride=1, pad=1,
                                             activation='linear')))
        # thresh: OpenCV's, which sets scores below it to 0; Darknet ignores it here
        layers.append(('yolo', dict(mask=mask, anchors=ANCHORS, classes=classes, num=9, thresh=0)))
        if route is not None:
            layers.append(('route', {'layers': -4}))
            conv(filters * width // 2, 1)
            layers.append(('upsample', dict(stride=2)))
            layers.append(('route', {'layers': f'-1, {route}'}))
    return [('net', dict(width=side, height=side, channels=3)), *layers]


def write_cfg(path: Path, sections: list[Section]) -> None:
    """Write a .cfg file."""
    path.write_text('\n'.join(f'[{kind}]\n' + ''.join(f'{key}={value}\n'
                                                      for key, value in options.items())
                              for kind, options in sections))


def random_weights(sections: list[Section], seed: int = 0) -> list[dict[str, np.ndarray]]:
    """For each convolution its arrays, in the order in which Darknet's parser.c saves them."""
    rng, convolutions = np.random.default_rng(seed), []
    channels: list[int] = []
    for kind, options in sections[1:]:
        inputs = channels[-1] if channels else 3
        if kind == 'route':
            indices = [int(index) for index in str(options['layers']).split(',')]
            inputs = sum(channels[index] for index in indices)  # -1 counts from here, 61 from 0
        if kind != 'convolutional':
            channels.append(inputs)
            continue
        filters, shape = options['filters'], (inputs, options['size'], options['size'])
        arrays = {'biases': rng.standard_normal(filters, np.float32) / 5}
        if 'batch_normalize' in options:
            arrays |= {'scales': rng.random(filters, np.float32) + .5,
                       'rolling_mean': rng.standard_normal(filters, np.float32) / 5,
                       'rolling_variance': rng.random(filters, np.float32) + .5}
        arrays['weights'] = rng.standard_normal((filters, *shape), np.float32)
        arrays['weights'] *= np.float32(1 / sqrt(prod(shape)))
        convolutions.append(arrays)
        channels.append(filters)
    return convolutions


def write_weights(path: Path, convolutions: list[dict[str, np.ndarray]],
                  version: tuple[int, int, int] = (0, 2, 0), seen: int = 32_013_312) -> None:
    """Write a .weights file; `seen` is a size_t from version 0.2 on, an int before."""
    with path.open('wb') as file:
        file.write(struct.pack('<3i', *version))
        file.write(struct.pack('<q' if version >= (0, 2) else '<i', seen))
        for arrays in convolutions:
            for array in arrays.values():
                file.write(array.astype('<f4').tobytes())

"""Convert ImageNet weights of Keras's MobileNetV2 1.0 for OpenMMLab's backbones.

    python tools/model_converters/mobilenet_v2_keras_to_mm.py SRC.npz DST.pth [--overwrite]

SRC holds the 260 arrays of the network without its classifier, each under
``layer/variable``. Where Keras 3 is installed, these two lines write it:

    model = keras.applications.MobileNetV2(include_top=False, weights='imagenet')
    np.savez('SRC.npz', **{weight.path: weight.numpy() for weight in model.weights})

mmdet and mmpretrain name the same parameters differently, so DST holds each
tensor under both names, prefixed ``mmdet.`` and ``mmpretrain.`` (they share
storage). A config must give its prefix: else no key fits and mmengine only warns.

Keras pads a strided convolution of an even image at the bottom and right only
and uses its own batch norm epsilon. `BACKBONE` says so to OpenMMLab's class;
with the defaults of that class the same weights compute something else.

Sources: arXiv 1801.04381 (MobileNetV2), table 2, for the structure;
keras.applications.mobilenet_v2 for names, epsilon, momentum and input range.
"""
import argparse
import hashlib
import os
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

# (expansion t, output channels c, blocks n) of table 2; strides hold no weights.
STAGES = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
STEM_CHANNELS, LAST_CHANNELS = 32, 1280
NORM_VARIABLES = {'gamma': 'weight', 'beta': 'bias',
                  'moving_mean': 'running_mean', 'moving_variance': 'running_var'}
# PyTorch's momentum is the share of the new value: Keras's 0.999 is 0.001 here.
BACKBONE = {'type': 'MobileNetV2', 'conv_cfg': {'type': 'Conv2dAdaptivePadding'},
            'norm_cfg': {'type': 'BN', 'eps': 0.001, 'momentum': 0.001},
            'act_cfg': {'type': 'ReLU6'}}
PREPROCESSOR = {'mean': [127.5] * 3, 'std': [127.5] * 3}  # RGB from 0..255 to -1..1
USAGE = """In a config (mmpretrain: prefix='mmpretrain.', and to_rgb instead of bgr_to_rgb):
    data_preprocessor=dict(mean={mean}, std={std}, bgr_to_rgb=True),
    backbone=dict(
        type={type!r},
        conv_cfg={conv_cfg},
        norm_cfg={norm_cfg},
        act_cfg={act_cfg},
        init_cfg=dict(type='Pretrained', checkpoint={checkpoint!r}, prefix='mmdet.'))"""


class ConvNorm(NamedTuple):
    """A convolution without bias and its batch norm, with their names on each side."""

    kernel: str
    shape: tuple[int, int, int, int]  # H W I O, or H W C 1 when depthwise
    norm: str
    mmdet: str
    mmpretrain: str

    @property
    def depthwise(self) -> bool:
        return self.kernel.endswith('/depthwise_kernel')


def conv_norms() -> Iterator[ConvNorm]:
    """Yield the 52 convolutions from the input to the output."""
    yield ConvNorm('Conv1/kernel', (3, 3, 3, STEM_CHANNELS), 'bn_Conv1', 'conv1', 'conv1')
    width, number = STEM_CHANNELS, 0
    for stage, (expansion, out, blocks) in enumerate(STAGES, start=1):
        for block in range(blocks):
            keras = f'block_{number}' if number else 'expanded_conv'
            yield from inverted_residual(keras, f'layer{stage}.{block}', width, expansion, out)
            width, number = out, number + 1
    yield ConvNorm('Conv_1/kernel', (1, 1, width, LAST_CHANNELS), 'Conv_1_bn', 'conv2', 'conv2')


def inverted_residual(
        keras: str, mm: str, width: int, expansion: int, out: int) -> Iterator[ConvNorm]:
    """Yield the convolutions of one block; the first of the network does not expand."""
    hidden = width * expansion
    parts = [('expand', 'kernel', (1, 1, width, hidden), 'expand_conv'),
             ('depthwise', 'depthwise_kernel', (3, 3, hidden, 1), 'depthwise_conv'),
             ('project', 'kernel', (1, 1, hidden, out), 'linear_conv')]
    for index, (part, variable, shape, mmdet) in enumerate(parts[1 if expansion == 1 else 0:]):
        name = f'{keras}_{part}'
        yield ConvNorm(
            f'{name}/{variable}', shape, f'{name}_BN', f'{mm}.{mmdet}', f'{mm}.conv.{index}')


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that SRC must hold."""
    shapes = {}
    for layer in conv_norms():
        shapes[layer.kernel] = layer.shape
        channels = layer.shape[2 if layer.depthwise else 3]
        shapes |= {f'{layer.norm}/{variable}': (channels,) for variable in NORM_VARIABLES}
    return shapes


def read_arrays(src: Path) -> dict[str, np.ndarray]:
    """Read SRC; what Keras 3 calls a depthwise ``kernel`` gets its older, distinct name.

    Raises:
        ValueError: SRC is no .npz, an array in it is damaged or pickled, or a
            depthwise kernel is there under both names.
    """
    with src.open('rb') as file:  # a missing file is no "wrong format"
        if not zipfile.is_zipfile(file):
            raise ValueError(f'{src}: not an .npz file (a zip archive of .npy arrays)')
    arrays = {}
    with np.load(src, allow_pickle=False) as archive:
        for name in archive.files:
            key = name.replace('_depthwise/kernel', '_depthwise/depthwise_kernel')
            if key in arrays:
                raise ValueError(f'{src}: {key} found twice (once as {name}), expected once')
            try:
                arrays[key] = np.asarray(archive[name])
            except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                raise ValueError(f'{src}: {name} cannot be read: {error}') from error
    return arrays


def check(arrays: dict[str, np.ndarray], src: Path) -> None:
    """Raise a ValueError that lists each array missing, surplus, misshaped or not finite floats."""
    expected = expected_shapes()
    problems = [f'{key}: missing, expected shape {shape}'
                for key, shape in expected.items() if key not in arrays]
    for key, array in arrays.items():
        if key not in expected:
            problems.append(f'{key}: found shape {array.shape}, expected no such array')
        elif array.shape != expected[key]:
            problems.append(f'{key}: found shape {array.shape}, expected {expected[key]}')
        elif array.dtype.kind != 'f':
            problems.append(f'{key}: found {array.dtype}, expected floats')
        elif not np.isfinite(array).all():
            problems.append(f'{key}: found NaN or infinity, expected finite values')
    if problems:
        raise ValueError('\n  '.join([f'{src} is no MobileNetV2 1.0 backbone:', *problems]))


def convert(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Rename and transpose checked arrays; each tensor appears under both prefixes."""
    state = {}
    for layer in conv_norms():
        # PyTorch wants O I H W, and C 1 H W for a depthwise kernel.
        order = (2, 3, 0, 1) if layer.depthwise else (3, 2, 0, 1)
        renamed = {'conv.weight': arrays[layer.kernel].transpose(order)}
        for variable, name in NORM_VARIABLES.items():
            renamed[f'bn.{name}'] = arrays[f'{layer.norm}/{variable}']
        for name, array in renamed.items():
            tensor = torch.from_numpy(np.array(array, np.float32, order='C'))
            state[f'mmdet.{layer.mmdet}.{name}'] = tensor
            state[f'mmpretrain.{layer.mmpretrain}.{name}'] = tensor
    return state


def write_checkpoint(checkpoint: dict[str, dict], dst: Path) -> None:
    """Write beside DST, then rename, so that DST is never half a checkpoint."""
    dst.parent.mkdir(parents=True, exist_ok=True)
    partial = dst.with_name(f'.{dst.name}.{os.getpid()}.partial')
    try:
        torch.save(checkpoint, partial)
        os.replace(partial, dst)
    finally:
        partial.unlink(missing_ok=True)


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST, print how to use it, return the numbers of tensors and parameters."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('src', type=Path, metavar='SRC.npz')
    parser.add_argument('dst', type=Path, metavar='DST.pth')
    parser.add_argument('--overwrite', action='store_true', help='replace DST if it exists')
    args = parser.parse_args(argv)
    if args.dst.exists() and not args.overwrite:
        raise FileExistsError(f'{args.dst} exists; give --overwrite to replace it')
    arrays = read_arrays(args.src)
    check(arrays, args.src)
    digest = hashlib.sha256(args.src.read_bytes()).hexdigest()
    meta = {'source': args.src.name, 'source_sha256': digest,
            'backbone': BACKBONE, 'data_preprocessor': PREPROCESSOR}
    write_checkpoint({'state_dict': convert(arrays), 'meta': meta}, args.dst)
    learnt = sum(array.size for key, array in arrays.items() if '/moving_' not in key)
    print(f'{args.dst}: {len(arrays)} tensors, {learnt:,} parameters')
    print(USAGE.format(checkpoint=str(args.dst), **BACKBONE, **PREPROCESSOR))
    return {'tensors': len(arrays), 'parameters': learnt}


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as problem:
        sys.exit(f'error: {problem}')

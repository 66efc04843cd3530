"""Convert ImageNet weights of keras.applications for this collection's classifiers.

    python tools/model_converters/keras_to_mm.py ARCH SRC DST.pth [--overwrite]

ARCH is vgg16, resnet50, densenet121, inception_v3 or mobilenet_v2. SRC is
Keras's published .h5, with or without the classifier ("notop"), or an .npz.
Where Keras 3 is installed, these two lines write the latter:

    model = keras.applications.ResNet50(weights='imagenet')
    np.savez('SRC.npz', **{weight.path: weight.numpy() for weight in model.weights})

DST holds ``backbone.`` and, if SRC has it, ``head.``, with the names of
mmpretrain and this collection; ``init_cfg=dict(type='Pretrained', ...)``
loads what its module needs. mmdet names MobileNetV2's tensors differently, so
DST has them twice, also as ``mmdet.`` (they share storage).

Keras's networks differ from their PyTorch namesakes in more than names:
epsilons, the place of a stride, padding, input range. The settings that
OpenMMLab's class needs are printed, and kept in the file's ``meta``; with that
class's defaults, the same weights give different outputs.
"""
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch

from plugins.engine import command_line
from plugins.engine.wording import some
from tools.model_converters.checkpoint_file import parse, write_checkpoint
from tools.model_converters.keras_files import read_arrays
from tools.model_converters.keras_layouts import ARCHITECTURES, Architecture, Arrays, Layer, Shapes


def expected_shapes(layers: Sequence[Layer]) -> Shapes:
    """Return name and shape of every array of these layers."""
    return {name: shape for layer in layers for name, shape in layer.shapes.items()}


def check(arrays: Arrays, expected: Shapes, src: str) -> None:
    """Raise ValueError if arrays are missing, surplus, misshaped or not finite floats."""
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
        raise ValueError(f'{src}:\n  ' + some(problems, separator='\n  '))


def usage(network: Architecture, dst: Path) -> str:
    """Return the config lines that these weights need."""
    preprocessor = {'type': 'BatchDataPreprocessor', **network.preprocessor}
    settings = ''.join(f'        {key}={value!r},\n' for key, value in network.backbone.items())
    note = f'# {network.note}\n    ' if network.note else ''
    return (f'In a config:\n    {note}data_preprocessor={preprocessor},\n    backbone=dict(\n'
            f"{settings}        init_cfg=dict(type='Pretrained', checkpoint={str(dst)!r}))")


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST, print how to use it, return the numbers of arrays and parameters.

    Raises:
        OSError: SRC cannot be read; or see :func:`parse`.
        ValueError: SRC is not an .npz or .h5, or its arrays are not those of ARCH.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('arch', choices=ARCHITECTURES, metavar='ARCH',
                        help=', '.join(ARCHITECTURES))
    parser.add_argument('src', type=Path, metavar='SRC', help='.npz or .h5')
    args = parse(parser, argv)
    network = ARCHITECTURES[args.arch]
    found = read_arrays(args.src)
    arrays = dict(zip(network.renamed(found), found.values(), strict=True))
    top = network.top if expected_shapes(network.top).keys() & arrays.keys() else ()
    layers = [*network.layers(), *top]
    check(arrays, expected_shapes(layers), f'{args.src} does not fit {args.arch}')
    state = {}
    for layer in layers:
        for variable, array in layer.tensors(arrays).items():
            tensor = torch.from_numpy(np.array(array, np.float32, order='C'))
            state |= {f'{name}.{variable}': tensor for name in layer.names}  # under each of several
    write_checkpoint(args.dst, state, args.src, backbone=network.backbone,
                     data_preprocessor=network.preprocessor)
    learnt = sum(array.size for key, array in arrays.items() if '/moving_' not in key)
    print(f'{args.dst}: {len(arrays)} arrays, {learnt:,} parameters')
    print(usage(network, args.dst))
    return {'arrays': len(arrays), 'parameters': learnt}


if __name__ == '__main__':
    command_line.run(main)

"""Rename the tensors of a torchvision checkpoint to those of this collection's classifiers.

    python tools/model_converters/torchvision_to_mm.py SRC DST.pth [--overwrite]

SRC is a file, a URL or a name such as torchvision://vgg16, of an AlexNet, VGG,
ResNet, DenseNet or Inception v3; mmpretrain's zoo files work as well.

Training needs no converted file: ``init_cfg=dict(type='Pretrained', ...)``
renames while it loads. This is for looking into the weights, and for
tools/test.py, which loads strictly: with all 1000 classes in the config's
head, DST is tested as it is.
"""
import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from torch import Tensor

from plugins.classification.weight_layouts import classifier_names, layout_of
from plugins.engine import command_line
from plugins.engine.checkpoint import read_checkpoint, some
from tools.model_converters.checkpoint_file import add_destination, parse, write_checkpoint

# Names of the layers that each of the five has in this collection's classifiers, and no other has.
_LAYERS = [re.compile(rf'backbone\.({backbone})|head\.({head})') for backbone, head in (
    (r'features\.\d+', r'layers\.\d+\.fc'),  # AlexNet
    (r'features\.\d+\.(conv|bn)', r'layers\.\d+\.fc'),  # VGG
    (r'conv1|bn1|layer\d\.\d+\.((conv|bn)\d|downsample\.[01])', 'fc'),  # ResNet
    (r'stem\.[01]|stages\.\d\.block\.\d+\.(norm|conv)\d|transitions\.\d\.(norm|conv|0)', 'fc'),
    (r'(Conv2d_\w+|Mixed_\w+\.\w+|AuxLogits\.conv\d)\.(conv|bn)|AuxLogits\.fc', 'fc'))]


def check(state: Mapping[str, Tensor], src: str) -> None:
    """Refuse a converted file that is of another network, or whose tensors cannot be weights.

    Raises:
        ValueError: Names some of the layers, or the tensor, found and expected.
    """
    layers = dict.fromkeys(name.rpartition('.')[0] for name in state)
    strange = min(([layer for layer in layers if not known.fullmatch(layer)] for known in _LAYERS),
                  key=len)
    if strange:
        raise ValueError(f'{src}: expected the layers of an AlexNet, VGG, ResNet, DenseNet or '
                         f'Inception v3, found also {some(strange)}')
    for layer in layers:
        tensors = {name.rpartition('.')[2]: tensor for name, tensor in state.items()
                   if name.rpartition('.')[0] == layer}
        _check_layer(layer, tensors, src)


def _check_layer(layer: str, tensors: Mapping[str, Tensor], src: str) -> None:
    weight = tensors.get('weight')
    if weight is None:
        raise ValueError(f'{src}: {layer} has {some(tensors)}, expected a weight')
    dimensions = 1 if 'running_mean' in tensors else 2 if layer.endswith('.fc') else 4
    if weight.dim() != dimensions:
        raise ValueError(f'{src}: {layer}.weight has the shape {tuple(weight.shape)}, expected '
                         f'{dimensions} dimensions')
    for name, tensor in tensors.items():
        if name not in ('weight', 'num_batches_tracked') and tensor.shape != weight.shape[:1]:
            raise ValueError(f'{src}: {layer}.{name} has the shape {tuple(tensor.shape)}, expected '
                             f'{tuple(weight.shape[:1])} as its weight has')


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST and return the numbers of tensors and values.

    Raises:
        FileExistsError: DST exists and --overwrite is not given.
        OSError: SRC cannot be had.
        ValueError: SRC is no checkpoint, of none of the five architectures, or its tensors have
            shapes that no weights of theirs have.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('src', metavar='SRC')
    add_destination(parser)
    args = parse(parser, argv)
    state = read_checkpoint(args.src)
    state = state.get('state_dict', state)
    layout = layout_of(state)
    if layout is None:
        raise ValueError(f'{args.src}: expected the names of an AlexNet, VGG, ResNet, DenseNet or '
                         f'Inception v3 of torchvision, found {", ".join(list(state)[:3])} ...')
    names = classifier_names(state)
    converted = {names[name]: tensor for name, tensor in state.items()}
    check(converted, args.src)
    meta = {'source': Path(args.src).name, 'layout': layout}
    write_checkpoint({'state_dict': converted, 'meta': meta}, args.dst)
    values = sum(tensor.numel() for tensor in converted.values())
    print(f'{args.dst}: {len(converted)} tensors, {values:,} values, from the layout {layout}')
    return {'tensors': len(converted), 'values': values}


if __name__ == '__main__':
    command_line.run(main)

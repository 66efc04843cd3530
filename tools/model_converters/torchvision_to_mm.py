"""Rename the tensors of a torchvision checkpoint to those of this collection's classifiers.

    python tools/model_converters/torchvision_to_mm.py SRC DST.pth [--overwrite]

SRC is a file, a URL or a name such as torchvision://vgg16, of an AlexNet, VGG,
ResNet, DenseNet or Inception v3; mmpretrain's zoo files work as well.

Training needs no converted file: ``init_cfg=dict(type='Pretrained', ...)``
renames while it loads. Convert to inspect the weights, or for
tools/test.py, which loads strictly: if the config's head has all 1000
classes, DST can be tested directly.
"""
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.classification.weight_layouts import classifier_names, layout_of
from plugins.engine import command_line
from plugins.engine.checkpoint import read_checkpoint
from plugins.engine.wording import some
from tools.model_converters.checkpoint_file import parse, write_checkpoint


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST and return the numbers of tensors and values.

    Raises:
        OSError: SRC cannot be read or downloaded; or see :func:`parse`.
        ValueError: SRC is not a checkpoint, or has tensors of another architecture.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('src', metavar='SRC')
    args = parse(parser, argv)
    state = read_checkpoint(args.src)
    state = state.get('state_dict', state)
    layout, names = layout_of(state), classifier_names(state)
    strange = [name for name in names.values() if not name.startswith(('backbone.', 'head.'))]
    if layout is None or strange:
        raise ValueError(f'{args.src}: expected the tensors of an AlexNet, VGG, ResNet, DenseNet '
                         f'or Inception v3 of torchvision, found {some(strange)}')
    converted = {names[name]: tensor for name, tensor in state.items()}
    write_checkpoint(args.dst, converted, args.src, layout=layout)
    values = sum(tensor.numel() for tensor in converted.values())
    print(f'{args.dst}: {len(converted)} tensors, {values:,} values, from the layout {layout}')
    return {'tensors': len(converted), 'values': values}


if __name__ == '__main__':
    command_line.run(main)

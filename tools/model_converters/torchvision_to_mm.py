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
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmengine.runner.checkpoint import CheckpointLoader

import plugins.engine.checkpoint  # noqa: F401 (registers the reader that refuses code)
from plugins import cli
from plugins.classification.weight_layouts import classifier_names, layout_of
from tools.model_converters.checkpoint_file import add_destination, parse, write_checkpoint


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST and return the numbers of tensors and values.

    Raises:
        FileExistsError: DST exists and --overwrite is not given.
        OSError: SRC cannot be had.
        ValueError: SRC is no checkpoint, or of none of the five architectures.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('src', metavar='SRC')
    add_destination(parser)
    args = parse(parser, argv)
    state = CheckpointLoader.load_checkpoint(args.src, 'cpu')
    state = state.get('state_dict', state)
    layout = layout_of(state)
    if layout is None:
        raise ValueError(f'{args.src}: expected the names of an AlexNet, VGG, ResNet, DenseNet or '
                         f'Inception v3 of torchvision, found {", ".join(list(state)[:3])} ...')
    names = classifier_names(state)
    converted = {names[name]: tensor for name, tensor in state.items()}
    meta = {'source': Path(args.src).name, 'layout': layout}
    write_checkpoint({'state_dict': converted, 'meta': meta}, args.dst)
    values = sum(tensor.numel() for tensor in converted.values())
    print(f'{args.dst}: {len(converted)} tensors, {values:,} values, from the layout {layout}')
    return {'tensors': len(converted), 'values': values}


if __name__ == '__main__':
    cli.run(main)

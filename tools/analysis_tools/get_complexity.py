"""Count a network's parameters, operations and activations, by module and in all.

    python tools/analysis_tools/get_complexity.py CONFIG
    python tools/analysis_tools/get_complexity.py CONFIG --input-size 416 416 --depth 2

Counted by mmengine.analysis for one image: a multiply-add of a convolution or linear layer is ONE
operation (hardware vendors count two FLOPs), BatchNorm two per value, global pooling and upsampling
one; biases, activation functions, additions and other pooling are not counted. Activations are the
output values of convolutions and linear layers. A module's figures include its submodules.
"""
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_cfg_options, config_file, positive, run
from plugins.engine.result_table import print_table


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Count, print a table, and return the figures.

    Returns:
        ``config``, ``kind``, and what ``plugins.apis.complexity.count`` returns.

    Raises:
        OSError: A file is missing.
        ValueError: See ``plugins.engine.session.load_config``; or the input size is unknown or does
            not suit the network.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, help='config of a classifier or of a detector')
    parser.add_argument('--input-size', nargs=2, type=positive, metavar=('H', 'W'),
                        help="height and width of the image in pixels; default: the config's")
    parser.add_argument('--depth', type=positive, metavar='K',
                        help='leave out modules of more than K names (backbone.layer1: 2); '
                        'default: none')
    add_cfg_options(parser)
    args = parser.parse_args(argv)  # before mmengine is imported: errors are reported at once
    from mmengine.registry import MODELS, DefaultScope

    from plugins.apis.complexity import config_size, count
    from plugins.apis.load import kind_of
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    kind = kind_of(cfg)
    size = tuple(args.input_size) if args.input_size else config_size(cfg)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    result = dict(config=str(args.config), kind=kind, **count(model, size))
    if args.depth:
        result['layers'] = {name: figures for name, figures in result['layers'].items()
                            if name.count('.') < args.depth}
    _print(f'{type(model).__name__} of {args.config.name}', result)
    return result


def _print(title: str, result: Mapping[str, Any]) -> None:
    """Print the figures as a table."""
    height, width = result['input_size']
    print_table(('module', 'parameters', 'trainable', 'operations*', 'activations'), (
        (name, *_cells(figures)) for name, figures in result['layers'].items()),
        f'{title}; an image {height} pixels high and {width} wide', ('in all', *_cells(result)))
    kinds = ', '.join(f'{name} {number:,}' for name, number in result['by_operator'].items())
    rest = ', '.join(['biases', *(f"{name.removeprefix('aten::')} x {number}"
                                  for name, number in result['uncounted'].items())])
    print(f"* {kinds}. A multiply-add counts as one operation, so hardware's FLOPs are twice as "
          f'many; counted as none: {rest}.')
    if result['unused']:
        print('Never used by the forward pass: ' + ', '.join(result['unused']))


def _cells(figures: Mapping[str, Any]) -> list[str]:
    """Format figures as table cells; frozen parameters are marked by a word."""
    from plugins.apis.complexity import COLUMNS
    frozen = figures['parameters'] and not figures['trainable']
    return ['frozen' if frozen and column == 'trainable' else
            f'{figures[column]:,}' if figures[column] else '-' for column in COLUMNS]


if __name__ == '__main__':
    run(main)

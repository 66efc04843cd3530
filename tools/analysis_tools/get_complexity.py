"""Count a network's parameters, operations and activations, layer by layer and in all.

    python tools/analysis_tools/get_complexity.py CONFIG
    python tools/analysis_tools/get_complexity.py CONFIG --input-size 416 416 --depth 2

Counted by mmengine.analysis for one image: a multiply-add of a convolution or
linear layer is ONE operation (vendors of hardware call it two FLOPs), BatchNorm
two for each value, global pooling and upsampling one; biases, activation
functions, additions and other pooling count as none. Activations are the
values that convolutions and linear layers give. mmengine's own tables know
nothing of frozen parameters, and those of mmdet and mmpretrain's get_flops.py
name layers alone or totals alone; figures here are whole numbers.
"""
import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import add_cfg_options, config_file, positive

if TYPE_CHECKING:
    from mmengine.config import Config
    from torch import nn

COLUMNS = ('parameters', 'trainable', 'flops', 'activations')


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; mmengine is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, help='config of a classifier or of a detector')
    parser.add_argument('--input-size', nargs='+', type=positive, metavar=('H', 'W'),
                        help='height and width of the image in pixels, or one number for both; '
                        "default: the config's")
    parser.add_argument('--depth', type=positive, metavar='K',
                        help='sum up what lies deeper than K names (backbone.layer1: 2); default: '
                        'every layer')
    parser.add_argument('--json', metavar='FILE', help='also write the figures there')
    parser.add_argument('--overwrite', action='store_true', help='replace FILE')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    if args.input_size and len(args.input_size) > 2:
        parser.error(f'--input-size: found {len(args.input_size)} numbers, expected H W')
    if args.json:
        args.json = Path(args.json).absolute()
        if args.json.is_dir() or (args.json.exists() and not args.overwrite):
            parser.error(f'--json {args.json}: exists; give another name'
                         + ('' if args.json.is_dir() else ', or --overwrite'))
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Count, print a table, and return the figures.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Returns:
        ``input_size`` (H, W); ``parameters``, ``trainable``, ``flops`` and
        ``activations`` in all; ``by_operator``: the operations of each kind;
        ``unused``: modules with parameters that the forward pass never calls;
        ``uncounted``: operations that count as none, and how often they
        occur; ``layers``: the four figures by module name.

    Raises:
        OSError: A file is missing.
        ValueError: As ``plugins.engine.session.load_config``; the input's size
            is not known, or the network does not take it.
    """
    args = parse_args(argv)
    from mmengine.registry import MODELS, DefaultScope

    from plugins.apis.trained_model import kind_of
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    kind = kind_of(cfg)
    size = (args.input_size * 2)[:2] if args.input_size else config_size(cfg, kind)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    result = dict(config=str(args.config), kind=kind, **count(model, tuple(size), args.depth))
    _print(args.config.name, type(model).__name__, result)
    if args.json:
        _write(args.json, result)
        print(f'Written to {args.json}')
    return result


def config_size(cfg: 'Config', kind: str) -> tuple[int, int]:
    """(height, width) of the network's input in evaluation.

    A classifier's is ``model.data_preprocessor.input_size``. A detector's is
    the scale of Resize in the tested pipeline, filled up to the next multiple
    of ``pad_size_divisor``; single images that keep their shape may be smaller.

    Raises:
        ValueError: The config has none.
    """
    from plugins.apis.trained_model import evaluated_data
    preprocessor = cfg.model.get('data_preprocessor') or {}
    size = preprocessor.get('input_size')
    if kind == 'detector':
        data = evaluated_data(cfg, 'pipeline')
        steps = [step for step in (data.pipeline if data else ()) if step['type'] == 'Resize']
        divisor = preprocessor.get('pad_size_divisor', 1)
        scale = steps[-1].get('scale') if steps else None
        size = scale and [math.ceil(side / divisor) * divisor for side in scale[::-1]]
    if not size:
        raise ValueError(f'config {cfg.filename}: names no size of the input '
                         + ('(Resize in the tested pipeline)' if kind == 'detector' else
                            '(model.data_preprocessor.input_size)') + '; give --input-size H W')
    return (size, size) if isinstance(size, int) else tuple(size)


def count(model: 'nn.Module', size: tuple[int, int], depth: int | None = None) -> dict[str, Any]:
    """Count on one image; see :func:`main` for what is returned.

    Args:
        model: A classifier or detector of OpenMMLab; its parameters count as
            trainable as they are when training begins.
        size: Height and width of the image.
        depth: How many names deep layers are told apart; None: all.

    Raises:
        ValueError: The network does not take an image of this size.
    """
    import torch
    from mmengine.analysis import ActivationAnalyzer, FlopAnalyzer, parameter_count
    model.train()  # some backbones freeze their stages only now
    parameters = parameter_count(model)
    trainable: dict[str, int] = {}
    for name, value in model.named_parameters():
        for end in _ends(name):
            trainable[name[:end]] = trainable.get(name[:end], 0) + (
                value.numel() if value.requires_grad else 0)
    model.eval()
    inputs = (torch.zeros(1, 3, *size),)
    analyzers = [kind(model, inputs).unsupported_ops_warnings(False).tracer_warnings('none')
                 .uncalled_modules_warnings(False) for kind in (FlopAnalyzer, ActivationAnalyzer)]
    try:
        flops, activations = (analyzer.by_module() for analyzer in analyzers)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f'the network does not take an image of {size[0]} x {size[1]} pixels '
                         f'(height, width): {str(error).splitlines()[0]}; give another '
                         '--input-size') from error
    figures = {name: dict(zip(COLUMNS, (parameters[name], trainable.get(name, 0), int(flops[name]),
                                        int(activations[name])), strict=True))
               for name, _ in model.named_modules()}
    unused = [name for name in sorted(analyzers[0].uncalled_modules()) if parameters[name]]
    return dict(input_size=size, **figures[''],
                by_operator={name: int(n) for name, n in analyzers[0].by_operator().items()},
                uncounted=dict(analyzers[0].unsupported_ops()), unused=unused,
                layers=dict(_layers(model, '', figures, depth)))


def _ends(name: str) -> list[int]:
    """Where the names of what contains a parameter end, the whole model's first."""
    return [0, *(place for place, letter in enumerate(name) if letter == '.'), len(name)]


def _layers(module: 'nn.Module', name: str, figures: Mapping[str, Mapping[str, int]],
            depth: int | None) -> Iterator[tuple[str, dict[str, int]]]:
    """The layers whose figures add up to the whole; what a module does beside its parts is one."""
    own = dict(figures[name])
    parts = {f'{name}.{key}'.lstrip('.'): part for key, part in module.named_children()}
    parts = {key: part for key, part in parts.items()
             if key in figures and any(figures[key].values())}
    if not parts or depth is not None and name and name.count('.') + 1 >= depth:
        yield name or '(model)', own
        return
    for key, part in parts.items():
        yield from _layers(part, key, figures, depth)
        own = {column: value - figures[key][column] for column, value in own.items()}
    if any(own.values()):
        yield f'{name or "(model)"} itself', own


def _print(config: str, model: str, result: Mapping[str, Any]) -> None:
    """A table for people."""
    from rich.console import Console
    from rich.table import Column, Table
    height, width = result['input_size']
    heads = ('parameters', 'trainable', 'operations*', 'activations')
    table = Table(Column('layer', overflow='fold'),
                  *(Column(head, justify='right', no_wrap=True) for head in heads),
                  title=f'{model} of {config}; an image {height} pixels high and {width} wide',
                  title_justify='left')
    for name, figures in result['layers'].items():
        frozen = figures['parameters'] and not figures['trainable']
        table.add_row(name, *(_cell(figures, column) for column in COLUMNS),
                      style='dim' if frozen else None)
    table.add_section()
    table.add_row('in all', *(_cell(result, column) for column in COLUMNS), style='bold')
    console = Console()
    console.print(table, highlight=False)
    kinds = ', '.join(f'{name} {number:,}' for name, number in result['by_operator'].items())
    rest = ', '.join(f"{name.removeprefix('aten::')} x {number}"
                     for name, number in result['uncounted'].items())
    console.print(f'* {kinds}. A multiply-add counts as one operation, so hardware\'s FLOPs are '
                  f'twice as many; counted as none: biases{", " + rest if rest else ""}.',
                  highlight=False)
    if result['unused']:
        console.print('Never used by the forward pass: ' + ', '.join(result['unused']),
                      highlight=False)


def _cell(figures: Mapping[str, Any], column: str) -> str:
    """A number; of parameters that do not learn, the word."""
    if column == 'trainable' and figures['parameters'] and not figures['trainable']:
        return 'frozen'
    return f'{figures[column]:,}' if figures[column] else '-'


def _write(target: Path, result: Mapping[str, Any]) -> None:
    """JSON, in place only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        spare = Path(folder, target.name)
        spare.write_text(json.dumps(result, indent=1) + '\n', encoding='utf-8')
        os.replace(spare, target)


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

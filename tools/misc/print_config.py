"""Print a config resolved from its bases and options, or only what the leaf changes.

    python tools/misc/print_config.py CONFIG
    python tools/misc/print_config.py CONFIG --diff-base --cfg-options train_cfg.max_epochs=5

Unlike OpenMMLab's print_config.py, it rejects what tools/train.py rejects, such
as a misspelt option. A whole config is printed as a valid config file.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_cfg_options, config_file, run
from plugins.engine.config_keys import READ_KEYS

if TYPE_CHECKING:
    from mmengine.config import Config

_WIDTH = 100


def main(argv: Sequence[str] | None = None) -> str:
    """Print, and return what was printed.

    Raises:
        OSError: A base of the config is missing.
        ValueError: See ``plugins.engine.session.load_config``; or there is no base to compare
            with.
    """
    parser = Parser(description='Print a resolved config.')
    parser.add_argument('config', type=config_file, help='config of an experiment')
    parser.add_argument('--diff-base', action='store_true',
                        help='only what the config (and --cfg-options) changes in its _base_')
    add_cfg_options(parser)
    args = parser.parse_args(argv)  # before mmengine is imported: errors are reported at once
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    text = diff_text(args.config, cfg) if args.diff_base else whole_text(cfg)
    print(text)
    return text


def whole_text(cfg: 'Config') -> str:
    """Return the keys in use, without helper variables, as a config file."""
    from mmengine.config import Config
    return Config({key: value for key, value in cfg._cfg_dict.to_dict().items()
                   if key in READ_KEYS}).pretty_text.rstrip()


def diff_text(path: Path, cfg: 'Config') -> str:
    """Return lines ``~ key: old -> new``, ``+ key: new``, ``- key: old``; pipelines by step.

    Raises:
        ValueError: The config names no base.
    """
    from plugins.engine.config_diff import difference
    lines = []
    for key, before, after in difference(path, cfg._cfg_dict.to_dict()):
        if before is None or after is None:
            lines.append(f'+ {key}: {after}' if before is None else f'- {key}: {before}')
        elif len(f'{key}{before}{after}') > _WIDTH:
            lines.append(f'~ {key}:\n      {before}\n   -> {after}')
        else:
            lines.append(f'~ {key}: {before} -> {after}')
    return '\n'.join(lines) or f'{path.name} changes nothing in its _base_'


if __name__ == '__main__':
    run(main)

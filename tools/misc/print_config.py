"""Print a config resolved from its bases and options, or only what the leaf changes.

    python tools/misc/print_config.py CONFIG
    python tools/misc/print_config.py CONFIG --diff-base --cfg-options train_cfg.max_epochs=5

Unlike OpenMMLab's print_config.py, it rejects what tools/train.py rejects, such
as a misspelt option. A whole config is printed as a valid config file, without helper variables;
changes as lines ``~ key: old -> new``, ``+ key: new``, ``- key: old``, of pipelines by step.
"""
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_cfg_options, config_file, run
from plugins.engine.config_keys import READ_KEYS

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
    from mmengine.config import Config

    from plugins.engine.config_diff import difference
    from plugins.engine.session import load_config

    whole = load_config(str(args.config), args.cfg_options)._cfg_dict.to_dict()
    text = Config({key: whole[key] for key in whole if key in READ_KEYS}).pretty_text.rstrip()
    if args.diff_base:
        lines = []
        for key, before, after in difference(args.config, whole):
            if before is None or after is None:
                lines.append(f'+ {key}: {after}' if before is None else f'- {key}: {before}')
            elif len(f'{key}{before}{after}') > _WIDTH:
                lines.append(f'~ {key}:\n      {before}\n   -> {after}')
            else:
                lines.append(f'~ {key}: {before} -> {after}')
        text = '\n'.join(lines) or f'{args.config.name} changes nothing in its _base_'
    print(text)
    return text


if __name__ == '__main__':
    run(main)

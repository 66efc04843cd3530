"""Print a config as it comes out of its bases and options, or what the leaf itself changes.

    python tools/misc/print_config.py CONFIG
    python tools/misc/print_config.py CONFIG --key model.head
    python tools/misc/print_config.py CONFIG --diff-base --cfg-options train_cfg.max_epochs=5

OpenMMLab's print_config.py adds a misspelt option without a word and prints
the config that would then be trained; this one refuses what tools/train.py
refuses. What is printed for a whole config is a config file again.
"""
import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.arguments import add_cfg_options, config_file

if TYPE_CHECKING:
    from mmengine.config import Config

_ABSENT = object()
_WIDTH = 100


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; mmengine is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(description='Print a resolved config.')
    parser.add_argument('config', type=config_file, help='config of an experiment')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--diff-base', action='store_true',
                      help='only what the config (and --cfg-options) changes in its _base_')
    what.add_argument('--key', metavar='A.B.0.C', help='only what this key holds')
    add_cfg_options(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> str:
    """Print, and return what was printed.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        OSError: A base of the config is missing.
        ValueError: As ``plugins.engine.session.load_config``; there is no such
            key, or no base to compare with.
    """
    args = parse_args(argv)
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    if args.diff_base:
        text = '\n'.join(differences(bases_of(args.config), cfg)) or \
            f'{args.config.name} changes nothing in its _base_'
    else:
        text = key_text(cfg, args.key) if args.key else whole_text(cfg)
    print(text)
    return text


def whole_text(cfg: 'Config') -> str:
    """The keys that something reads, as a config file; helper variables are named below."""
    helpers = _helpers(cfg)
    text = _formatted({key: value for key, value in _plain(cfg).items() if key not in helpers})
    if helpers:
        text += ('\n# Helper variables, which only the config files themselves use (--key shows '
                 f'one): {", ".join(helpers)}')
    return text


def key_text(cfg: 'Config', path: str) -> str:
    """What a dotted key holds, as ``key = value``; items of a list are numbered from 0.

    Raises:
        ValueError: There is no such key; names near ones.
    """
    node: Any = _plain(cfg)
    for number, part in enumerate(parts := path.split('.')):
        held = dict(enumerate(node)) if isinstance(node, list | tuple) else node
        key = int(part) if isinstance(node, list | tuple) and part.isdecimal() else part
        if not isinstance(held, Mapping) or key not in held:
            raise ValueError(f'--key {path}: the config has no {".".join(parts[:number + 1])}; '
                             f'{_near(path, _plain(cfg))}')
        node = held[key]
    if parts[-1].isidentifier():
        return _formatted({parts[-1]: node})
    return _formatted({'_': node}).removeprefix('_ = ')  # an item of a list has no name


def bases_of(path: Path) -> 'Config':
    """What the config would be if it held its ``_base_`` alone.

    Raises:
        OSError: A base is missing.
        ValueError: It names none.
    """
    from mmengine.config import Config

    from plugins.engine.config_check import read_config
    names = [name if '::' in name else str((path.parent / name).resolve())
             for name in Config._get_base_files(str(path))]
    if not names:
        raise ValueError(f'--diff-base: {path} names no _base_; all that it holds is its own')
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder, path.name).with_suffix('.py')
        alone.write_text(f'_base_ = {names!r}\n', encoding='utf-8')
        return read_config(str(alone))


def differences(base: 'Config', cfg: 'Config') -> list[str]:
    """Lines ``~ key: old -> new``, ``+ key: new``, ``- key: old``; a list counts as one value.

    Helper variables are left out: they act through the keys that use them.
    """
    old, new = dict(_leaves(_plain(base))), dict(_leaves(_plain(cfg)))
    helpers = {*_helpers(base), *_helpers(cfg)}
    lines = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if before == after or key.split('.')[0] in helpers:
            continue
        if before is _ABSENT:
            lines.append(f'+ {key}: {_shown(after)}')
        elif after is _ABSENT:
            lines.append(f'- {key}: {_shown(before)}')
        else:
            arrow = f'{_shown(before)} -> {_shown(after)}'
            if len(arrow) + len(key) > _WIDTH or '\n' in arrow:
                arrow = f'\n      {_shown(before)}\n   -> {_shown(after)}'
            lines.append(f'~ {key}: {arrow}'.replace(': \n', ':\n'))
    return lines


def _leaves(node: Mapping[str, Any], path: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values; mmengine replaces lists as a whole, and so do these."""
    for key, value in node.items():
        name = f'{path}.{key}' if path else str(key)
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, name)
        else:
            yield name, value


def _shown(value: Any) -> str:
    """A value; lists of groups with an item a line."""
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        return '[' + ',\n       '.join(_short(item) for item in value) + ']'
    return _short(value)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return 'dict(' + ', '.join(f'{key}={_short(held)}' for key, held in value.items()) + ')'
    if isinstance(value, list):
        return '[' + ', '.join(map(_short, value)) + ']'
    if isinstance(value, tuple):
        return '(' + ', '.join(map(_short, value)) + (',)' if len(value) == 1 else ')')
    return repr(value)


def _formatted(keys: dict[str, Any]) -> str:
    """Python code of these keys, formatted by mmengine's own means."""
    from mmengine.config import Config
    return Config(keys).pretty_text.rstrip()


def _plain(cfg: 'Config') -> dict[str, Any]:
    return cfg._cfg_dict.to_dict()


def _helpers(cfg: 'Config') -> list[str]:
    from plugins.engine.cfg_options import known_keys
    known = known_keys()
    return [key for key in cfg._cfg_dict if key not in known]


def _near(path: str, tree: dict[str, Any]) -> str:
    keys = {'.'.join(key.split('.')[:depth + 1]) for key, _ in _leaves(tree)
            for depth in range(key.count('.') + 1)}
    near = get_close_matches(path, sorted(keys), n=3, cutoff=0.5)
    return f'near: {", ".join(near)}' if near else f'expected one of {", ".join(tree)}'


if __name__ == '__main__':
    from plugins.cli import run
    run(main)

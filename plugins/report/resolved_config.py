"""The config that a run wrote down, read without running it: a work dir may come from anyone."""
import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plugins.engine.config_diff import Difference, base_names, base_path, difference
from plugins.engine.files import REPO_ROOT, resolve_path

# Where and how often a run was made; not what it computes.
_NOT_THE_EXPERIMENT = ('work_dir', 'resume', 'load_from', 'launcher', 'experiment_name',
                       'randomness.seed', 'randomness.diff_rank_seed')


def config_difference(folder: Path, config: str) -> Difference:
    """Compare the resolved config in a work dir with what the config file inherits.

    What ``--cfg-options`` changed is in the difference too.

    Args:
        folder: The work dir; runs write their resolved config into it.
        config: The config file, as result.json names it. Its bases are run, see
            :func:`check_not_foreign`.

    Raises:
        FileNotFoundError: The config file, or the resolved one, is not there.
        ValueError: The config inherits nothing, or one of the two or a base cannot be read.
    """
    leaf = resolve_path(config)
    resolved = folder / leaf.name
    for path in (leaf, resolved):
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such file')
    return difference(leaf, read_resolved(resolved), without=_NOT_THE_EXPERIMENT)


def check_not_foreign(config: str, places: Sequence[Path]) -> None:
    """Refuse a config whose reading would run what lies in a work dir, as a record may name any.

    A config in a work dir is let through if it is nothing but literals and its bases lie outside:
    that is how a search writes its trials. What such a config *names* is not looked at: a type in
    it, as one in a record's options, may be any class of any installed package, and building it
    is running it.

    Args:
        config: The config file, as result.json names it.
        places: The folders that were given; the collection's own configs count as outside.

    Raises:
        OSError: The config lies in one of them, and cannot be read.
        ValueError: It lies in one of them, and computes something or has a base that lies there.
    """
    leaf = resolve_path(config)
    if not _lies_in(leaf, places):
        return
    read_resolved(leaf)
    if '{{' in leaf.read_text(encoding='utf-8'):
        raise ValueError(f'{leaf}: lies in a folder of runs and has a {{{{ }}}}, which mmengine '
                         'replaces before it runs the file; write the value itself')
    for path in (base_path(leaf, name) for name in base_names(leaf)):
        if _lies_in(path, places):
            raise ValueError(f'{path}: the base of {leaf} lies in a folder of runs, and would be '
                             'run; move it elsewhere, or give only the work dirs themselves')


def _lies_in(path: Path, places: Sequence[Path]) -> bool:
    path = path.resolve()
    return not path.is_relative_to(REPO_ROOT / 'configs') and any(
        path.is_relative_to(place.resolve()) for place in places)


def read_resolved(path: Path) -> dict[str, Any]:
    """Read a resolved config without running it: assignments of ``dict(...)`` and literals.

    mmengine's reader executes the file.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds anything else.
    """
    try:
        module = ast.parse(path.read_text(encoding='utf-8'))
        return {node.targets[0].id: _value(node.value) for node in module.body
                if not _is_docstring(node)}
    except (SyntaxError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f'{path}: not a resolved config as runs write it: expected lines KEY = '
                         f'VALUE without computations; {type(error).__name__}: {error}') from error


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=keywords):
            return {pair.arg: _value(pair.value) for pair in keywords}
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Name(id='inf' | 'nan' as name):
            return float(name)
        case _:
            return ast.literal_eval(node)

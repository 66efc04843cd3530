"""What a run's config sets that its base does not, from the config that the run wrote down."""
import ast
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from plugins.paths import resolve_path

# Where and how often a run was made; not what it computes.
_NOT_THE_EXPERIMENT = ('work_dir', 'resume', 'load_from', 'launcher', 'experiment_name', '_base_',
                       'randomness.seed', 'randomness.diff_rank_seed')
_ABSENT = object()


class Change(NamedTuple):
    """One key that differs; the values as text, None where the key is absent."""

    key: str
    base: str | None
    own: str | None


class Difference(NamedTuple):
    """A config against its base.

    Attributes:
        bases: The files that the leaf inherits, as it names them.
        changes: In the order of the keys.
    """

    bases: tuple[str, ...]
    changes: list[Change]


def config_difference(folder: Path, config: str) -> Difference:
    """Compare the resolved config in a work dir with what the config file inherits.

    What upstream lacks: print_config.py prints a resolved config of 300 lines; which of them the
    experiment is about, it does not say. What ``--cfg-options`` changed is in the difference too.

    Args:
        folder: The work dir; runs write their resolved config into it.
        config: The config file, as result.json names it.

    Raises:
        FileNotFoundError: The config file, or the resolved one, is not there.
        ValueError: The config inherits nothing, or one of the two cannot be read.
    """
    leaf = resolve_path(config)
    resolved = folder / leaf.name
    for path in (leaf, resolved):
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such file')
    bases, inherited = _base_of(leaf)
    if not bases:
        raise ValueError(f'{leaf}: inherits nothing (no _base_)')
    return Difference(bases, list(changes(inherited, read_resolved(resolved))))


def read_resolved(path: Path) -> dict[str, Any]:
    """Read a resolved config without running it: assignments of ``dict(...)`` and literals.

    mmengine's reader executes the file. A work dir may come from anyone.

    Raises:
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


@cache
def _base_of(leaf: Path) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of a config's bases, and all that they set together; read once for all seeds."""
    from mmengine.config import Config

    for node in ast.parse(leaf.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
            names = ast.literal_eval(node.value)
            names = (names,) if isinstance(names, str) else tuple(names)
            break
    else:
        return (), {}
    merged: dict[str, Any] = {}
    for name in names:
        path, _ = Config._get_cfg_path(name, str(leaf))
        merged |= Config.fromfile(path, import_custom_modules=False)._cfg_dict.to_dict()
    return names, merged


def changes(base: Any, own: Any, path: str = '') -> Iterator[Change]:
    """Keys of nested dicts in which two configs differ.

    Args:
        base: The one.
        own: The other.
        path: Dotted key at which they stand.
    """
    if isinstance(base, Mapping) and isinstance(own, Mapping):
        for key in dict.fromkeys([*base, *own]):
            name = f'{path}.{key}' if path else str(key)
            if not _is_left_out(name):
                yield from changes(base.get(key, _ABSENT), own.get(key, _ABSENT), name)
    elif _of_dicts(base) and _of_dicts(own):
        yield from _changed_steps(base, own, path)
    elif _shown(base) != _shown(own):
        yield Change(path, *(None if value is _ABSENT else _shown(value) for value in (base, own)))


def _changed_steps(base: Sequence[Mapping], own: Sequence[Mapping], path: str) -> Iterator[Change]:
    """Of two pipelines or lists of hooks, only the steps that differ."""
    before, after = ([_shown(step) for step in steps] for steps in (base, own))
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != 'equal':
            yield Change(f'{path}.{k}', ', '.join(before[i:j]) or None,
                         ', '.join(after[k:m]) or None)


def _is_left_out(name: str) -> bool:
    """A pipeline at the top is a variable of the file; the loaders' own ones say what counts."""
    return name in _NOT_THE_EXPERIMENT or ('.' not in name and name.endswith('_pipeline'))


def _of_dicts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(
        isinstance(item, Mapping) for item in value)


def _shown(value: Any) -> str:
    """As a config would be written; lists and tuples are one, and the order of keys is none."""
    if isinstance(value, Mapping):
        rest = ', '.join(f'{key}={_shown(value[key])}' for key in sorted(value, key=str)
                         if key != 'type')
        return f"{value.get('type', 'dict')}({rest})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)

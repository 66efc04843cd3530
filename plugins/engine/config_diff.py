"""What a config sets that its base does not; used by the report page and by print_config.py.

Importing this imports neither torch nor mmengine.
"""
import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .config_keys import READ_KEYS

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


def difference(leaf: Path, own: Mapping[str, Any], without: Collection[str] = ()) -> Difference:
    """Compare a config with what its file inherits; of the file, only ``_base_`` is read.

    What upstream lacks: its print_config.py prints a resolved config of 300 lines; which of them
    the experiment is about, it does not say. Helper variables, which nothing but the config files
    reads, are left out: they act through the keys that use them.

    Args:
        leaf: The config file. It is not run, its bases are.
        own: The resolved config: the leaf's, perhaps with options.
        without: Dotted keys that are not compared.

    Raises:
        OSError: The leaf or a base is missing.
        ValueError: The leaf names no base, or the leaf or a base cannot be read.
    """
    names = base_names(leaf)
    if not names:
        raise ValueError(f'{leaf}: names no _base_; all that it holds is its own')
    inherited: dict[str, Any] = {}
    for name in names:
        inherited |= _read(base_path(leaf, name))
    read = ({key: value for key, value in config.items() if key in READ_KEYS}
            for config in (inherited, own))
    return Difference(names, list(changes(*read, without=without)))


def base_names(leaf: Path) -> tuple[str, ...]:
    """The bases that a config names, without running it; none, if it names none.

    Raises:
        OSError: The file cannot be read.
        ValueError: It has a syntax error, or computes its ``_base_``.
    """
    if leaf.suffix != '.py':
        from mmengine.config import Config
        return tuple(Config._get_base_files(str(leaf)))
    try:
        lines = ast.parse(leaf.read_text(encoding='utf-8')).body
    except SyntaxError as error:
        raise ValueError(f'config {leaf}: syntax error: {error}') from error
    for node in lines:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
            return _names(node.value, f'config {leaf}:{node.lineno}')
    return ()


def _names(value: ast.expr, where: str) -> tuple[str, ...]:
    try:
        names = ast.literal_eval(value)
    except ValueError:
        names = None
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError(f'{where}: _base_ is {ast.unparse(value)}, expected a name or a list of '
                         'names, written out')
    return tuple(names)


def base_path(leaf: Path, name: str) -> Path:
    """The file of a base, which may lie in another package (``mmdet::...``)."""
    from mmengine.config import Config
    return Path(Config._get_cfg_path(name, str(leaf))[0]).resolve()


@cache
def _read(base: Path) -> dict[str, Any]:
    """All that a base sets; many configs share one."""
    from plugins.engine.config_check import read_config
    return read_config(str(base))._cfg_dict.to_dict()


def changes(base: Any, own: Any, path: str = '', without: Collection[str] = ()
            ) -> Iterator[Change]:
    """Keys of nested dicts in which two configs differ; of pipelines, the steps.

    Args:
        base: The one.
        own: The other.
        path: Dotted key at which they stand.
        without: Dotted keys that are not compared.
    """
    if isinstance(base, Mapping) and isinstance(own, Mapping):
        for key in dict.fromkeys([*base, *own]):
            name = f'{path}.{key}' if path else str(key)
            if name not in without:
                yield from changes(base.get(key, _ABSENT), own.get(key, _ABSENT), name, without)
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


def _of_dicts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(
        isinstance(item, Mapping) for item in value)


def _shown(value: Any) -> str:
    """Groups as ``Type(key=value)``; lists and tuples are one, and the order of keys is none."""
    if isinstance(value, Mapping):
        rest = ', '.join(f'{key}={_shown(value[key])}' for key in sorted(value, key=str)
                         if key != 'type')
        return f"{value.get('type', 'dict')}({rest})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)

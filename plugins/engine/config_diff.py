"""What a config and its options change in the base files that its ``_base_`` names."""
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from .config_check import read_config
from .config_keys import READ_KEYS

_ABSENT = object()


class Change(NamedTuple):
    """A key that differs, and both values as text; None if the key is absent."""

    key: str
    base: str | None
    own: str | None


def difference(leaf: Path, own: Mapping[str, Any]) -> list[Change]:
    """Compare a resolved config, with its options, with what its file inherits.

    The changes are in the order of the keys, without helper variables, which act through the keys
    that use them.

    Raises:
        OSError: The leaf or a base is missing.
        ValueError: The leaf names no base, or a base cannot be read.
    """
    bases = Config._get_base_files(str(leaf))
    if not bases:
        raise ValueError(f'{leaf}: names no _base_, so there is nothing to compare it with')
    inherited: dict[str, Any] = {}
    for name in bases:  # which may be in another package: mmdet::...
        inherited |= _read(Config._get_cfg_path(name, str(leaf))[0])
    read = ({key: value for key, value in config.items() if key in READ_KEYS}
            for config in (inherited, own))
    return list(changes(*read))


@cache
def _read(base: str) -> dict[str, Any]:
    """Everything that a base sets; cached, as many configs share a base."""
    return read_config(base)._cfg_dict.to_dict()


def changes(base: Any, own: Any, path: str = '') -> Iterator[Change]:
    """The keys in which two nested configs differ; lists of dicts are compared item by item.

    ``path`` is the dotted key of both; '' for whole configs.
    """
    if isinstance(base, Mapping) and isinstance(own, Mapping):
        for key in dict.fromkeys([*base, *own]):
            yield from changes(base.get(key, _ABSENT), own.get(key, _ABSENT),
                               f'{path}.{key}' if path else str(key))
    elif _of_dicts(base) and _of_dicts(own):
        yield from _changed_steps(base, own, path)
    elif _shown(base) != _shown(own):
        yield Change(path, *(None if value is _ABSENT else _shown(value) for value in (base, own)))


def _changed_steps(base: Sequence[Mapping], own: Sequence[Mapping], path: str) -> Iterator[Change]:
    before, after = ([_shown(step) for step in steps] for steps in (base, own))
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != 'equal':
            yield Change(f'{path}.{k}', ', '.join(before[i:j]) or None,
                         ', '.join(after[k:m]) or None)


def _of_dicts(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(
        isinstance(item, Mapping) for item in value)


def _shown(value: Any) -> str:
    """A value as text: dicts as ``Type(key=value)`` with sorted keys, tuples as lists."""
    if isinstance(value, Mapping):
        rest = ', '.join(f'{key}={_shown(value[key])}' for key in sorted(value, key=str)
                         if key != 'type')
        return f"{value.get('type', 'dict')}({rest})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)

"""``--cfg-options`` that refuses what the config does not have."""
import difflib
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

# Read by the Runner from its cfg, or by Config itself; not by the Runner's signature.
_READ_ELSEWHERE = {'custom_imports', 'runner_type', 'find_unused_parameters', 'model_wrapper_cfg',
                   'sync_bn', 'compile', 'channels_last', 'activation_checkpointing'}


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Merge ``a.b.0.c=value`` options into a config, in place.

    ``Config.merge_from_dict`` adds unknown keys without a word, so that a
    typo trains the unchanged config. Here every key must exist, except one
    that begins with ``+``, which says "add this" (the sign Hydra uses).

    Args:
        cfg: The config to change. List items are addressed by their index.
        options: Dotted keys and their values, as mmengine's ``DictAction``
            parses them.

    Raises:
        ValueError: A key is not in the config (the message names the nearest
            one that is), a ``+`` key is there already, or a word or number is
            given where the config has a number or a group of keys; or NaN or
            infinity for a number.
    """
    for key, value in (options or {}).items():
        path = key.lstrip('+')
        exists = _has(cfg, path)
        if path.split('.')[0] in _helpers(cfg):
            raise ValueError(f'--cfg-options {key}: {path.split(".")[0]} is a helper variable of '
                             'the config file, copied when the file was read; change the key '
                             f'that uses it. {_hint(cfg, path)}')
        if key.startswith('+') and exists:
            raise ValueError(f'--cfg-options {key}: the config has {path} already; '
                             f'write {path}=... to change it')
        if not key.startswith('+') and not exists:
            raise ValueError(f'--cfg-options {key}: the config has no such key. '
                             f'{_hint(cfg, path)} To add a new key on purpose write +{path}=...')
        if exists:
            _check_kind(key, _get(cfg, path), value)
            path, value = _whole_list(cfg, path, value)
        cfg.merge_from_dict({path: value}, allow_list_keys=True)


def _helpers(cfg: Config) -> set[str]:
    """Top-level names that nothing reads: those that the Runner does not know."""
    return set(cfg) - known_keys()


def known_keys() -> set[str]:
    """Top-level keys of a config that something reads."""
    return set(inspect.signature(Runner).parameters) | _READ_ELSEWHERE


def _has(cfg: Config, path: str) -> bool:
    try:
        _get(cfg, path)
    except KeyError:
        return False
    return True


def _get(cfg: Config, path: str) -> Any:
    node: Any = cfg
    for part in path.split('.'):
        if isinstance(node, Mapping | Config) and part in node:
            node = node[part]
        elif isinstance(node, list | tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            raise KeyError(path)
    return node


def _whole_list(cfg: Config, path: str, value: Any) -> tuple[str, Any]:
    """For a number or word in a list, the changed list: mmengine merges groups into lists only."""
    parent, _, index = path.rpartition('.')
    items = _get(cfg, parent) if parent else None
    if not isinstance(items, list | tuple) or isinstance(items[int(index)], Mapping):
        return path, value
    place = int(index)
    return _whole_list(cfg, parent, type(items)([*items[:place], value, *items[place + 1:]]))


def _check_kind(key: str, old: Any, new: Any) -> None:
    """A number stays a number and a group of keys stays one; None may come and go."""
    is_number = isinstance(old, int | float) and not isinstance(old, bool)
    if is_number and isinstance(new, float) and not math.isfinite(new):
        raise ValueError(f'--cfg-options {key}={new}: the config has the number {old} there; '
                         'expected a finite number')
    if is_number and isinstance(new, str):
        raise ValueError(f'--cfg-options {key}={new}: the config has the number {old} there; '
                         'expected a number')
    if isinstance(old, Mapping) and not (new is None or isinstance(new, Mapping)):
        raise ValueError(f'--cfg-options {key}={new}: {key} is a group of keys '
                         f'({", ".join(old)}); name one of them, e.g. {key}.{next(iter(old))}=...')


def _hint(cfg: Config, path: str) -> str:
    keys = list(_keys(cfg._cfg_dict.to_dict()))
    keys = [k for k in keys if k.split('.')[0] not in _helpers(cfg)]
    near = difflib.get_close_matches(path, keys, n=1, cutoff=0)
    return f'The nearest existing key is {near[0]}.' if near else 'The config is empty.'


def _keys(node: Any, prefix: str = '') -> Iterator[str]:
    items = node.items() if isinstance(node, Mapping) else enumerate(node)
    for key, value in items:
        yield f'{prefix}{key}'
        if isinstance(value, Mapping | list | tuple):
            yield from _keys(value, f'{prefix}{key}.')

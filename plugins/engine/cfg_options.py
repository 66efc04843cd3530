"""``--cfg-options`` that rejects what the config does not have."""
import difflib
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from .checks import is_number
from .config_keys import READ_KEYS, dotted


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Merge ``a.b.0.c=value`` options into a config, in place.

    ``Config.merge_from_dict`` adds unknown keys silently, so that a typo trains the unchanged
    config. Here every key must exist, except one that begins with ``+`` (Hydra's sign), which
    is added.

    Args:
        cfg: The config to change. List items are addressed by their index.
        options: Dotted keys and their values, as mmengine's ``DictAction`` parses them.

    Raises:
        ValueError: A key is not in the config (the message names the nearest existing one), a
            ``+`` key already is, a key is a helper variable, or a number would be replaced by a
            word, NaN or infinity, or a group of keys by a plain value.
    """
    for key, value in (options or {}).items():
        path = key.lstrip('+')
        exists = _has(cfg, path)
        top = path.partition('.')[0]
        if top in cfg and top not in READ_KEYS:
            raise ValueError(f'--cfg-options {key}: {top} is a helper variable of the config file, '
                             'already copied into other keys; change the key that uses it. '
                             f'{_hint(cfg, path)}')
        if key.startswith('+') and exists:
            raise ValueError(f'--cfg-options {key}: the config already has {path}; '
                             f'write {path}=... to change it')
        if not key.startswith('+') and not exists:
            raise ValueError(f'--cfg-options {key}: the config has no such key. '
                             f'{_hint(cfg, path)} To add a new key on purpose write +{path}=...')
        if exists:
            _check_kind(key, _get(cfg, path), value)
            path, value = _whole_list(cfg, path, value)
        cfg.merge_from_dict({path: value}, allow_list_keys=True)


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
    """Change a plain list item by setting its list: mmengine merges only dicts into lists."""
    parent, _, index = path.rpartition('.')
    items = _get(cfg, parent) if parent else None
    if not isinstance(items, list | tuple) or isinstance(items[int(index)], Mapping):
        return path, value
    place = int(index)
    return _whole_list(cfg, parent, type(items)([*items[:place], value, *items[place + 1:]]))


def _check_kind(key: str, old: Any, new: Any) -> None:
    """Reject a non-number for a number and a plain value (not None) for a group of keys."""
    if is_number(old) and isinstance(new, str | float) and not is_number(new):
        raise ValueError(f'--cfg-options {key}={new}: expected a finite number; the config has '
                         f'{old}')
    if isinstance(old, Mapping) and not (new is None or isinstance(new, Mapping)):
        raise ValueError(f'--cfg-options {key}={new}: {key} is a group of keys '
                         f'({", ".join(old)}); name one of them, e.g. {key}.{next(iter(old))}=...')


def _hint(cfg: Config, path: str) -> str:
    keys = [key for key, _ in dotted(cfg._cfg_dict.to_dict()) if key.split('.')[0] in READ_KEYS]
    near = difflib.get_close_matches(path, keys, n=1, cutoff=0)
    return f'The nearest existing key is {near[0]}.' if near else 'The config is empty.'

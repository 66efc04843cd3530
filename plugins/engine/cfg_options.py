"""``--cfg-options`` that rejects what the config does not have."""
import difflib
from collections.abc import Mapping
from numbers import Number
from typing import Any

from mmengine.config import Config

from .checks import is_number, refuse
from .config_keys import READ_KEYS, dotted, find
from .wording import shortened

_ABSENT = object()


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
            ``+`` key already is, a key is a helper variable, or a value would be replaced by one
            of another kind, NaN or infinity.
    """
    for key, value in (options or {}).items():
        path = key.lstrip('+')
        exists = find(cfg, path, _ABSENT) is not _ABSENT
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
            old = find(cfg, path)
            path, whole = _whole_list(cfg, path, value)
            _check_kind(key, old, value, inside=whole is not value)
            value = whole
        cfg.merge_from_dict({path: value}, allow_list_keys=True)


def _whole_list(cfg: Config, path: str, value: Any) -> tuple[str, Any]:
    """Change a plain list item by setting its list: mmengine merges only dicts into lists."""
    parent, _, index = path.rpartition('.')
    items = find(cfg, parent) if parent else None
    if not isinstance(items, list | tuple) or isinstance(items[int(index)], Mapping):
        return path, value
    place = int(index)
    return _whole_list(cfg, parent, type(items)([*items[:place], value, *items[place + 1:]]))


def _check_kind(key: str, old: Any, new: Any, inside: bool) -> None:
    """Reject a value of another kind, with which a network may train and mean something else."""
    if isinstance(old, Mapping) and not (new is None or isinstance(new, Mapping)):
        example = f', e.g. {key}.{next(iter(old))}=...' if old else ''
        raise ValueError(f'--cfg-options {key}={shortened(new)}: {key} is a group of keys '
                         f'({", ".join(old)}); name one of them{example}')
    if not _fits(old, new, inside):
        raise refuse('--cfg-options', key, new, f'{_kind(old)}; the config has {shortened(old)}')


def _fits(old: Any, new: Any, inside: bool) -> bool:
    """Whether a value may replace another: one number may become several, but not inside lists."""
    if old is None or new is None:
        return True
    if isinstance(new, float) and not is_number(new):
        return False
    several = [isinstance(value, list | tuple) for value in (old, new)]
    if True not in several:  # inside lists, names of classes may replace their indices
        return inside and {type(old), type(new)} == {int, str} or _kind(old) == _kind(new)
    if inside and False in several or isinstance(old, bool):
        return False
    olds, news = ([value] if one else value for value, one in (
        (old, not several[0]), (new, not several[1])))
    return all(not olds or any(_fits(before, after, True) for before in olds) for after in news)


def _kind(value: Any) -> str:
    return next((text for kind, text in (
        (bool, 'True or False'), (Number, 'a finite number'), (str, 'a word'), (Mapping, 'a group'))
        if isinstance(value, kind)), 'a list')


def _hint(cfg: Config, path: str) -> str:
    keys = [key for key, _ in dotted(cfg._cfg_dict.to_dict()) if key.split('.')[0] in READ_KEYS]
    near = difflib.get_close_matches(path, keys, n=1, cutoff=0)
    return f'The nearest existing key is {near[0]}.' if near else 'The config is empty.'

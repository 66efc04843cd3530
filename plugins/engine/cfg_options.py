"""``--cfg-options`` that rejects what the config does not have, and keeps text as it is typed."""
import ast
import difflib
import inspect
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from numbers import Number
from typing import Any, get_args

from mmengine.config import Config, ConfigDict, DictAction
from mmengine.config.config import DELETE_KEY
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from .checks import is_number, refuse
from .config_keys import READ_KEYS, dotted, find
from .type_check import arguments
from .wording import shortened

_ABSENT = object()
# An item of a typed list: in quotes (the group), or bare.
_ITEM = re.compile(r"""(\s*(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*(?=[],()[]|$))|[^],()[]+""")
_UNREADABLE = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


def merge_typed(cfg: Config, options: Sequence[str]) -> None:
    """Merge ``KEY=VALUE`` as typed on a command line, see :func:`merge_options`.

    Where the config has text, what is typed is text: a path keeps its commas and blanks, a class
    may be called 10 or True. Elsewhere a value is read as by mmengine's ``DictAction`` (``1e-3``,
    ``None``, ``1,2``, ``[(1,2),[a,b]]``). A value in quotes is text, ``{'key': value}`` a dict.

    Raises:
        ValueError: An option is not ``KEY=VALUE``, its brackets do not match, or see there.
    """
    for option in options:
        key, mark, text = option.partition('=')
        if not mark or not all(key.removeprefix('+').split('.')):
            raise ValueError(f'--cfg-options {option}: expected KEY=VALUE')
        keys = _keys(cfg, key.lstrip('+'))
        old, argument = find(cfg._cfg_dict, keys, _ABSENT), _argument(cfg, keys)
        if argument and (old is None or old is _ABSENT):
            kinds = {argument.annotation, *get_args(argument.annotation)}
            texts = Sequence[str] in kinds and (str not in kinds or text.strip()[:1] in ('[', '('))
            old = [''] if texts else \
                '' if str in kinds and not kinds & {int, bool, Sequence[int | str]} else None
        elif old is _ABSENT and isinstance(items := find(cfg._cfg_dict, keys[:-1]), list):
            old = next(iter(items), None)  # one more of them
        try:
            value = _read(text, isinstance(old, str), _all_text(old))
        except _UNREADABLE as error:
            raise ValueError(f'--cfg-options {key}={shortened(text)[1:-1]}: not readable as a list;'
                             ' put quotes round a text with commas or brackets, and others round '
                             'the option for the shell') from error
        merge_options(cfg, {key: value})


def _read(text: str, is_text: bool, of_texts: bool) -> Any:
    """What is typed where the config has a text, texts, or something else."""
    with suppress(*_UNREADABLE):
        literal = ast.literal_eval(text.strip())
        if literal is None or _all_text(literal) or '{' in text and isinstance(
                literal, dict | list | tuple):
            return literal
    if is_text:
        return text
    read, bare = str if of_texts else DictAction._parse_int_float_bool, text.strip()
    if bare[:1] not in ('(', '[') and ',' not in bare:
        value = read(bare)
        return text if isinstance(value, str) else value
    if '{' in bare and not of_texts:
        raise ValueError
    value = ast.literal_eval(_ITEM.sub(lambda found: found[0].strip() and (
        found[1] or repr(read(found[0].strip()))), bare))
    return value if bare[0] == '(' else list(value)


def _all_text(value: Any) -> bool:
    return isinstance(value, str) or bool(value) and isinstance(value, list | tuple) and all(
        map(_all_text, value))


def merge_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Merge dotted keys and their values into a config, in place.

    ``Config.merge_from_dict`` adds unknown keys silently, so that a typo trains the unchanged
    config. Here every key must be in the config or an argument of its group's type, except one that
    begins with ``+`` (Hydra's sign), which is added. A dict changes the keys that it names; with
    ``_delete_`` it replaces the group, as in config files. List items are addressed by their index.

    Raises:
        ValueError: A key is not in the config (the message names the nearest existing one), a
            ``+`` key already is, a key is a helper variable, or a value would be replaced by one
            of another kind, NaN or infinity.
    """
    for key, value in options.items():
        _merge(cfg, _keys(cfg, key.lstrip('+')), value, '+' if key.startswith('+') else '')


def _merge(cfg: Config, keys: Sequence[str], value: Any, sign: str = '') -> None:
    path, top, argument = '.'.join(map(str, keys)), keys[0], _argument(cfg, keys)
    old, where = find(cfg._cfg_dict, keys, _ABSENT), f'--cfg-options {sign}{path}'
    if top not in READ_KEYS:
        what = 'a helper variable of the config file, already copied into other keys; change the ' \
            'key that uses it' if top in cfg else 'a key that nothing reads'
        raise ValueError(f'{where}: {top} is {what}. {_hint(cfg, path)}')
    if sign and old is not _ABSENT:
        raise ValueError(f'{where}: the config already has {path}; write {path}=... to change it')
    if not sign and old is _ABSENT and not argument:
        raise ValueError(f'{where}: the config has no such key. '
                         f'{_hint(cfg, path)} To add a new key on purpose write +{path}=...')
    if isinstance(old, Mapping) and isinstance(value, Mapping) and not value.get(DELETE_KEY):
        if not value:
            raise refuse('--cfg-options', path, value, 'keys to change, or None for no group')
        for name in sorted(value, key=lambda name: name != 'type'):  # which decides on the others
            _merge(cfg, [*keys, name], value[name])
        return
    if old is not _ABSENT or argument and isinstance(argument.default, bool):
        _check_kind(path, argument.default if old is _ABSENT else old, value,
                    inside=isinstance(find(cfg._cfg_dict, keys[:-1]), list | tuple))
    if isinstance(value, Mapping):
        value = {name: one for name, one in value.items() if name != DELETE_KEY}
    cfg[top] = _with(cfg._cfg_dict, keys, value, where)[top]


def _keys(cfg: Config, path: str) -> list[str]:
    """The keys of a dotted path; a key with a dot in its name is one that the config has."""
    node, keys, parts = cfg._cfg_dict, [], path.split('.')
    while parts:
        count = next((count for count in range(len(parts), 1, -1) if isinstance(node, Mapping)
                      and '.'.join(parts[:count]) in node), 1)
        keys.append('.'.join(parts[:count]))
        node, parts = find(node, keys[-1:]), parts[count:]
    return keys


def _argument(cfg: Config, keys: Sequence[str]) -> inspect.Parameter | None:
    """The argument of the group's type that a key sets; None if it has no such argument."""
    if len(keys) == 1:
        return inspect.signature(Runner).parameters.get(keys[0])
    node = find(cfg._cfg_dict, keys[:-1])
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
        known = arguments('.'.join(keys[:-1]), node) if isinstance(node, Mapping) else None
    return (known or {}).get(keys[-1])


def _with(node: Any, keys: Sequence[str], value: Any, where: str) -> Any:
    """A copy of nested groups and lists with another value of one key."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    node = [] if node is None and key == '0' else node
    if isinstance(node, list | tuple) and key in map(str, range(len(node) + 1)):
        place = int(key)  # behind the last item, too
        return type(node)([*node[:place], _with((*node, None)[place], rest, value, where),
                           *node[place + 1:]])
    if not isinstance(node, Mapping | None):
        raise ValueError(f'{where}: {key} cannot be added to {shortened(node)}')
    return ConfigDict({**(node or {}), key: _with((node or {}).get(key), rest, value, where)})


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
        if isinstance(value, kind)), 'a list of items like those')


def _hint(cfg: Config, path: str) -> str:
    keys = [key for key, _ in dotted(cfg._cfg_dict.to_dict()) if key.split('.')[0] in READ_KEYS]
    near = difflib.get_close_matches(path, keys, n=1, cutoff=0)
    return f'The nearest existing key is {near[0]}.' if near else 'The config is empty.'

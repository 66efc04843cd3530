"""The commonest mistakes in configs, said in a sentence instead of in a traceback."""
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import mmengine.registry
from mmengine.config import Config
from mmengine.registry import OPTIMIZERS, Registry

from .checkpoint import some
from .config_check import groups

_UNREGISTERED = re.compile(r'(\S+) is not in the (.+?) registry')
_NO_OPTIMIZER = 'None is not a callable object'  # what mmengine makes of an unknown one
_NO_TYPE = re.compile(r'must contain the key "type", but got (.*)', re.DOTALL)
_ARGUMENT = re.compile(r"(?:([\w.]+)\.__init__|(\w+))\(\) got an unexpected keyword argument "
                       r"'(\w+)'")
_LACKING = re.compile(r'([\w.]+)\.__init__\(\) missing \d+ required (?:positional|keyword-only) '
                      r'arguments?: (.*)')
_LINEAR = re.compile(r'mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)')
_CONV = re.compile(r'expected input\[.*\] to have (\d+) channels, but got (\d+) channels')


@contextmanager
def readable_errors(cfg: Config) -> Iterator[None]:
    """Turn known upstream errors about a config into a ValueError of one sentence.

    A misspelt ``type``, a misspelt or a missing argument of a type, and a
    number of channels that does not fit, each told by mmengine's, Python's and
    PyTorch's own wording. All other errors pass as they are, as do these where
    the config has no such key: then the code is wrong, not the config.

    Args:
        cfg: What a Runner is built from, or is running.

    Raises:
        ValueError: Names key and type, and the nearest name that exists.
    """
    try:
        yield
    except (KeyError, TypeError, RuntimeError) as error:
        sentence = _sentence(error, cfg)
        if sentence is None:
            raise
        raise ValueError(sentence) from error


def _sentence(error: Exception, cfg: Config) -> str | None:
    if isinstance(error, KeyError):
        return _of_registry(str(error.args[0] if error.args else ''), cfg, _asked(error))
    if isinstance(error, TypeError):
        optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
        if str(error) == _NO_OPTIMIZER and isinstance(optimizer.get('type'), str):
            return _of_registry(f'{optimizer["type"]} is not in the optimizer registry', cfg,
                                OPTIMIZERS)
        return _of_arguments(str(error), cfg)
    return _of_shapes(str(error), cfg)


def _asked(error: KeyError) -> Registry | None:
    """The registry that lacks a name, which mmengine's build function holds in a variable."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    found = trace.tb_frame.f_locals.get('registry') if trace else None
    return found if isinstance(found, Registry) else None


def _of_registry(text: str, cfg: Config, registry: Registry | None) -> str | None:
    if match := _NO_TYPE.search(text):
        return f'a group of keys of the config has no type: {match[1].splitlines()[0][:200]}'
    match = _UNREGISTERED.search(text)
    if not match:
        return None
    name, place = match.groups()
    where = [path for path, node in groups(cfg) if node.get('type') == name]
    if cfg.get('runner_type') == name:
        where.append('runner_type')
    key = ' and '.join(f'{path}.type' if path != 'runner_type' else path for path in where[:2])
    names = set()
    while registry is not None:  # a name that its own scope lacks is looked up in mmengine's
        names |= set(registry.module_dict)
        registry = registry.parent
    return f'{key or "type"} is {name!r}, which is no registered {place.split("::")[-1]}' \
        + _near(name.split('.')[-1], names)


def _of_arguments(text: str, cfg: Config) -> str | None:
    if match := _ARGUMENT.search(text):
        name, key = (match[1] or match[2]).split('.')[-1], match[3]
        holders = [(path, node) for path, node in groups(cfg) if key in node]
        holders = [(path, node) for path, node in holders if _is_type(node, name)] or holders
        if not holders:
            return None
        path, node = holders[0]
        kind = node.get('type', name)
        return f'{path}.{key}: {kind} has no such argument' + _near(key, _arguments(kind))
    match = _LACKING.search(text)
    path = match and next((path for path, node in groups(cfg)
                           if _is_type(node, match[1].split('.')[-1])), None)
    if path is None:
        return None
    return f'{path} (type {match[1].split(".")[-1]}) lacks {match[2]}; add it to the config'


def _of_shapes(text: str, cfg: Config) -> str | None:
    if match := _LINEAR.search(text):
        found, expected = int(match[1]), int(match[2])
        layer = 'a linear layer gets'
    elif match := _CONV.search(text):
        found, expected = int(match[2]), int(match[1])
        layer = 'a convolution gets'
    else:
        return None
    keys = [f'model.{path}.in_channels'.replace('..', '.') for path, node in
            groups(cfg.get('model')) if node.get('in_channels') == expected]
    return (f'{layer} {found} channels, expected {expected}; '
            + (f'set {" or ".join(keys)} to {found}' if keys else
               'correct in_channels, or what comes before that layer'))


def _is_type(node: Mapping[str, Any], name: str) -> bool:
    kind = node.get('type')
    return isinstance(kind, str) and kind.split('.')[-1] == name


def _near(name: str, names: Iterable[str]) -> str:
    names = sorted(names)
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f'; near: {", ".join(near)}'
    return f'; expected one of {some(names)}' if names else '; correct it'


def _arguments(kind: Any) -> set[str]:
    """Names of the arguments of a registered class, and of those that it hands on to."""
    name = str(kind).split('.')[-1]
    roots = [value for value in vars(mmengine.registry).values() if isinstance(value, Registry)]
    registries = [one for root in roots for one in (root, *root.children.values())]
    classes = [one.module_dict[name] for one in registries if name in one.module_dict]
    taken = {argument for found in classes if inspect.isclass(found)
             for base in found.__mro__ if '__init__' in vars(base)
             for argument in inspect.signature(base.__init__).parameters}
    return taken - {'self', 'args', 'kwargs'}

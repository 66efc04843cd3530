"""Report wrong keys and numbers of a config clearly, before a network is built."""
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config

from . import checks
from .checkpoint import SCHEMES, local_checkpoint
from .command_line import LARGEST_SEED
from .config_keys import READ_KEYS

_WHOLE_CONFIG = ('model', 'env_cfg', 'default_hooks', 'randomness')
# Keys with whole numbers, each with its minimum.
_COUNTS = {
    **{f'{part}_dataloader.{key}': least for part in ('train', 'val', 'test')
       for key, least in (('batch_size', 1), ('num_workers', 0))},
    'train_cfg.max_epochs': 1, 'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1,
    'train_cfg.val_begin': 0}
# Keys with one of several words, and those with a word or None.
_WORDS = {'log_level': ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'),
          'env_cfg.mp_cfg.mp_start_method': ('fork', 'spawn', 'forkserver')}
# Kinds of clip_grad, each with its limit.
_CLIPPING = {'norm': 'max_norm', 'value': 'clip_value'}
_TEXTS = ('load_from', 'work_dir', 'default_scope', 'experiment_name')


def read_config(path: str) -> Config:
    """Read a config file like ``Config.fromfile``, with readable errors.

    Raises:
        OSError: The file or one of its bases is missing.
        ValueError: A file is no config, has a syntax error, uses an undefined name, or
            contradicts its bases.
    """
    if Path(path).suffix not in ('.py', '.json', '.yaml', '.yml'):
        raise ValueError(f'config {path}: expected a .py, .yml or .json file')
    try:
        return Config.fromfile(path)
    except (SyntaxError, NameError) as error:  # neither names the file
        kind = 'syntax error' if isinstance(error, SyntaxError) else 'undefined name'
        raise ValueError(f'config {path}: {kind} in it, or in a file that its _base_ names: '
                         f'{error}') from error
    except ImportError as error:  # a module of custom_imports
        raise ValueError(f'config {path}: {error.__cause__ or error}; put the folder that holds '
                         'the module on PYTHONPATH, or correct custom_imports') from error
    except (KeyError, TypeError) as error:  # nor do these
        raise ValueError(f'config {path}: cannot be merged with the files that its _base_ names: '
                         f'{error}') from error


def check_config(cfg: Config) -> None:
    """Reject keys that would be ignored silently and values that would end in a traceback.

    mmengine builds a Runner from the top-level keys that it knows and ignores all others:
    ``train_cgf = dict(max_epochs=7)`` leaves the number of epochs unchanged.

    Raises:
        ValueError: A top-level key looks like a misspelt known one, the config is incomplete, or
            a count, batch size, learning rate or seed is out of range.
    """
    _check_keys(cfg)
    missing = [key for key in _WHOLE_CONFIG if cfg.get(key) is None]
    if missing:
        raise ValueError(f'config {cfg.filename}: has no {", ".join(missing)}, expected a '
                         'complete config. Files in configs/_base_ are only parts: give a config '
                         'that names them in its _base_')
    for path, least in _COUNTS.items():
        if (value := _get(cfg, path, ...)) is not ...:
            checks.whole('', path, value, least)
    for path, words in _WORDS.items():
        checks.one_of('', path, _get(cfg, path), (*words, None))
    for path in _TEXTS:
        if not isinstance(_get(cfg, path), str | None):
            raise checks.refuse('', path, _get(cfg, path), 'a word or None')
    if (seed := _get(cfg, 'randomness.seed')) is not None:
        checks.whole('', 'randomness.seed', seed, 0, LARGEST_SEED)
    rate = _get(cfg, 'optim_wrapper.optimizer.lr')
    if rate is not None and not (checks.is_number(rate) and rate >= 0):
        raise checks.refuse('', 'optim_wrapper.optimizer.lr', rate, 'a number of at least 0')
    if (clipping := _get(cfg, 'optim_wrapper.clip_grad')) is not None:
        _check_clipping(clipping)


def _check_clipping(clipping: Any) -> None:
    """A negative limit would reverse the gradient, so that training raises the loss."""
    path = 'optim_wrapper.clip_grad'
    kind = clipping.get('type', 'norm') if isinstance(clipping, Mapping) else None
    if kind not in tuple(_CLIPPING):
        raise checks.refuse('', path, clipping, 'dict(max_norm=NUMBER) or '
                            "dict(type='value', clip_value=NUMBER)")
    limit = clipping.get(_CLIPPING[kind])
    if not (checks.is_number(limit) and limit > 0):
        raise checks.refuse('', f'{path}.{_CLIPPING[kind]}', limit, 'a number above 0')


def check_weights(cfg: Config) -> None:
    """Check, before the model is built, that the files with initial weights exist.

    URLs and catalogue names are checked only when they are loaded.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A name has an unknown scheme, such as ``torchvison://``.
    """
    names = [node['checkpoint'] for _, node in groups(cfg.get('model'))
             if node.get('type') == 'Pretrained' and node.get('checkpoint')]
    for name in [*names, *([cfg.load_from] if cfg.get('load_from') else [])]:
        if str(name).partition('://')[0] not in SCHEMES:
            local_checkpoint(name)


def groups(node: Any, path: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All groups of keys in a config, each with its dotted path."""
    if isinstance(node, Mapping | Config):
        yield path, node
    elif not isinstance(node, list | tuple):
        return
    items = enumerate(node) if isinstance(node, list | tuple) else node.items()
    for key, value in items:
        yield from groups(value, f'{path}.{key}' if path else str(key))


def _check_keys(cfg: Config) -> None:
    words = {word for key in READ_KEYS for word in key.split('_')}
    for key in set(cfg) - READ_KEYS:
        # 'dataloader' is similar to 'val_dataloader', but is no typo.
        near = get_close_matches(key, READ_KEYS, n=1, cutoff=0.8)
        if near and not set(key.split('_')) <= words:
            raise ValueError(f'config {cfg.filename}: nothing reads the key {key}; did you mean '
                             f'{near[0]}? A helper variable needs a less similar name')


def _get(cfg: Config, path: str, default: Any = None) -> Any:
    """The value of a dotted key, or ``default`` if it does not exist."""
    node: Any = cfg
    for key in path.split('.'):
        node = node.get(key, default) if isinstance(node, Mapping | Config) else default
    return node


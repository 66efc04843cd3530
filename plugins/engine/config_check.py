"""Report wrong keys and numbers of a config clearly, before a network is built."""
import math
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config

from . import checks
from .checkpoint import SCHEMES, local_checkpoint
from .command_line import LARGEST_SEED
from .config_keys import READ_KEYS, find, groups

_WHOLE_CONFIG = ('model', 'env_cfg', 'default_hooks', 'randomness')
_NEVER_NONE = ('model.backbone', 'model.head', 'model.bbox_head')
# Groups of keys, or lists of them.
_GROUPS = ('param_scheduler', 'val_evaluator', 'test_evaluator', 'custom_hooks')
# Keys with numbers, each with its limits. The upper limits of a loader are above what any machine
# holds, and refuse what would fill it: a million images at once, or 256 processes that load them.
_NUMBERS = {
    **{f'{part}_dataloader.{key}': (checks.whole, *limits) for part in ('train', 'val', 'test')
       for key, limits in dict(batch_size=(1, 1_000_000), num_workers=(0, 256)).items()},
    **{f'train_cfg.{key}': (checks.whole, least, math.inf) for key, least in dict(
        max_epochs=1, max_iters=1, val_interval=1, val_begin=0).items()},
    'randomness.seed': (checks.whole, 0, LARGEST_SEED),
    'optim_wrapper.optimizer.lr': (checks.number, 0, math.inf)}
_MAY_BE_NONE = ('randomness.seed', 'optim_wrapper.optimizer.lr')
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
    missing = [key for key in (*_WHOLE_CONFIG, *_NEVER_NONE)
               if find(cfg, key, None if key in _WHOLE_CONFIG else ...) is None]
    if missing:
        raise ValueError(f'config {cfg.filename}: has no {", ".join(missing)}, expected a '
                         'complete config. Files in configs/_base_ are only parts: give a config '
                         'that names them in its _base_')
    for path in _GROUPS:
        given = cfg.get(path) or ()
        if not all(isinstance(one, Mapping) for one in (
                given if isinstance(given, list | tuple) else [given])):
            raise checks.refuse('', path, given, 'a group of keys, or a list of them')
    for path, (check, low, high) in _NUMBERS.items():
        value = find(cfg, path, ...)
        if value is not ... and not (value is None and path in _MAY_BE_NONE):
            check('', path, value, low, high)
    for path, words in _WORDS.items():
        checks.one_of('', path, find(cfg, path), (*words, None))
    for path in _TEXTS:
        if not isinstance(find(cfg, path), str | None):
            raise checks.refuse('', path, find(cfg, path), 'a word or None')
    if (clipping := find(cfg, 'optim_wrapper.clip_grad')) is not None:
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
    norm = clipping.get('norm_type', 2)
    if norm != math.inf and not (checks.is_number(norm) and norm >= 1):
        raise checks.refuse('', f'{path}.norm_type', norm, 'a number of at least 1, or inf')


def check_weights(cfg: Config) -> None:
    """Check, before the model is built, that the files with initial weights exist.

    URLs and catalogue names are checked only when they are loaded.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A name has an unknown scheme, such as ``torchvison://``.
    """
    names = {f'{path}.checkpoint': node.get('checkpoint') for path, node in groups(
        cfg.get('model'), 'model') if node.get('type') == 'Pretrained'}
    for key, name in [*names.items(), ('load_from', cfg.get('load_from'))]:
        if name and str(name).partition('://')[0] not in SCHEMES:
            local_checkpoint(name, key)


def _check_keys(cfg: Config) -> None:
    words = {word for key in READ_KEYS for word in key.split('_')}
    for key in set(cfg) - READ_KEYS:
        # 'dataloader' is similar to 'val_dataloader', but is no typo.
        near = get_close_matches(key, READ_KEYS, n=1, cutoff=0.8)
        if near and not set(key.split('_')) <= words:
            raise ValueError(f'config {cfg.filename}: nothing reads the key {key}; did you mean '
                             f'{near[0]}? A helper variable needs a less similar name')

"""Wrong keys and numbers of a config end in a sentence, before a network is built."""
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
# Numbers by their keys, each with its least value.
_COUNTS = {
    **{f'{part}_dataloader.{key}': least for part in ('train', 'val', 'test')
       for key, least in (('batch_size', 1), ('num_workers', 0))},
    'train_cfg.max_epochs': 1, 'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1,
    'train_cfg.val_begin': 0}


def read_config(path: str) -> Config:
    """Read a config file; as ``Config.fromfile``, with errors that a tool can show.

    Raises:
        OSError: A file, or one of its bases, is missing.
        ValueError: A file is no config, has a syntax error, uses a name that is not
            defined, or contradicts its bases.
    """
    if Path(path).suffix not in ('.py', '.json', '.yaml', '.yml'):
        raise ValueError(f'config {path}: expected a .py, .yml or .json file')
    try:
        return Config.fromfile(path)
    except (SyntaxError, NameError) as error:  # neither says in which of the files
        kind = 'syntax error' if isinstance(error, SyntaxError) else 'undefined name'
        raise ValueError(f'config {path}: {kind} in it, or in a file that its _base_ names: '
                         f'{error}') from error
    except (KeyError, TypeError) as error:  # likewise
        raise ValueError(f'config {path}: cannot be put together with what its _base_ names: '
                         f'{error}') from error


def check_config(cfg: Config) -> None:
    """Reject what would be ignored silently, or end in a traceback.

    mmengine builds a Runner from the top-level keys that it knows and ignores all others:
    ``train_cgf = dict(max_epochs=7)`` trains for as long as the base says.

    Raises:
        ValueError: A top-level key is a known one misspelt (helper variables may have any other
            name); the config is only a part of one; a count, batch size, learning rate or seed
            is out of range.
    """
    _check_keys(cfg)
    missing = [key for key in _WHOLE_CONFIG if cfg.get(key) is None]
    if missing:
        raise ValueError(f'config {cfg.filename}: has no {", ".join(missing)}, expected a whole '
                         "experiment's config. Files in configs/_base_ are parts of one: give a "
                         'config that names them in its _base_')
    for path, least in _COUNTS.items():
        if (value := _get(cfg, path)) is not None:
            checks.whole('', path, value, least)
    if (seed := _get(cfg, 'randomness.seed')) is not None:
        checks.whole('', 'randomness.seed', seed, 0, LARGEST_SEED)
    rate = _get(cfg, 'optim_wrapper.optimizer.lr')
    if rate is not None and not (checks.is_number(rate) and rate >= 0):
        raise checks.refuse('', 'optim_wrapper.optimizer.lr', rate, 'a number of at least 0')


def check_weights(cfg: Config) -> None:
    """Look for the files that a training starts from, before the model is built.

    URLs and names of catalogues are left alone, as only loading can tell.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A name has an unknown scheme, as ``torchvison://``.
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
        # 'dataloader' is near to 'val_dataloader', but misspells nothing.
        near = get_close_matches(key, READ_KEYS, n=1, cutoff=0.8)
        if near and not set(key.split('_')) <= words:
            raise ValueError(f'config {cfg.filename}: nothing reads the key {key}; is it meant to '
                             f'be {near[0]}? A helper variable needs a name that is less like it')


def _get(cfg: Config, path: str) -> Any:
    """The value behind dotted keys; None where there is none."""
    node: Any = cfg
    for key in path.split('.'):
        node = node.get(key) if isinstance(node, Mapping | Config) else None
    return node


"""What each key of a config decides: what is learnt, which images are used, or only where and how.

The one table that resuming, :func:`config_hash`, the report page, searches and the check for
overlapping splits ask. Keys are dotted, as in ``--cfg-options``; items of a list count as keys 0,
1, ...
"""
import hashlib
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # records are read without mmengine
    from mmengine.config import Config


class Kind(Enum):
    """What a key decides."""

    LEARNT = 'what is learnt'
    IMAGES = 'which images are used'
    PLACE = 'where a run is made, how fast, and what it shows'


# The first pattern that fits decides; a key that none fits decides what is learnt.
_TABLE = (
    (Kind.PLACE, (
        'work_dir', 'experiment_name', 'launcher', 'resume', 'load_from', 'log_level',
        'randomness*', 'env_cfg*', 'log_processor*', 'visualizer*', 'vis_backends*',
        '*.data_root', '*.cache_dir', '*.max_ram_gb', '*.budget_mb',
        '*_dataloader.num_workers', '*_dataloader.persistent_workers',
        '*_dataloader.prefetch_factor', '*_dataloader.pin_memory',
        '*.data_preprocessor.non_blocking', 'default_hooks.feature_cache.[!v]*',  # not its views
        *(f'default_hooks.{hook}*' for hook in (
            'logger', 'timer', 'runtime_info', 'progress', 'visualization', 'record')))),
    (Kind.IMAGES, tuple(
        f'*_dataloader.*.{key}{rest}' for rest in ('', '.*') for key in (
            'split', 'part', 'ann_file', 'held_out', 'test_fraction', 'val_fraction',
            'split_seed', 'seed', 'max_per_class', 'classes', 'indices'))),
)
# How long a run trains: may grow when it is resumed.
_LENGTH = ('train_cfg.max_epochs', 'train_cfg.max_iters', 'default_hooks.*.patience')
# Keys of a model that act in training alone, or that a test may well change.
_NOT_FOR_PREDICTION = (
    '*init_cfg*', '*pretrained*', '*loss*', '*trainable*', '*frozen*', '*norm_eval*',
    '*.train_geometry*', '*.color*', '*batch_augments*', 'model.train_cfg*', 'model.test_cfg*',
    '*weight*', '*ignore*', '*non_blocking')
MAY_CHANGE_ON_RESUME = ('train_cfg.max_epochs, patience, data_root, num_workers, and what concerns '
                        'the test or the log alone')


def kind_of(key: str) -> Kind:
    """What a key decides."""
    return next((kind for kind, patterns in _TABLE if _fits(key, patterns)), Kind.LEARNT)


def may_change_on_resume(key: str) -> bool:
    """Whether a resumed run may change it: the images and all that is learnt stay as they were."""
    return kind_of(key) is Kind.PLACE or key.startswith('test_') or _fits(key, _LENGTH)


def decides_prediction(key: str) -> bool:
    """Whether a model with another value of it, and the same weights, predicts something else."""
    return key.startswith('model.') and kind_of(key) is Kind.LEARNT and not _fits(
        key, _NOT_FOR_PREDICTION)


def resolved_keys(cfg: 'Config') -> str:
    """JSON of a config's dotted keys and values, without those of kind PLACE."""
    return json.dumps({key: value for key, value in _leaves(cfg._cfg_dict.to_dict())
                       if kind_of(key) is not Kind.PLACE}, sort_keys=True, default=str)


def config_hash(cfg: 'Config') -> str:
    """sha256 over :func:`resolved_keys`: equal for runs of one experiment, whatever their seed."""
    return hashlib.sha256(resolved_keys(cfg).encode()).hexdigest()


def _fits(key: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


def _leaves(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    if node and isinstance(node, Mapping | list | tuple):
        items = node.items() if isinstance(node, Mapping) else enumerate(node)
        for key, value in items:
            yield from _leaves(value, f'{path}.{key}' if path else str(key))
    else:
        yield path, node

"""What each key of a config decides: what is learnt, which images are used, or only where and how.

Resuming, :func:`config_hash`, the report page, searches and the check for overlapping splits all
use this table. Keys are dotted, as in ``--cfg-options``; list items have the keys 0, 1, ...
"""
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # records are read without mmengine
    from mmengine.config import Config


class Kind(Enum):
    """What a key decides."""

    LEARNT = 'what is learnt'
    IMAGES = 'which images are used'
    PLACE = 'where and how fast a run is made, what it checks and shows'


# The top-level keys that mmengine reads; all others are helper variables of the config files, which
# act through the keys that use them.
READ_KEYS = frozenset((
    'model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'train_cfg', 'val_cfg',
    'test_cfg', 'val_evaluator', 'test_evaluator', 'optim_wrapper', 'param_scheduler',
    'auto_scale_lr', 'default_hooks', 'custom_hooks', 'data_preprocessor', 'work_dir', 'load_from',
    'resume', 'launcher', 'env_cfg', 'log_processor', 'log_level', 'visualizer', 'default_scope',
    'randomness', 'experiment_name', 'cfg',  # parameters of Runner; the others it reads from cfg
    'runner_type', 'custom_imports', 'find_unused_parameters', 'model_wrapper_cfg', 'sync_bn',
    'compile', 'channels_last', 'activation_checkpointing', 'efficient_conv_bn_eval'))
# The first matching pattern counts; a key that matches none is of kind LEARNT.
_TABLE = (
    (Kind.PLACE, (
        'work_dir', 'experiment_name', 'launcher', 'resume', 'log_level', 'randomness*', 'env_cfg*',
        'log_processor*', 'visualizer*', 'channels_last', 'compile*', 'find_unused_parameters',
        'activation_checkpointing*', '*.data_root', '*.cache_dir', '*.max_ram_gb', '*.budget_mb',
        '*_dataloader.num_workers', '*_dataloader.persistent_workers',
        '*_dataloader.prefetch_factor', '*_dataloader.pin_memory',
        '*.data_preprocessor.non_blocking',
        'default_hooks.checkpoint.interval', 'default_hooks.checkpoint.max_keep_ckpts',
        *(f'default_hooks.feature_cache.{key}' for key in (
            'type', 'enabled', 'only_check', 'max_gb', 'batch_size', 'max_ram_share')),
        *(f'default_hooks.{hook}*' for hook in (
            'logger', 'timer', 'runtime_info', 'progress', 'visualization', 'record',
            'disjoint_parts', 'monitor_check', 'non_finite_loss', 'num_classes')))),
    (Kind.IMAGES, tuple(
        f'*_dataloader.*.{key}{rest}' for rest in ('', '.*') for key in (
            'split', 'part', 'ann_file', 'held_out', 'test_fraction', 'val_fraction',
            'split_seed', 'folds', 'seed', 'max_per_class', 'classes', 'indices'))),
)
# Keys of kind LEARNT that a resumed run may change: the training length, and the initial weights,
# which it does not use.
_LENGTH = ('train_cfg.max_epochs', 'train_cfg.max_iters', 'default_hooks.*.patience', 'load_from')
# Keys of kind LEARNT or IMAGES that act in training only, so that tests of a checkpoint agree.
_ONLY_TRAIN = ('train_*', 'val_*', 'optim_wrapper*', 'param_scheduler*', 'auto_scale_lr*',
               'load_from', 'default_hooks.checkpoint.*', 'default_hooks.early_stop*',
               '*init_cfg*', '*pretrained*')
# Keys of a model that act only in training, or that a test may change.
_NOT_FOR_PREDICTION = (
    '*init_cfg*', '*pretrained*', '*loss*', '*trainable*', '*frozen*', '*norm_eval*',
    '*.train_geometry*', '*.color*', '*batch_augments*', 'model.train_cfg*', 'model.test_cfg*',
    '*weight*', '*ignore*', '*non_blocking')
_NAMES = {'LoadImageFromFile': 'LoadCachedImage'}  # two names of one class, which counts as one
MAY_CHANGE_ON_RESUME = ('train_cfg.max_epochs, patience, data_root, num_workers, and keys that '
                        'affect only the test or the log')


def kind_of(key: str) -> Kind:
    """What a key decides; helper variables decide nothing and are of kind PLACE."""
    if key.partition('.')[0] not in READ_KEYS:
        return Kind.PLACE
    return next((kind for kind, patterns in _TABLE if _fits(key, patterns)), Kind.LEARNT)


def may_change_on_resume(key: str) -> bool:
    """Whether a resumed run may change a key, which affects neither its images nor its result."""
    return kind_of(key) is Kind.PLACE or key.startswith('test_') or _fits(key, _LENGTH)


def decides_prediction(key: str) -> bool:
    """Whether changing a key changes a model's predictions with the same weights."""
    return key.startswith('model.') and kind_of(key) is Kind.LEARNT and not _fits(
        key, _NOT_FOR_PREDICTION)


def resolved_keys(cfg: 'Config') -> str:
    """JSON of a config's dotted keys and values, without keys of kind PLACE.

    The pipeline of an ArrayDataset is left out, too: it says again what the source says.
    """
    again = tuple(f'{path}.pipeline.' for path, node in groups(cfg._cfg_dict)
                  if node.get('type') == 'ArrayDataset')
    return json.dumps({key: _NAMES.get(str(value), value)
                       for key, value in dotted(cfg._cfg_dict.to_dict())
                       if kind_of(key) is not Kind.PLACE and not key.startswith(again)},
                      sort_keys=True, default=str)


def config_hash(cfg: 'Config', of_test: bool = False) -> str:
    """Hash of :func:`resolved_keys`: equal for all runs of an experiment, whatever their seed.

    It begins with the version of this table, as hashes of two versions always differ. With
    ``of_test``, it is equal for all tests of a checkpoint, whatever acts in training only.
    """
    keys = resolved_keys(cfg)
    if of_test:
        keys = json.dumps({key: value for key, value in json.loads(keys).items()
                           if not _fits(key, _ONLY_TRAIN)})
    return '2-' + hashlib.sha256(keys.encode()).hexdigest()


def dotted(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested dicts and lists, down to plain values and empty groups."""
    if node and isinstance(node, Mapping | list | tuple):
        items = node.items() if isinstance(node, Mapping) else enumerate(node)
        for key, value in items:
            yield from dotted(value, f'{path}.{key}' if path else str(key))
    else:
        yield path, node


def find(node: Any, keys: str | Sequence[str], default: Any = None) -> Any:
    """The value of a dotted key, or of its parts; ``default`` if it does not exist."""
    for key in keys.split('.') if isinstance(keys, str) else keys:
        if isinstance(node, list | tuple):
            node = dict(zip(map(str, range(len(node))), node, strict=True))
        if not hasattr(node, 'get') or key not in node:
            return default
        node = node[key]
    return node


def groups(node: Any, path: str = '') -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All groups of keys in a config, each with its dotted path."""
    if hasattr(node, 'items'):
        yield path, node
    elif not isinstance(node, list | tuple):
        return
    for key, value in enumerate(node) if isinstance(node, list | tuple) else node.items():
        yield from groups(value, f'{path}.{key}' if path else str(key))


def _fits(key: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


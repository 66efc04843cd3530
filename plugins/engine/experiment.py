"""Which experiment a config is, and whether a checkpoint is of the same one."""
import hashlib
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from mmengine.config import Config

# Keys that say where or how often a run was made, not what it computes.
_NOT_THE_EXPERIMENT = ('work_dir', 'resume', 'load_from', 'launcher', 'randomness', 'log_level')
# What a resumed run may change: how long it goes on, and what leaves its training as it is.
_MAY_CHANGE = (
    'train_cfg.max_epochs', 'train_cfg.max_iters', 'default_hooks.*.patience', '*.data_root',
    '*_dataloader.num_workers', '*_dataloader.persistent_workers', '*_dataloader.prefetch_factor',
    '*_dataloader.pin_memory', 'test_*', 'default_hooks.logger*', 'default_hooks.timer*',
    'default_hooks.runtime_info*', '*.data_preprocessor.non_blocking',
    'default_hooks.progress*', 'default_hooks.visualization*', 'log_processor*', 'visualizer*',
    'default_hooks.feature_cache.[!v]*',  # all but its views
    'vis_backends*', 'env_cfg*')
EXPERIMENT = 'begun_experiment'  # under this name, checkpoints hold what resolved_keys() gives
# Keys of a model that change nothing in what it predicts, or that a test may well change.
_OF_NO_MATTER = ('*init_cfg*', '*pretrained*', '*loss*', '*trainable*', '*frozen*', '*norm_eval*',
                 '*.train_geometry*', '*.color*', '*batch_augments*', 'model.train_cfg*',
                 'model.test_cfg*', '*weight*', '*ignore*', '*non_blocking')
# Keys of a data set that say which of its images a part gets.
_CUT = {'split', 'part', 'ann_file', 'held_out', 'test_fraction', 'val_fraction', 'split_seed',
        'seed'}
_ABSENT = object()


def config_hash(cfg: Config) -> str:
    """sha256 over the resolved config, without the keys that differ from run to run."""
    return hashlib.sha256(
        json.dumps(_experiment(cfg), sort_keys=True, default=str).encode()).hexdigest()


def resolved_keys(cfg: Config) -> str:
    """What :func:`config_hash` hashes, as JSON of dotted keys and their values."""
    return json.dumps(dict(_leaves(_experiment(cfg))), default=str)


def check_resumed(checkpoint: str, begun: str | None, asked: str | None) -> None:
    """Refuse to go on with another experiment than the one that was begun.

    Upstream would go on with the checkpoint's optimizer and its rates, the
    config's data and model, and a record that names options never used.

    Args:
        checkpoint: Its name, for the message.
        begun: :func:`resolved_keys` of the run that wrote it; None if it holds none.
        asked: Those of this run.

    Raises:
        ValueError: They differ in a key that a resumed run cannot change.
    """
    if begun is None or asked is None:
        return
    old, new = json.loads(begun), json.loads(asked)
    differing = [key for key in {**old, **new}
                 if old.get(key, _ABSENT) != new.get(key, _ABSENT)
                 and not any(fnmatch(key, pattern) for pattern in _MAY_CHANGE)]
    if differing:
        told = '; '.join(f"{key} was {old.get(key, 'absent')}, not {new.get(key, 'absent')}"
                         for key in differing[:3])
        more = f'; and {len(differing) - 3} more' if len(differing) > 3 else ''
        raise ValueError(
            f'{checkpoint} was begun with another config: {told}{more}. A resumed run keeps its '
            'config: give the --cfg-options that it was begun with, or start a new run in another '
            '--work-dir. What may change: train_cfg.max_epochs, patience, data_root, num_workers, '
            'and what concerns the test or the log alone.')


def other_model(begun: str | None, asked: str) -> str:
    """What else than the config's model a checkpoint was trained with, in words; '' if nothing.

    Strict loading compares tensors. Anchors, strides and activations are in
    none: with another value of these a checkpoint loads, and predicts nonsense.

    Args:
        begun: :func:`resolved_keys` of the run that wrote it; None if it
            holds none (converted weights, or another program's checkpoint).
        asked: Those of the config at hand.
    """
    if begun is None:
        return ''
    old, new = json.loads(begun), json.loads(asked)
    other = [key for key in {**old, **new}
             if key.startswith('model.') and old.get(key, _ABSENT) != new.get(key, _ABSENT)
             and not any(fnmatch(key, pattern) for pattern in _OF_NO_MATTER)]
    return _told(other, old, new)


def other_parts(begun: str | None, asked: str) -> str:
    """How a checkpoint's training data were cut otherwise than the config's, in words; '' if alike.

    Images that are tested now may then have been trained on.

    Args:
        begun: As for :func:`other_model`.
        asked: Likewise.
    """
    if begun is None:
        return ''
    old, new = json.loads(begun), json.loads(asked)
    return _told([key for key in {**old, **new}
                  if key.startswith('train_dataloader.dataset.')
                  and _CUT & set(key.split('.'))
                  and old.get(key, _ABSENT) != new.get(key, _ABSENT)], old, new)


def _told(keys: list[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    told = [f"{key} was {old.get(key, 'absent')}, is {new.get(key, 'absent')}" for key in keys[:2]]
    return '; '.join([*told, *([f'and {len(keys) - 2} more'] if len(keys) > 2 else [])])


def _experiment(cfg: Config) -> dict[str, Any]:
    return {k: v for k, v in cfg._cfg_dict.to_dict().items() if k not in _NOT_THE_EXPERIMENT}


def _leaves(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values; items of a list count as keys 0, 1, ..."""
    if node and isinstance(node, Mapping | list | tuple):
        items = node.items() if isinstance(node, Mapping) else enumerate(node)
        for key, value in items:
            yield from _leaves(value, f'{path}.{key}' if path else str(key))
    else:
        yield path, node

"""``result.json``: what a run was, on what, and what came out."""
import hashlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from torch.utils.data import DataLoader

from plugins.paths import REPO_ROOT

from .unwrap import unwrapped

# Keys that say where or how often a run was made, not what it computes.
_NOT_THE_EXPERIMENT = ('work_dir', 'resume', 'load_from', 'launcher', 'randomness', 'log_level')
# What a resumed run may change: how long it goes on, and what leaves its training as it is.
_MAY_CHANGE = (
    'train_cfg.max_epochs', 'train_cfg.max_iters', 'default_hooks.*.patience', '*.data_root',
    '*_dataloader.num_workers', '*_dataloader.persistent_workers', '*_dataloader.prefetch_factor',
    '*_dataloader.pin_memory', 'test_*', 'default_hooks.logger*', 'default_hooks.timer*',
    'default_hooks.progress*', 'default_hooks.visualization*', 'log_processor*', 'visualizer*',
    'vis_backends*', 'env_cfg*')
EXPERIMENT = 'begun_experiment'  # under this name, checkpoints hold what resolved_keys() gives


def flat_numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Keep the metrics that are plain numbers, as Python floats."""
    return {k: float(v) for k, v in metrics.items()
            if isinstance(v, int | float) or (hasattr(v, 'ndim') and v.ndim == 0)}


def describe_run(runner: Any, seed: int, precision: str) -> dict[str, Any]:
    """The part of the record that does not depend on what was measured.

    Args:
        runner: An mmengine Runner after its run.
        seed: The seed asked for.
        precision: The forward pass's type, e.g. ``float32``.
    """
    model = unwrapped(runner)
    config = Path(runner.cfg.filename)
    inside = config.resolve().is_relative_to(REPO_ROOT)
    return dict(
        config=str(config.resolve().relative_to(REPO_ROOT) if inside else config),
        seed=seed, precision=precision,
        parameters=dict(total=sum(p.numel() for p in model.parameters()),
                        trainable=sum(p.numel() for p in model.parameters() if p.requires_grad)),
        device=device_name(), processes=get_world_size(), torch_version=torch.__version__,
        data_fingerprint=_fingerprints(runner))


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
    absent = object()
    differing = [key for key in {**old, **new}
                 if old.get(key, absent) != new.get(key, absent)
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


def device_name() -> str:
    """The GPU's name, or the CPU's with the number of cores this process may use."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    return f'{_cpu_model()}, {cores} cores'


def _cpu_model() -> str:
    info = Path('/proc/cpuinfo')
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.processor() or platform.machine()


def git_commit() -> str | None:
    """The commit of this checkout, with ``-dirty`` if tracked files differ; None outside git."""
    try:
        commit = _git('rev-parse', 'HEAD')
        return commit + ('-dirty' if _git('status', '--porcelain', '-uno') else '')
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*args: str) -> str:
    done = subprocess.run(['git', *args], cwd=REPO_ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _fingerprints(runner: Any) -> dict[str, str | None]:
    """Of each split that was loaded; None for a data set class that does not offer one."""
    loops = dict(train=runner._train_loop, val=runner._val_loop, test=runner._test_loop)
    loaders = {split: getattr(loop, 'dataloader', None) for split, loop in loops.items()}
    return {split: _fingerprint(loader.dataset)
            for split, loader in loaders.items() if isinstance(loader, DataLoader)}


def _fingerprint(dataset: Any) -> str | None:
    while not hasattr(dataset, 'fingerprint') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset  # mmdet's MultiImageMixDataset and the like
    return getattr(dataset, 'fingerprint', None)


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write the record; a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix('.json.tmp')
    partial.write_text(_one_line_lists(json.dumps(result, indent=2)) + '\n')
    partial.replace(path)


def _one_line_lists(text: str) -> str:
    """Indented JSON with each list of numbers in one line: a matrix looks like one.

    No string is touched: within JSON's strings, no line ends.
    """
    return re.sub(r'\[\n[^][{}"]*\]', lambda found: f"[{' '.join(found[0][1:-1].split())}]", text)

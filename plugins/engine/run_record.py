"""``result.json``: the settings, environment and results of a run."""
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from torch.utils.data import DataLoader

from .config_diff import difference
from .config_keys import Kind, groups, kind_of
from .files import REPO_ROOT, shown_path
from .precision import memory_format
from .unwrap import unwrapped


def flat_numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Keep the metrics that are plain numbers, as Python floats."""
    return {k: float(v) for k, v in metrics.items()
            if isinstance(v, int | float) or (hasattr(v, 'ndim') and v.ndim == 0)}


def describe_run(runner: Any, seed: int, precision: str) -> dict[str, Any]:
    """The part of the record that does not depend on the results, for a Runner after its run.

    ``precision`` is the type of the forward pass, e.g. ``float32``.
    """
    model = unwrapped(runner)
    loops = dict(train=runner._train_loop, val=runner._val_loop, test=runner._test_loop)
    loaders = {split: getattr(loop, 'dataloader', None) for split, loop in loops.items()}
    sets = {split: loader.dataset for split, loader in loaders.items()
            if isinstance(loader, DataLoader)}
    return dict(
        config=shown_path(runner.cfg.filename), seed=seed, precision=precision,
        memory_format=memory_format(model),
        parameters=dict(total=sum(p.numel() for p in model.parameters()),
                        trainable=sum(p.numel() for p in model.parameters() if p.requires_grad)),
        device=device_name(), processes=get_world_size(), torch_version=torch.__version__,
        sizes={split: len(dataset) for split, dataset in sets.items()},
        data_fingerprint={split: _fingerprint(dataset) for split, dataset in sets.items()})


def changes_of(cfg: Config) -> list[tuple] | None:
    """What a config and its options change in its bases, without keys of kind PLACE."""
    try:
        found = difference(Path(cfg.filename), cfg._cfg_dict.to_dict())
    except (OSError, ValueError):
        return None
    return [tuple(change) for change in found if kind_of(change.key) is not Kind.PLACE]


def recipe_of(cfg: Config) -> dict[str, Any]:
    """The settings that tables of runs show; None where a config has no such setting."""
    optimizer, head = cfg.optim_wrapper.get('optimizer') or {}, cfg.model.get('head') or {}
    decays = [one['decay'] for _, one in groups(cfg.get('param_scheduler')) if 'decay' in one]
    return dict(optimizer=optimizer.get('type'), lr=optimizer.get('lr'), decay=(*decays, None)[0],
                batch_size=cfg.train_dataloader.get('batch_size'),
                max_epochs=cfg.train_cfg.get('max_epochs'), dropouts=head.get('dropouts'),
                dense=head.get('mid_channels'))


def device_name() -> str:
    """Name of the GPU, or of the CPU with the number of cores available to this process."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    info = Path('/proc/cpuinfo')
    named = re.search('^model name.*?: *(.*)', info.read_text(), re.M) if info.is_file() else None
    model = named[1].strip() if named else platform.processor() or platform.machine()
    return f'{model}, {cores} cores'


def git_commit() -> str | None:
    """The commit of this checkout, with ``-dirty`` if tracked files differ; None outside git."""
    try:
        return subprocess.run(
            ['git', 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'],
            cwd=REPO_ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _fingerprint(dataset: Any) -> str | None:
    """That of a data set, inside any wrappers; None if it has none."""
    while not hasattr(dataset, 'fingerprint') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset  # mmdet's MultiImageMixDataset and the like
    return getattr(dataset, 'fingerprint', None)

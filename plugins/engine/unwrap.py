"""Models and data sets without their wrappers, and the modes of a model."""
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.model import is_model_wrapper
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from torch import nn


def unwrapped(runner: Runner) -> nn.Module:
    """The runner's model, without DistributedDataParallel."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Switch a model to training or evaluation, and restore the mode of each module."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def inner_datasets(config: Mapping[str, Any]) -> list[Any]:
    """The data sets that a config describes, without wrappers; upstream's read nothing yet.

    A KFoldDataset, which chooses images, is kept.
    """
    inner = config.get('datasets') or config.get('dataset')
    if inner and config.get('type') != 'KFoldDataset':
        inner = [inner] if isinstance(inner, Mapping) else inner
        return [dataset for one in inner for dataset in inner_datasets(one)]
    with DATASETS.switch_scope_and_registry(None) as registry:
        kind = registry.get(config['type']) if isinstance(config['type'], str) else config['type']
        lazy = isinstance(kind, type) and issubclass(kind, BaseDataset)
        return [registry.build(dict(config, lazy_init=True) if lazy else config)]

"""The model without the wrapper of a distributed run."""
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def unwrapped(runner: Runner) -> nn.Module:
    """The runner's model, without DistributedDataParallel."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model

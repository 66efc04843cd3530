"""The model itself, whatever a distributed run has put around it."""
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def unwrapped(runner: Runner) -> nn.Module:
    """The runner's model, without DistributedDataParallel around it."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model

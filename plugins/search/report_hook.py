"""Tell a search how a trial goes, after each epoch."""
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

Report = Callable[[int, float], bool]
_listeners: list[Report] = []


@contextmanager
def reporting_to(report: Report) -> Iterator[None]:
    """Within this context, runs of this process report to a function.

    Args:
        report: Takes epoch and value, and returns whether the run is to end.
    """
    _listeners.append(report)
    try:
        yield
    finally:
        _listeners.remove(report)


@HOOKS.register_module()
class TrialReportHook(Hook):
    """Report the validation metric after each epoch, and end the run when told to.

    Upstream has no bridge to Optuna, and Optuna's for mmengine does not exist.
    The run ends as by an early stop, with its record. Outside of a search the
    hook does nothing: a trial's config can be trained by hand.

    Args:
        metric: The metric; MonitorCheckHook has found it by then, as it is the best checkpoint's.
    """

    priority = 'LOWEST'  # after the checkpoint and the record of the same validation

    def __init__(self, metric: str) -> None:
        self.metric = metric

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, Any] | None = None) -> None:
        if not _listeners:
            return
        if _listeners[-1](runner.epoch, float((metrics or {})[self.metric])):
            runner.train_loop.stop_training = True
            runner.logger.info(f'TrialReportHook: pruned after epoch {runner.epoch}')

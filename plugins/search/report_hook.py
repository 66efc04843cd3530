"""A hook that reports a trial's metric to the search after each epoch."""
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
    """Send this process's reports to ``report(epoch, value)``, which returns whether to stop."""
    _listeners.append(report)
    try:
        yield
    finally:
        _listeners.remove(report)


@HOOKS.register_module()
class TrialReportHook(Hook):
    """Report a validation metric after each epoch, and stop the run early if a pruner says so.

    Outside a search the hook does nothing, so that a trial's config can be trained by hand.
    """

    priority = 'LOWEST'  # after the checkpoint and the record of the same validation

    def __init__(self, metric: str) -> None:
        self.metric = metric

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, Any] | None = None) -> None:
        if _listeners and _listeners[-1](runner.epoch, float((metrics or {})[self.metric])):
            runner.train_loop.stop_training = True
            runner.logger.info(f'TrialReportHook: pruned after epoch {runner.epoch}')

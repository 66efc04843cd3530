"""Remember what a run measured, so that ``result.json`` can say it."""
import time
from typing import Any

from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop

from ..run_record import flat_numbers

_KEY = 'run_history'


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Keep the validation metrics of every epoch, and the time they took.

    Upstream leaves them in log lines only, so that a program which wants a
    run's figures must parse text. They are kept in the message hub, hence in
    every checkpoint: a resumed run has one history. Seconds count training
    and validation, over all sessions of a resumed run.
    """

    priority = 'NORMAL'

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self.test_metrics: dict[str, float] = {}
        self.seconds = 0.
        self.test_seconds = 0.
        self._start = 0.

    def before_train(self, runner) -> None:
        self.history = list(runner.message_hub.runtime_info.get(_KEY, []))
        before = self.history[-1]['seconds'] if self.history else 0.
        self._start = time.perf_counter() - before

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        if not isinstance(runner._train_loop, BaseLoop):
            return  # a validation on its own; asking for train_loop would build it
        self.seconds = time.perf_counter() - self._start
        self.history.append(dict(epoch=runner.epoch, iter=runner.iter, seconds=self.seconds,
                                 metrics=flat_numbers(metrics or {})))
        runner.message_hub.update_info(_KEY, self.history)

    def after_train(self, runner) -> None:
        self.seconds = time.perf_counter() - self._start

    def before_test(self, runner) -> None:
        self._start = time.perf_counter()

    def after_test_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        self.test_metrics = flat_numbers(metrics or {})
        self.test_seconds = time.perf_counter() - self._start

    def best(self, checkpoint_hook: CheckpointHook | None) -> dict[str, Any]:
        """The history's entry that the best checkpoint holds; the last one if none is kept.

        Equal scores: the first, as CheckpointHook counts only a better score.
        """
        if not self.history:
            return dict(epoch=None, metrics={}, monitor=None)
        monitor = (getattr(checkpoint_hook, 'key_indicators', None) or [None])[0]
        if monitor is None or monitor == 'auto':
            return dict(self.history[-1], monitor=None)
        better = checkpoint_hook.is_better_than[monitor]
        entry = self.history[0]
        for other in self.history[1:]:
            if better(other['metrics'][monitor], entry['metrics'][monitor]):
                entry = other
        return dict(entry, monitor=monitor)

"""Collect what a run measures, for ``result.json``."""
import math
import time
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner

from ..run_record import flat_numbers

_KEY = 'run_history'
# Training scalars, and their names in the record: those of the same metrics in validation.
_TRAINED = {'loss': 'loss', 'accuracy_top-1': 'accuracy/top1'}
# Metrics of ClassReport and DetectionMetric that are tables, for the record of a test.
_TABLES = ('classes', 'confusion_matrix', 'pr_curves', 'intervals')


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Keep the loss, accuracy and rate of each epoch, the metrics of each validation, and the time.

    They are stored in the message hub and so in every checkpoint: a resumed run continues its
    history, in which an epoch without validation has no metrics. Seconds count training and
    validation, over all sessions of a resumed run. The tables of ClassReport and DetectionMetric
    are kept out of the log: 200 classes are 40 000 numbers.
    """

    priority = 'NORMAL'

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self.test_metrics: dict[str, float] = {}
        self.test_tables: dict[str, Any] = {}
        self.seconds = 0.
        self.test_seconds = 0.
        self._start = 0.
        self._train: dict[str, float] = {}

    def before_train(self, runner) -> None:
        self.history = list(runner.message_hub.runtime_info.get(_KEY, []))
        before = self.history[-1]['seconds'] if self.history else 0.
        self._start = time.perf_counter() - before

    def after_train_epoch(self, runner) -> None:
        scalars = runner.message_hub.log_scalars
        self._train = {name: scalars[f'train/{key}'].mean(len(runner.train_dataloader))
                       for key, name in _TRAINED.items() if f'train/{key}' in scalars}
        self._train['lr'] = runner.optim_wrapper.get_lr()['lr'][0]
        if isinstance(runner._train_loop, EpochBasedTrainLoop):
            self._append(runner, runner.epoch + 1, {})

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        if not isinstance(runner._train_loop, BaseLoop):
            return  # validation without training; reading train_loop would build it
        _take_tables(runner, metrics or {}, 'val')
        if self.history and self.history[-1]['iter'] == runner.iter:
            self.history.pop()  # the same epoch before its validation
        self._append(runner, runner.epoch, flat_numbers(metrics or {}))

    def _append(self, runner: Runner, epoch: int, metrics: dict[str, float]) -> None:
        self.seconds = time.perf_counter() - self._start
        self.history.append(dict(epoch=epoch, iter=runner.iter, seconds=self.seconds,
                                 train=self._train, metrics=metrics))
        runner.message_hub.update_info(_KEY, self.history)

    def after_train(self, runner) -> None:
        self.seconds = time.perf_counter() - self._start

    def before_test(self, runner) -> None:
        self._start = time.perf_counter()

    def after_test_epoch(self, runner, metrics: dict[str, Any] | None = None) -> None:
        self.test_metrics = flat_numbers(metrics or {})
        self.test_tables = _take_tables(runner, metrics or {}, 'test')
        self.test_seconds = time.perf_counter() - self._start

    def best(self, checkpoint_hook: CheckpointHook | None, epoch: int) -> dict[str, Any]:
        """The history entry of the best checkpoint; if none is kept, of the last ``epoch``.

        Of equal scores the first, as in CheckpointHook.
        """
        monitor = (getattr(checkpoint_hook, 'key_indicators', None) or [None])[0]
        validated = [entry for entry in self.history if entry['metrics']]
        if not validated or monitor in (None, 'auto'):
            last = validated and validated[-1]['epoch'] == epoch
            return dict(validated[-1], monitor=None) if last else \
                dict(epoch=None, metrics={}, monitor=None)
        choose = max if checkpoint_hook.rules[0] == 'greater' else min
        scored = [entry for entry in validated
                  if not math.isnan(entry['metrics'].get(monitor, math.nan))]
        best = choose(scored, key=lambda entry: entry['metrics'][monitor], default=None)
        return dict(best or validated[-1], monitor=monitor if best else None)


def _take_tables(runner: Runner, metrics: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """The metrics that are tables, removed from what LoggerHook and checkpoints write."""
    tables = {key: metrics[key] for key in _TABLES if key in metrics}
    for key in tables:
        runner.message_hub.pop_info(f'{stage}/{key}')
    return tables

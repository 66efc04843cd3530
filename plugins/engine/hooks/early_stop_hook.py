"""Stop when the validation no longer improves, and keep the best weights."""
from collections.abc import Mapping
from typing import Any

from mmengine.dist import barrier
from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..checkpoint import read_checkpoint
from ..checks import whole
from ..distributed import say
from ..monitor import Monitor
from ..unwrap import unwrapped


@HOOKS.register_module()
class EarlyStopHook(Hook):
    """Keras's EarlyStopping: end the training after ``patience`` validations without a new best.

    Upstream's EarlyStoppingHook restores no weights, forgets its count when a run resumes, and
    counts an equal score as better. A config may have several of these hooks, under different keys
    in ``default_hooks``: the first that runs out of patience ends the training. A stopped run that
    is resumed stays stopped, unless its patience was raised.

    Args:
        monitor: The metric, e.g. ``accuracy/top1`` or ``loss``; MonitorCheckHook checks that
            the validation computes it.
        rule: ``greater`` or ``less``; None infers it from the name.
        min_delta: A new best must be better by more than this, in the unit of the metric:
            ``accuracy/top1`` is in percent, unlike in Keras.
        patience: Consecutive validations without a new best after which training ends.
        restore_best: Load the weights of the best checkpoint at the end of the training, stopped
            early or not. The last checkpoint keeps the last weights.

    Raises:
        ValueError: A wrong argument, two of these hooks with the same monitor, or
            ``restore_best`` without a best checkpoint.
    """

    priority = 98  # after the checkpoints of the same moment

    def __init__(self, monitor: str, rule: str | None = None, min_delta: float = 0.,
                 patience: int = 10, restore_best: bool = True) -> None:
        self.monitor = Monitor(monitor, rule, min_delta)
        self.patience = whole(self, 'patience', patience, 0)
        self.restore_best = restore_best
        self._state_key = f'early_stop_{monitor}'

    def before_train(self, runner: Runner) -> None:
        twins = [hook for hook in runner.hooks
                 if isinstance(hook, EarlyStopHook) and hook._state_key == self._state_key]
        if len(twins) > 1:
            raise ValueError(f'EarlyStopHook: {len(twins)} hooks monitor {self.monitor.key}; '
                             'keep the one with the smaller patience')
        if self.restore_best:
            self._check_saver(runner)
        state = runner.message_hub.runtime_info.get(self._state_key)
        if state is not None:
            self.monitor.load_state_dict(state)
            self._stop_if_due(runner)

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, Any] | None = None) -> None:
        if self.monitor.key not in (metrics or {}):
            raise ValueError(f'EarlyStopHook: the validation computes no {self.monitor.key}, only '
                             f'{", ".join(metrics or {}) or "nothing"}')
        self.monitor.improved(metrics[self.monitor.key], runner.epoch)
        runner.message_hub.update_info(self._state_key, self.monitor.state_dict())
        self._stop_if_due(runner)

    def _stop_if_due(self, runner: Runner) -> None:
        bad = self.monitor.bad_epochs
        if bad == 0 or bad < self.patience:
            return
        runner.train_loop.stop_training = True
        best = 'never a number' if self.monitor.best is None else \
            f'best {self.monitor.best:.4g} in epoch {self.monitor.best_epoch}'
        say(f'stopped early: {self.monitor.key} not better for {bad} validations ({best})')

    def after_train(self, runner: Runner) -> None:
        if not self.restore_best:
            return
        barrier()  # the main process has written the file by now
        info = runner.message_hub.runtime_info
        path = info.get(f'best_ckpt_{self.monitor.key}') or info.get('best_ckpt')
        if path is None:
            runner.logger.warning('EarlyStopHook: there is no best checkpoint, as no validation '
                                  'gave a number; the model keeps its last weights')
            return
        unwrapped(runner).load_state_dict(read_checkpoint(path)['state_dict'])
        runner.logger.info(f'Best weights restored from {path}')

    def _check_saver(self, runner: Runner) -> None:
        saver = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        keys = getattr(saver, 'key_indicators', None) or []
        if len(keys) != 1 and self.monitor.key not in keys:
            raise ValueError(
                'EarlyStopHook: restore_best takes the weights from the best checkpoint, but '
                f'default_hooks.checkpoint.save_best is {keys or None}. Set it to '
                f'{self.monitor.key!r}, or set restore_best=False.')

"""Show the progress of a run on the console."""
import time
from collections.abc import Sequence
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@HOOKS.register_module()
class ProgressHook(Hook):
    """Show a progress bar over iterations, and one line per epoch.

    The bar is shown only on a terminal, not in a file or a pipe. Reading the loss waits for the
    device, so it is read only when the bar is drawn.
    """

    priority = 92  # after the checkpoints
    period = 0.5  # seconds between two drawings of the bar

    def __init__(self) -> None:
        self.console = Console(quiet=not is_main_process(), markup=False, emoji=False)
        self.bar = Progress(disable=True)
        self._drawn = 0.
        self._epoch_start = 0.

    def before_train(self, runner) -> None:
        first = '' if runner.epoch == 0 else f' from epoch {runner.epoch + 1}'
        told = f'Training {runner.max_epochs} epochs{first}, ' \
               f'{len(runner.train_dataloader)} iterations each'
        if runner.iter >= runner.max_iters and runner.epoch >= runner.max_epochs:
            told = f'The run is finished: {runner.max_epochs} epochs were asked for, ' \
                   f'{runner.epoch} are done'
        self.console.print(told, highlight=False)

    def before_train_epoch(self, runner) -> None:
        self._epoch_start = time.perf_counter()
        self._start(f'epoch {runner.epoch + 1}/{runner.max_epochs}', len(runner.train_dataloader))

    def after_train_iter(self, runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        self._draw(batch_idx + 1, (outputs or {}).get('loss'))

    def after_train_epoch(self, runner) -> None:
        self.bar.stop()
        loss = runner.message_hub.get_scalar('train/loss').mean(len(runner.train_dataloader))
        self.console.print(f'epoch {runner.epoch + 1}/{runner.max_epochs}  loss {loss:.4f}  '
                           f'{time.perf_counter() - self._epoch_start:.1f} s', highlight=False)

    def before_val_epoch(self, runner) -> None:
        self._start('validation', len(runner.val_dataloader))

    def after_val_iter(self, runner, batch_idx: int, data_batch: Any = None,
                       outputs: Sequence | None = None) -> None:
        self._draw(batch_idx + 1)

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        self.bar.stop()
        shown = [f'{k} {v:.4g}' for k, v in (metrics or {}).items() if isinstance(v, int | float)]
        if shown:
            self.console.print('    validation  ' + '  '.join(shown), highlight=False,
                               soft_wrap=True)

    def before_test_epoch(self, runner) -> None:
        self._start('test', len(runner.test_dataloader))

    def after_test_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        self.bar.stop()

    def _start(self, title: str, total: int) -> None:
        self.bar = Progress(TextColumn(title), BarColumn(), MofNCompleteColumn(),
                            TimeRemainingColumn(), TextColumn('{task.fields[note]}'),
                            console=self.console, transient=True, auto_refresh=False,
                            disable=not self.console.is_terminal)
        self.bar.add_task(title, total=total, note='')
        self.bar.start()

    def _draw(self, completed: int, loss: Any = None) -> None:
        now = time.perf_counter()
        if not self.bar.disable and now - self._drawn >= self.period:
            self._drawn = now
            note = '' if loss is None else f'loss {loss.item():.4g}'
            self.bar.update(self.bar.task_ids[0], completed=completed, note=note, refresh=True)

"""Log losses and gradient norms without waiting for the device in each step; end at NaN."""
import math
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook, LoggerHook, RuntimeInfoHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor

from ..config_keys import find


@HOOKS.register_module()
class LossLogHook(RuntimeInfoHook):
    """mmengine's RuntimeInfoHook, but losses are read only when they are about to be logged.

    Upstream reads every loss of every iteration (``Tensor.item()``), so a GPU that has finished
    one step waits for Python to begin the next. Here losses, and the gradient norm of a
    DeferredNormOptimWrapper, stay on the device until LoggerHook logs or the epoch ends, and are
    then copied together. Until then the latest ones are missing in the message hub.
    """

    def __init__(self) -> None:
        self._intervals: list[int] = []  # LoggerHook's, one per hook
        self._waiting: dict[str, list[Tensor]] = {}

    def before_train(self, runner: Runner) -> None:
        """Find out when the losses will be logged."""
        super().before_train(runner)
        self._intervals = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Collect the losses of this iteration; read all if they are about to be logged."""
        norms = getattr(runner.optim_wrapper, 'take_norm', dict)()
        for key, value in {**norms, **(outputs or {})}.items():
            self._waiting.setdefault(key, []).append(torch.as_tensor(value).detach())
        if (any(self.every_n_inner_iters(batch_idx, interval) for interval in self._intervals)
                or self.end_of_epoch(runner.train_dataloader, batch_idx)
                or self.is_last_train_iter(runner)):
            self._read(runner)

    def before_val(self, runner: Runner) -> None:
        """Read the remaining losses of a loop over iterations before it validates."""
        self._read(runner)
        super().before_val(runner)

    def before_saving(self, runner: Runner) -> None:
        """Read the losses, as a checkpoint contains the message hub."""
        self._read(runner)

    def _read(self, runner: Runner) -> None:
        for key, values in self._waiting.items():
            for value in torch.stack([value.reshape(()) for value in values]).tolist():
                runner.message_hub.update_scalar(f'train/{key}', value)
        self._waiting.clear()


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """End the run after an epoch whose mean training loss is NaN or infinite.

    Upstream would continue to the end and record the accuracy of a network of NaN. The state of
    that epoch is not saved: the last checkpoint is from the previous epoch.

    Raises:
        ValueError: The mean loss of an epoch is not finite, in any process.
    """

    priority = 94  # after the progress bar has closed its line

    def after_train_epoch(self, runner: Runner) -> None:
        losses = runner.message_hub.log_scalars.get('train/loss')
        if losses is None:
            return  # a model with its own training step may log no loss
        mean = torch.tensor([losses.mean(len(runner.train_dataloader))], dtype=torch.float32)
        all_reduce(mean, 'mean')  # all processes end together
        if not math.isfinite(mean.item()):
            rate = find(runner.cfg, 'optim_wrapper.optimizer.lr')
            now = runner.optim_wrapper.get_lr().get('lr', [])
            raise ValueError(
                f'epoch {runner.epoch + 1}: the mean training loss is {mean.item()}, expected a '
                f'finite number; optim_wrapper.optimizer.lr is {rate}'
                f'{f" (now {now[0]:.4g})" if now else ""}. Lower it to a tenth, or clip the '
                'gradients (--cfg-options "optim_wrapper.clip_grad={\'max_norm\': 1.0}"); if that '
                'does not help, check the data and their normalisation.')

"""Log losses and gradient norms without waiting for the device in each step."""
from typing import Any

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor


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

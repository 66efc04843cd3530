"""End a run whose loss is no longer a number."""
import math

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..config_keys import find


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

"""Learning rate schedules that mmengine does not have."""
from typing import Any

from mmengine.optim.scheduler import _ParamScheduler
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class TimeDecayLR(LRSchedulerMixin, _ParamScheduler):
    """Keras's ``decay`` of the optimizers before 2.11: lr / (1 + decay * iteration).

    mmengine has no inverse-time schedule. Use it with ``by_epoch=False``, as
    Keras counts iterations.

    Args:
        optimizer: The optimizer or its wrapper.
        decay: Share by which the denominator grows at each step, at least 0.

    Raises:
        ValueError: ``decay`` is negative.
    """

    def __init__(self, optimizer: Any, *args: Any, decay: float, **kwargs: Any) -> None:
        if decay < 0:
            raise ValueError(f'TimeDecayLR: decay is {decay}, expected at least 0')
        self.decay = decay
        super().__init__(optimizer, *args, **kwargs)

    def _get_value(self) -> list[float]:
        """Each group's rate at this step, from the one before, as mmengine chains schedulers."""
        step = self.last_step
        factor = 1. if step == 0 else (1 + self.decay * (step - 1)) / (1 + self.decay * step)
        return [group[self.param_name] * factor for group in self.optimizer.param_groups]

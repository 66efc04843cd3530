"""Learning rate schedules that mmengine does not have; how all follow a run's length."""
import math
from collections.abc import Mapping
from typing import Any

from mmengine.optim.scheduler import ReduceOnPlateauLR, _ParamScheduler
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF
from mmengine.registry import PARAM_SCHEDULERS

from .checks import number, refuse, whole
from .config_keys import groups
from .monitor import better, checked_rule

# Schedules whose rates mmengine computes from the run's length, and what it computes first.
_BY_LENGTH = ('CosineAnnealing', 'OneCycle', 'Linear', 'Poly', 'Constant')
_COMPUTED = ('T_max', 'total_steps', 'total_iters')


def follow_run(schedules: Any, by_epoch: bool) -> None:
    """Change ``param_scheduler`` of a config so that its schedules go on in a longer resumed run.

    mmengine's ``end``, the run's length, would freeze them there, and leave out the last step.

    Raises:
        ValueError: A schedule counts epochs, but the run iterations (``by_epoch`` is false); so it
            would never step, or end after one pass.
    """
    for key, schedule in groups(schedules, 'param_scheduler'):
        kind = str(schedule.get('type', 'Plateau'))
        if not by_epoch and schedule.get('by_epoch', True) and 'Plateau' not in kind and not (
                schedule.get('convert_to_iter_based') and 'end' in schedule):
            raise ValueError(f'{key}: {kind} counts epochs, but train_cfg counts iterations; add '
                             'by_epoch=False')
        if 'type' in schedule and (not kind.startswith(_BY_LENGTH) or schedule.get('T_max')):
            schedule.setdefault('end', INF)


def check_longer_run(schedulers: Any, states: Any, changed: str) -> None:
    """Check that the schedules of a resumed run, whose length has changed, fit the new length.

    Args:
        schedulers: As a run of the new length has them; for several optimizers, a dict of lists.
        states: Of these schedulers in the checkpoint.
        changed: The checkpoint, the old length and the new one, for the message.

    Raises:
        ValueError: With the new length, the rates would have been others from the start.
    """
    if isinstance(schedulers, dict):
        schedulers, states = (sum(one.values(), []) for one in (schedulers, states))
    for place, (scheduler, state) in enumerate(zip(schedulers or (), states or (), strict=True)):
        if any(getattr(scheduler, name, None) != state.get(name) for name in _COMPUTED):
            raise ValueError(
                f'{changed}, but the rates of param_scheduler.{place} ({type(scheduler).__name__}) '
                'depend on the length of the run; resume with the old length, or start a new run '
                'in another --work-dir')
        state['end'] = max(state['end'], scheduler.end)  # of an earlier version: the old length


@PARAM_SCHEDULERS.register_module()
class TimeDecayLR(LRSchedulerMixin, _ParamScheduler):
    """Keras's ``decay`` of the optimizers before 2.11: lr / (1 + decay * iteration).

    Use it with ``by_epoch=False``, as Keras counts iterations.

    Args:
        optimizer: The optimizer or its wrapper.
        decay: Growth of the denominator per step, at least 0.

    Raises:
        ValueError: ``decay`` is negative.
    """

    def __init__(self, optimizer: Any, *args: Any, decay: float, **kwargs: Any) -> None:
        self.decay = number(self, 'decay', decay, 0, math.inf)
        super().__init__(optimizer, *args, **kwargs)

    def _get_value(self) -> list[float]:
        """The rate of each group from the previous one, as mmengine chains schedulers."""
        step = self.last_step
        factor = 1. if step == 0 else (1 + self.decay * (step - 1)) / (1 + self.decay * step)
        return [group[self.param_name] * factor for group in self.optimizer.param_groups]


@PARAM_SCHEDULERS.register_module()
class ReduceLROnPlateau(ReduceOnPlateauLR):
    """Lower the learning rate when a validation metric stops improving.

    Upstream's ReduceOnPlateauLR assumes ``less``, even for an accuracy, and counts like PyTorch:
    with ``patience=10`` the 11th validation without a new best lowers the rate, in Keras the 10th.
    :func:`plugins.engine.monitor.better` compares values.

    Args:
        optimizer: The optimizer or its wrapper.
        monitor: The metric, e.g. ``loss`` or ``accuracy/top1``.
        rule: ``greater`` or ``less``; None infers it from the name.
        style: ``torch`` or ``keras``: how patience and cooldown count, and whether ``threshold``
            is a share of the best value or a difference in the unit of the metric.
        factor: Each cut multiplies the rate by this.
        patience: Validations without a new best before a cut.
        threshold: A new best must be better by more than this.
        cooldown: Validations after a cut that are not counted.
        kwargs: ``min_value``, ``begin``, ``end``, ... as upstream. PyTorch refuses a cut by no
            more than ``eps``, 1e-8; Keras makes every cut, so ``eps`` is then 0.

    Raises:
        ValueError: Unknown style or rule, negative threshold, factor outside (0, 1), or patience
            or cooldown that is not a whole number of at least 0.
    """

    def __init__(self, optimizer: Any, monitor: str, rule: str | None = None,
                 style: str = 'torch', factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, cooldown: int = 0, **kwargs: Any) -> None:
        if style not in ('torch', 'keras'):
            raise refuse(self, 'style', style, "'torch' or 'keras'")
        if not 0 < factor < 1:
            raise refuse(self, 'factor', factor, 'a share between 0 and 1 to multiply the rate by')
        number(self, 'threshold', threshold, 0, math.inf)
        whole(self, 'patience', patience, 0)
        whole(self, 'cooldown', cooldown, 0)
        keras = style == 'keras'
        if keras:
            kwargs.setdefault('eps', 0.)
        super().__init__(
            optimizer, monitor=monitor, rule=checked_rule(monitor, rule), factor=factor,
            # PyTorch cuts when the count exceeds its patience, Keras when it reaches it; Keras
            # counts the last validation of a cooldown, PyTorch does not.
            patience=max(patience - 1, 0) if keras else patience,
            cooldown=max(cooldown - 1, 0) if keras else cooldown,
            threshold=threshold, threshold_rule='abs' if keras else 'rel', **kwargs)

    def step(self, metrics: Mapping[str, Any] | None = None) -> None:
        """Count an epoch (no metrics) or process a validation."""
        if metrics is not None and self.monitor in metrics:
            metrics = {self.monitor: float(metrics[self.monitor])}
        super().step(metrics)

    def _is_better(self, a: float, best: float) -> bool:
        relative = self.threshold_rule == 'rel' and math.isfinite(best)
        return better(a, best, self.rule, self.threshold * (abs(best) if relative else 1.))

"""What "better" means: the same for best checkpoints, early stops and learning rate plateaus."""
import math
from typing import Any

from mmengine.hooks import CheckpointHook

from .checks import number

RULES = ('greater', 'less')


def better(value: float, best: float | None, rule: str, min_delta: float = 0.) -> bool:
    """Whether a value beats the best one by strictly more than ``min_delta``.

    An equal value is not better, NaN is never better, and any number beats None and NaN.

    Args:
        value: The new value; may be a tensor or numpy number.
        best: The best value so far; None before the first.
        rule: ``greater`` or ``less``: which values are better.
        min_delta: Margin, in the unit of the metric.
    """
    value, best = float(value), math.nan if best is None else float(best)
    if math.isnan(best):
        best = -math.inf if rule == 'greater' else math.inf
    # Keras's order of terms: 0.501 does not beat 0.5 by more than 0.001.
    return value - min_delta > best if rule == 'greater' else value + min_delta < best


def checked_rule(key: str, rule: str | None = None) -> str:
    """``greater`` or ``less``: the given rule, or for None the one that a metric's name tells.

    CheckpointHook knows the words in the name.

    Raises:
        ValueError: The rule is unknown, or the name contains none of the words.
    """
    if rule is not None:
        if rule not in RULES:
            raise ValueError(f"monitor {key!r}: rule is {rule!r}, expected 'greater' or 'less'")
        return rule
    words = dict(greater=CheckpointHook._default_greater_keys,
                 less=CheckpointHook._default_less_keys)
    for rule in RULES:
        if any(word.lower() in key.lower() for word in words[rule]):
            return rule
    raise ValueError(f"monitor {key!r}: its name does not say which values are better; add "
                     "rule='greater' or rule='less'")


class Monitor:
    """Track the best value of a validation metric, and how long ago it was reached.

    Args:
        key: The metric's name, e.g. ``accuracy/top1`` (in %, and so ``min_delta``) or ``loss``.
        rule: ``greater`` or ``less``; None infers it from the name.
        min_delta: By how much a value must be better, at least 0.

    Attributes:
        best: The best value so far; None before the first that is a number.
        best_epoch: The epoch of the best value.
        bad_epochs: Validations since then, ``wait`` in Keras.

    Raises:
        ValueError: The rule is unknown or cannot be inferred, or ``min_delta`` is negative.
    """

    def __init__(self, key: str, rule: str | None = None, min_delta: float = 0.) -> None:
        self.key = key
        self.rule = checked_rule(key, rule)
        self.min_delta = number(f'monitor {key!r}', 'min_delta', min_delta, 0, math.inf)
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.bad_epochs = 0

    def improved(self, value: float, epoch: int) -> bool:
        """Record the value of a validation; return whether it is the new best.

        Args:
            value: The metric's value.
            epoch: The epoch of the validation.
        """
        if better(value, self.best, self.rule, self.min_delta):
            self.best, self.best_epoch, self.bad_epochs = float(value), epoch, 0
            return True
        self.bad_epochs += 1
        return False

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers for a checkpoint."""
        return dict(best=self.best, best_epoch=self.best_epoch, bad_epochs=self.bad_epochs)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state from :meth:`state_dict`."""
        self.best, self.best_epoch = state['best'], state['best_epoch']
        self.bad_epochs = state['bad_epochs']

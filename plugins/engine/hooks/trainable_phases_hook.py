"""Train a part of a network first, then more of it."""
from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop, Runner

from ..unwrap import unwrapped


@HOOKS.register_module()
class TrainablePhasesHook(Hook):
    """Change what is trainable at given epochs (row E1: the last layer alone, then everything).

    The model is built with everything trainable, so that optimizer and DistributedDataParallel know
    all its parameters; its ``set_trainable`` is called when a phase begins or a run is resumed.

    Args:
        phases: Dicts of ``begin`` (number of epochs before the phase; ascending, the first 0) and
            ``trainable`` (patterns of module names as for TransferClassifier; None: all).

    Raises:
        ValueError: Phases are out of order, the model has no ``set_trainable``, the loop does not
            count epochs, a part of the model is frozen at the start, or a distributed run has no
            ``find_unused_parameters``.
    """

    def __init__(self, phases: Sequence[dict[str, Any]]) -> None:
        for phase in phases:
            if set(phase) != {'begin', 'trainable'}:
                raise ValueError(f'TrainablePhasesHook: phase {dict(phase)} has the keys '
                                 f'{", ".join(phase)}; expected begin and trainable')
        begins = [phase['begin'] for phase in phases]
        if begins != sorted(set(begins)) or begins[:1] != [0]:
            raise ValueError(f'TrainablePhasesHook: phases begin at {begins}; expected 0 first, '
                             'then ascending epochs')
        self.phases = [dict(phase) for phase in phases]
        self._current: int | None = None

    def before_train(self, runner: Runner) -> None:
        model = unwrapped(runner)
        if not hasattr(model, 'set_trainable'):
            raise ValueError(f'TrainablePhasesHook: {type(model).__name__} has no set_trainable(); '
                             "use model.type='TransferClassifier'")
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError('TrainablePhasesHook: phases begin at epochs, but train_cfg is a '
                             f'{type(runner.train_loop).__name__}; use by_epoch=True')
        freezes = any(phase['trainable'] is not None for phase in self.phases)
        if freezes and is_model_wrapper(runner.model) and not getattr(
                runner.model, 'find_unused_parameters', False):
            raise ValueError(
                'TrainablePhasesHook: DistributedDataParallel waits for the gradients of '
                'parameters that are frozen after it was set up. Add find_unused_parameters = True '
                'to the config.')
        if frozen := [name for name, weight in model.named_parameters()
                      if not weight.requires_grad]:
            raise ValueError(
                f'TrainablePhasesHook: {frozen[0]} is frozen at the start, and so may be unknown '
                'to the optimizer and DistributedDataParallel. Build the model with everything '
                'trainable (trainable=None, frozen_stages=-1); the phases freeze it.')
        last, epochs = self.phases[-1]['begin'], runner.train_loop.max_epochs
        if last >= epochs:
            runner.logger.warning(f'TrainablePhasesHook: the phase that begins after {last} epochs '
                                  f'never begins, as train_cfg.max_epochs is {epochs}')

    def before_train_epoch(self, runner: Runner) -> None:
        number = sum(phase['begin'] <= runner.epoch for phase in self.phases) - 1
        if number == self._current:
            return
        self._current = number
        model, trainable = unwrapped(runner), self.phases[number]['trainable']
        model.set_trainable(trainable)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        runner.logger.info(f'Phase {number + 1} of {len(self.phases)}: trainable={trainable}, '
                           f'{trained} parameters')

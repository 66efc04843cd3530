"""Time the iterations of an mmengine Runner, from outside."""
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from plugins.engine.unwrap import unwrapped

from .record import STAGES
from .timing import now


class ClockHook(Hook):
    """Take the time of some iterations in the middle of an epoch.

    The time runs from the end of one iteration to the end of another, so it
    holds all there is to an iteration: loading its batch, every hook, the step.

    Args:
        warmup: Iterations of each epoch before the time starts, at least 1.
        iterations: How many are timed.
        weights: Loaded before the training, when the Runner has initialised its model.
        out: JSON file that gets the seconds of one iteration at the end of the first epoch.

    Attributes:
        seconds: Of one iteration of the last epoch; None before there is any.
        losses: Of every iteration of the last epoch, 0-dim tensors.
        stages: What to add the stages' times up in, or None.
    """

    priority = 'LOWEST'  # after all that belongs to the iteration

    def __init__(self, warmup: int, iterations: int, weights: Mapping[str, Tensor] | None = None,
                 out: str | None = None) -> None:
        if warmup < 1 or iterations < 1:
            raise ValueError(f'ClockHook: warmup={warmup}, iterations={iterations}, expected at '
                             'least one of each')
        self.warmup, self.iterations = warmup, iterations
        self.weights, self.out = weights, out
        self.seconds: float | None = None
        self.losses: list[Tensor] = []
        self.stages: Stages | None = None
        self._start = 0.

    def before_train(self, runner: Runner) -> None:
        if self.weights is not None:
            load_network(unwrapped(runner), self.weights)

    def before_train_epoch(self, runner: Runner) -> None:
        self.seconds, self.losses = None, []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        self.losses.append(outputs['loss'].detach())
        if batch_idx == self.warmup - 1:
            self._start = now()
            if self.stages:
                self.stages.clear()
        elif batch_idx == self.warmup + self.iterations - 1:
            self.seconds = (now() - self._start) / self.iterations
            if self.stages:
                self.stages.freeze(self.seconds, self.iterations)
            if self.out and is_main_process():
                Path(self.out).write_text(json.dumps(self.seconds))


def load_network(model: Any, weights: Mapping[str, Tensor]) -> None:
    """Give a model all weights of another, but for its data preprocessor's.

    Raises:
        ValueError: The two are not the same network.
    """
    found = model.load_state_dict(dict(weights), strict=False)
    missing = [key for key in found.missing_keys if not key.startswith('data_preprocessor.')]
    if missing or found.unexpected_keys:
        raise ValueError(f'{type(model).__name__}: not the network that the weights are of; missing'
                         f' {missing[:3]}, unexpected {found.unexpected_keys[:3]}')


def network_weights(model: Any) -> dict[str, Tensor]:
    """A copy of a model's weights, without its data preprocessor's."""
    return {key: value.detach().clone() for key, value in model.state_dict().items()
            if not key.startswith('data_preprocessor.')}


class RunnerBlocks:
    """Epochs of a Runner, as blocks to be timed.

    The first call is ``Runner.train()`` with an epoch; each later one continues it by the loop's
    own ``run_epoch()``, with all hooks of an epoch, its batches and iterations.

    Args:
        runner: Of one epoch, without validation.
        warmup, iterations, weights: See :class:`ClockHook`.
    """

    def __init__(self, runner: Runner, warmup: int, iterations: int,
                 weights: Mapping[str, Tensor] | None = None) -> None:
        self.runner = runner
        self.clock = ClockHook(warmup, iterations, weights)
        runner.register_hook(self.clock)
        self._begun = False

    def __call__(self) -> float:
        """Train for an epoch.

        Returns:
            Seconds of an iteration.

        Raises:
            ValueError: The epoch was too short for the clock.
        """
        if not self._begun:
            self._begun = True
            self.runner.train()
        else:
            loop = self.runner.train_loop
            loop._max_epochs += 1
            loop._max_iters += len(loop.dataloader)
            loop.run_epoch()
        if self.clock.seconds is None:
            raise ValueError(f'an epoch has {len(self.runner.train_dataloader)} iterations, '
                             f'expected {self.clock.warmup + self.clock.iterations} to time')
        return self.clock.seconds

    def split(self) -> dict[str, float]:
        """One more epoch, for the seconds of an iteration by :data:`STAGES`; sums to the whole."""
        self.clock.stages = stages = Stages()
        with stages.of_runner(self.runner):
            self()
        self.clock.stages = None
        return stages.result


class Stages:
    """Add up how long the parts of a training step take; they wait for a GPU, which costs time."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._wrapped: list[tuple[Any, str]] = []
        self._loop: Any = None
        self.result: dict[str, float] = {}

    def of_runner(self, runner: Runner) -> 'Stages':
        """Measure a runner's parts within a ``with`` block; it has trained before."""
        model, optimiser = unwrapped(runner), runner.optim_wrapper
        self._wrap(model.data_preprocessor, 'forward', 'augmentation')
        self._wrap(model, 'forward', 'forward')
        self._wrap(optimiser, 'backward', 'backward')
        self._wrap(optimiser, 'step', 'optimiser')
        self._wrap(optimiser, 'zero_grad', 'optimiser')
        self._loop = runner.train_loop
        self._loop.dataloader = _TimedLoader(self._loop.dataloader, self)
        return self

    def __enter__(self) -> 'Stages':
        return self

    def __exit__(self, *_: Any) -> None:
        for owner, name in self._wrapped:
            delattr(owner, name)  # the class's own method shows again
        self._loop.dataloader = self._loop.dataloader.loader

    def clear(self) -> None:
        """Start anew, at the first iteration that counts."""
        self._sums = dict.fromkeys(STAGES, 0.)

    def freeze(self, seconds: float, iterations: int) -> None:
        """Keep the means; what no stage explains is the engine's."""
        means = {stage: total / iterations for stage, total in self._sums.items()}
        means['engine'] = seconds - sum(means.values())
        self.result = means

    def timed(self, stage: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call, and add the time to a stage."""
        start = now()
        result = call(*args, **kwargs)
        self._sums[stage] = self._sums.get(stage, 0.) + now() - start
        return result

    def _wrap(self, owner: Any, name: str, stage: str) -> None:
        method = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: self.timed(stage, method, *args, **kwargs))
        self._wrapped.append((owner, name))


class _TimedLoader:
    """A data loader whose batches are waited for under the clock."""

    def __init__(self, loader: Any, stages: Stages) -> None:
        self.loader, self._stages = loader, stages

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        batches, end = iter(self.loader), object()
        while (batch := self._stages.timed('data', next, batches, end)) is not end:
            yield batch

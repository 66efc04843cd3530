"""Time several ways of doing one thing in turns, in one process."""
import ctypes
import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from plugins.engine.allocator import keep_freed_memory, set_thresholds

Block = Callable[[], float]  # does a unit of work, with its own warm-up, and returns its seconds
# glibc adjusts its thresholds to what is freed, up to these (<malloc.h> of 64 bit, mallopt(3)):
# the best for a process that sets none.
MAPPED, TRIMMED = 32 * 2 ** 20, 64 * 2 ** 20  # bytes
STAGES = ('data', 'augmentation', 'forward', 'backward', 'optimiser', 'engine')


def now() -> float:
    """Seconds on the clock of all blocks; a GPU has finished its work by then."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(call: Callable[[], object]) -> Block:
    """A function as a block."""
    def block() -> float:
        start = now()
        call()
        return now() - start
    return block


def interleave(blocks: Mapping[str, Block], rounds: int) -> dict[str, list[float]]:
    """Call every block once per round, each round starting with the next one.

    A machine that slows down, or that other programs use, then does so to all of them. The seconds
    of every round are returned under the names of the blocks.
    """
    names = list(blocks)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            seconds = blocks[name]()
            samples[name].append(seconds)
            print(f'  round {number + 1}, {name}: {1e3 * seconds:.3g} ms', file=sys.stderr)
    return samples


def ours_keeps_memory() -> bool:
    """Whether our Runner calls :func:`keep_freed_memory` here, and that has an effect."""
    return not torch.cuda.is_available() and platform.libc_ver()[0] == 'glibc'


def with_glibc_defaults(block: Block) -> Block:
    """A block with memory as in a process without our Runner, which keeps what it frees.

    What was kept is returned at the start; only gaps that ours left within its heap may serve the
    block. Page faults of a step alone in a process and here: ResNet18 at 64 px, stock 12 000 to
    32 000 and 31 000; MobileNetV2 detector, stock 10 000 to 16 000 and 6 500.
    """
    def with_defaults() -> float:
        set_thresholds(MAPPED, TRIMMED)
        ctypes.CDLL(None).malloc_trim(0)
        try:
            return block()
        finally:
            keep_freed_memory()
    return with_defaults if ours_keeps_memory() else block


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The k of ``cost ~ size ** k``, from a line fitted to both logarithms; 1 is linear growth."""
    return statistics.linear_regression([math.log(size) for size in sizes],
                                        [math.log(cost) for cost in costs]).slope


class RunnerBlock(Hook):
    """Epochs of a Runner as a block: the seconds of an iteration in the middle of each.

    The time runs from the end of one iteration to the end of another, so it includes everything:
    loading, every hook, the step. The first call is ``Runner.train()``, stopped after an epoch; the
    others continue it by the loop's own ``run_epoch()``.

    Args:
        runner: Has more epochs than calls, and no validation.
        warmup: Iterations of each epoch before the time starts, at least 1.
        iterations: How many are timed.
        weights: Loaded when the Runner has initialised its model; without the preprocessor's.
    """

    priority = 'LOWEST'  # after everything that belongs to the iteration

    def __init__(self, runner: Runner, warmup: int, iterations: int,
                 weights: Mapping[str, Tensor]) -> None:
        self.runner, self.weights = runner, weights
        self.warmup, self.iterations = warmup, iterations
        self.losses: list[Tensor] = []  # of every iteration of the last epoch
        self._seconds: float | None = None
        self._start = self._end = 0.
        self._stages, self._means = dict.fromkeys(STAGES, 0.), dict.fromkeys(STAGES, 0.)
        runner.register_hook(self)

    def before_train(self, runner: Runner) -> None:
        runner.model.load_state_dict(runner.model.state_dict() | self.weights)

    def before_train_epoch(self, runner: Runner) -> None:
        self._seconds, self.losses = None, []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        self.losses.append(outputs['loss'].detach())
        if batch_idx == self.warmup - 1:
            self._stages = dict.fromkeys(STAGES, 0.)
            self._start = now()
        elif batch_idx == self.warmup + self.iterations - 1:
            self._seconds = (now() - self._start) / self.iterations
            self._means = {stage: total / self.iterations for stage, total in self._stages.items()}
        self._end = now()

    def after_train_epoch(self, runner: Runner) -> None:
        runner.train_loop.stop_training = True

    def __call__(self) -> float:
        """Train for an epoch and return the seconds of an iteration.

        Raises:
            ValueError: The epoch has too few iterations.
        """
        if self.runner.epoch == 0:
            self.runner.train()
        else:
            self.runner.train_loop.run_epoch()
        if self._seconds is None:
            raise ValueError(f'an epoch has {len(self.losses)} iterations, expected at least '
                             f'{self.warmup + self.iterations}')
        return self._seconds

    def split(self) -> dict[str, float]:
        """Train one more epoch, and divide the seconds of an iteration into :data:`STAGES`.

        What no other stage explains is the engine's. On a GPU every stage waits for the one before.
        """
        loop, model = self.runner.train_loop, self.runner.model
        optimizer = self.runner.optim_wrapper
        with ExitStack() as stack:
            for owner, name, stage in (
                    (model.data_preprocessor, 'forward', 'augmentation'),
                    (model, 'forward', 'forward'), (optimizer, 'backward', 'backward'),
                    (optimizer, 'step', 'optimiser'), (optimizer, 'zero_grad', 'optimiser')):
                stack.enter_context(patch.object(owner, name, self._staged(
                    getattr(owner, name), stage)))
            stack.enter_context(patch.object(loop, 'run_iter', self._after_loading(loop.run_iter)))
            seconds = self()
        return dict(self._means, engine=seconds - sum(self._means.values()))

    def _staged(self, call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def staged(*args: Any, **kwargs: Any) -> Any:
            start = now()
            result = call(*args, **kwargs)
            self._stages[stage] += now() - start
            return result
        return staged

    def _after_loading(self, run_iter: Callable[..., None]) -> Callable[..., None]:
        """From the end of one iteration to the start of the next, a batch is loaded."""
        def staged(*args: Any) -> None:
            self._stages['data'] += now() - self._end
            run_iter(*args)
        return staged

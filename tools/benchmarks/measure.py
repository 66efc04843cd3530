"""Time several ways of doing one thing in turns, in one process."""
import ctypes
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from plugins.engine.allocator import keep_freed_memory, set_thresholds

Block = Callable[[], float]  # does one unit of work after a warm-up; returns its seconds
# Upper limits of glibc's dynamic thresholds (64 bit; see mallopt(3)): the best case for a process
# that sets none.
MAPPED, TRIMMED = 32 * 2 ** 20, 64 * 2 ** 20  # bytes
MEMORY = ("on a CPU with glibc, ours keeps it for the next step; stock and bare: glibc's defaults "
          f'({MAPPED >> 20} MiB mapped, {TRIMMED >> 20} MiB trimmed)')
STAGES = ('data', 'augmentation', 'forward', 'backward', 'optimiser', 'engine')


def now() -> float:
    """Return the time in seconds, after the GPU has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(call: Callable[[], object]) -> Block:
    """Make a block that times a function."""
    def block() -> float:
        start = now()
        call()
        return now() - start
    return block


def with_glibc_defaults(block: Block) -> Block:
    """Run a block with glibc's default memory settings, as in a process without our Runner.

    On a GPU and with other C libraries our Runner changes nothing, so the block is returned as is.
    Memory that ours kept is released first; the block can reuse only gaps left in the heap. Page
    faults of a stock step, in a process of its own and here: ResNet18 at 64 px, 12 000 to 32 000
    and 31 000; MobileNetV2 detector, 10 000 to 16 000 and 6 500.
    """
    def with_defaults() -> float:
        set_thresholds(MAPPED, TRIMMED)
        ctypes.CDLL(None).malloc_trim(0)
        try:
            return block()
        finally:
            keep_freed_memory()
    return block if torch.cuda.is_available() or not keep_freed_memory() else with_defaults


class RunnerBlock(Hook):
    """A block that runs an epoch of a Runner and returns the seconds per timed iteration.

    Time is measured from the end of one iteration to the end of a later one, so it includes
    loading, all hooks and the step. The first call is ``Runner.train()``, stopped after an epoch;
    later calls continue with the loop's own ``run_epoch()``.

    Args:
        runner: A Runner with more epochs than calls, and no validation.
        warmup: Untimed iterations at the start of each epoch, at least 1.
        iterations: Number of timed iterations.
        weights: Loaded after the Runner has initialised its model; without the preprocessor's.
    """

    priority = 'LOWEST'  # after all other hooks of the iteration

    def __init__(self, runner: Runner, warmup: int, iterations: int,
                 weights: Mapping[str, Tensor]) -> None:
        self.runner, self.weights = runner, weights
        self.warmup, self.iterations = warmup, iterations
        self.losses: list[Tensor] = []  # of all iterations of the last epoch
        self._seconds = self._start = self._end = 0.
        self._stages, self._means = dict.fromkeys(STAGES, 0.), dict.fromkeys(STAGES, 0.)
        runner.register_hook(self)

    def before_train(self, runner: Runner) -> None:
        runner.model.load_state_dict(runner.model.state_dict() | self.weights)

    def before_train_epoch(self, runner: Runner) -> None:
        self.losses = []

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
        """Train for an epoch and return the seconds of an iteration."""
        if self.runner.epoch == 0:
            self.runner.train()
        else:
            self.runner.train_loop.run_epoch()
        return self._seconds

    def split(self) -> dict[str, float]:
        """Train one more epoch, and divide the seconds of an iteration into :data:`STAGES`.

        The remainder is counted as the engine's. On a GPU each stage waits for the one before.
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
        """Count the time from the end of one iteration to the start of the next as loading."""
        def staged(*args: Any) -> None:
            self._stages['data'] += now() - self._end
            run_iter(*args)
        return staged

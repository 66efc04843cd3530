"""Training loops that can stop after any iteration, and continue exactly as if they had not.

So can the workers of their dataloaders, which are seeded anew for every batch.
"""
import random
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, barrier, get_rank, get_world_size, is_distributed
from mmengine.registry import DATA_SAMPLERS, LOOPS
from mmengine.runner import loops
from torch.utils.data import BatchSampler, Sampler

from .continuing import claim
from .distributed import StopCheck
from .random_state import random_state, set_random_state
from .stop_signal import Stopped, allow_saving, postponed
from .unwrap import unwrapped
from .wording import counted

# What upstream's hooks and parts of models change in training without saving it.
_UNSAVED = dict(EarlyStoppingHook=('wait_count', 'best_score'), DropBlock=('iter_cnt', ),
                BatchSyncRandomResize=('_input_size', ))


def few_steps(runner: Any) -> list[str]:
    """A warning if a training has fewer than 30 steps of the optimizer."""
    loop, each = runner.train_loop, getattr(runner.optim_wrapper, '_accumulative_counts', 1)
    unit, length = ('max_epochs', len(loop.dataloader)) if loop._by_epoch else ('max_iters', 1)
    return [] if (steps := -(-loop.max_iters // each)) >= 30 else [
        f'the run has {counted(steps, "step")} of the optimizer, fewer than 30: the model has '
        f'hardly learnt; set train_cfg.{unit}={-(-30 * each // length)}']


class _Batch(list):
    """Indices; a worker that receives them seeds its generators first."""

    seed: int

    def __reduce__(self) -> tuple:
        return _receive, (list(self), self.seed)


def _receive(indices: list[int], seed: int) -> list[int]:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return indices


@DATA_SAMPLERS.register_module()
class SeededBatchSampler(Sampler):
    """Batches that bring the seed of the worker which loads them.

    Otherwise workers draw the same numbers in each epoch or, if they are persistent, continue from
    states that no checkpoint contains. Here the seeds follow from the main process's random state
    at the start of a pass, whatever the number of workers.

    Args:
        sampler: Gives the indices.
        batch_size: Indices per batch.
        drop_last: Leave out a last batch with fewer.
        batch_sampler: Config of the sampler that makes the batches; None: PyTorch's BatchSampler.
    """

    def __init__(self, sampler: Sampler, batch_size: int, drop_last: bool = False,
                 batch_sampler: Mapping[str, Any] | None = None) -> None:
        arguments = dict(sampler=sampler, batch_size=batch_size, drop_last=drop_last)
        self.batches = BatchSampler(**arguments) if batch_sampler is None else \
            DATA_SAMPLERS.build(dict(batch_sampler), default_args=arguments)
        self.sampler, self.batch_size = sampler, batch_size
        self.skip = 0  # batches that the next pass leaves out

    def __iter__(self) -> Iterator[_Batch]:
        entropy = torch.randint(2**62, ()).item()
        done, self.skip = self.skip, 0
        for number, indices in islice(enumerate(self.batches), done, None):
            batch = _Batch(indices)
            batch.seed = int(np.random.SeedSequence([entropy, number]).generate_state(1)[0])
            yield batch

    def __len__(self) -> int:
        return len(self.batches)


class _ExactLoop:
    """Goes through the data pass by pass, and knows where it is.

    A checkpoint contains this position: how many batches of the pass are done and, per process, the
    random state when the pass began and now, and gradients that no step has used yet.
    """

    passes = batches = 0
    _began: dict[str, Any] | None = None  # random state
    _resumed: dict[str, Any] = {}  # position

    def run(self) -> Any:
        """Train; a signal saves a checkpoint after an iteration, then it is raised."""
        self._stop_check = StopCheck()
        # a training that ends before val_begin is validated at its end
        self.val_begin = min(self.val_begin, self.max_epochs if self._by_epoch else self.max_iters)
        with postponed():
            claim(self.runner.work_dir)  # until now the same command is the one to repeat
            return super().run()

    def run_iter(self, *args: Any) -> None:
        """Train on a batch; one of a single image has no variance to normalise by."""
        try:
            super().run_iter(*args)
        except ValueError as error:
            if not str(error).startswith('Expected more than 1'):
                raise
            raise ValueError(
                f'train_dataloader: {counted(len(self.dataloader.dataset), "image")} in batches of '
                f'{self.dataloader.batch_sampler.batch_size} make a batch of one, which the '
                "model's batch norm cannot train on; choose another train_dataloader.batch_size, "
                'or leave out a smaller last batch: +train_dataloader.drop_last=True') from error

    def position(self) -> dict[str, Any]:
        """The position for a checkpoint; all processes must call this together."""
        model, now = unwrapped(self.runner), random_state()
        mine = dict(began=self._began or now, now=now, gradients={
            name: parameter.grad.cpu() for name, parameter in model.named_parameters()
            if parameter.grad is not None})
        if is_distributed():  # batch norm's statistics, which no process takes from another
            mine['buffers'] = {name: buffer.cpu() for name, buffer in model.named_buffers()}
        mine['unsaved'] = [getattr(owner, name) for owner, name in self._unsaved()]
        return dict(passes=self.passes, batches=self.batches, processes=all_gather_object(mine))

    def resume_at(self, position: dict[str, Any]) -> None:
        """Continue from a position when the next pass begins; exactly, with as many processes.

        Raises:
            ValueError: It is damaged, or of another model or data set.
        """
        processes = position['processes']
        same = len(processes) == get_world_size()
        if not same:  # a batch of each process is one iteration
            self.runner.logger.warning(
                f'the checkpoint is of {len(processes)} process(es), this run has '
                f'{get_world_size()}: it goes on with other random numbers')
            position = position | dict(
                batches=position['batches'] * len(processes) // get_world_size())
        self._resumed = position
        try:
            if position['batches'] > self.max_iters:
                raise ValueError(f'batches is {position["batches"]} of {self.max_iters}')
            if same:
                self._resumed = position | processes[get_rank()]
                self._restore(self._resumed)
        except Exception as error:  # damaged values raise anything
            raise ValueError(f'meta.position of the checkpoint is damaged: {error}') from error

    def _restore(self, state: dict[str, Any]) -> None:
        """Set what this process had; random states only on trial, as the next pass sets them."""
        model = unwrapped(self.runner)
        for name, gradient in state['gradients'].items():
            parameter = model.get_parameter(name)
            parameter.grad = gradient.to(parameter.device)
        for name, buffer in state.get('buffers', {}).items():
            model.get_buffer(name).copy_(buffer)
        for (owner, name), value in zip(self._unsaved(), state['unsaved'], strict=True):
            setattr(owner, name, value)
        for key in ('began', 'now'):
            set_random_state(state[key])

    def _unsaved(self) -> Iterator[tuple[object, str]]:
        for owner in (*self.runner.hooks, *unwrapped(self.runner).modules()):
            for name in _UNSAVED.get(type(owner).__name__, ()):
                yield owner, name

    def _begin_pass(self) -> None:
        self.batches, self.passes = 0, self._resumed.get('passes', self.passes)
        set_random_state(self._resumed.get('began'))
        self._began = random_state()

    def _pass(self) -> Iterator[Any]:
        """The remaining batches of this pass."""
        batches = self._after_those_done()
        while True:
            self._pause()
            if (batch := next(batches, None)) is None:
                return
            self.batches += 1
            yield batch

    def _after_those_done(self) -> Iterator[Any]:
        """Start the dataloader where the resumed run was; workers do not load again."""
        resumed, self._resumed = self._resumed, {}
        self.batches = to_load = resumed.get('batches', 0)
        if isinstance(sampler := self.dataloader.batch_sampler, SeededBatchSampler):
            sampler.skip, to_load = self.batches, 0
        iterator = iter(self.dataloader)
        for _ in range(to_load):
            next(iterator, None)
        if self.batches:
            set_random_state(resumed.get('now'))
        return iterator

    def _pause(self) -> None:
        """Between two iterations: save what is due, and stop if asked."""
        if self.batches and (self.batches < len(self.dataloader) or not self._by_epoch):
            self.runner.call_hook('between_train_iters')
        if number := self._stop_check():
            allow_saving()
            self.runner.call_hook('before_stop')
            barrier()  # the first process to end ends the others
            raise Stopped(number)


@LOOPS.register_module(force=True)
class EpochBasedTrainLoop(_ExactLoop, loops.EpochBasedTrainLoop):
    """mmengine's loop over epochs, each of which is a pass through the data."""

    _by_epoch = True

    def run_epoch(self) -> None:
        """Train for one epoch, or for the rest of it."""
        self._begin_pass()
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for data_batch in self._pass():
            self.run_iter(self.batches - 1, data_batch)
        self.batches, self._began = 0, None
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


@LOOPS.register_module(force=True)
class IterBasedTrainLoop(_ExactLoop, loops.IterBasedTrainLoop):
    """mmengine's loop over iterations, which passes through the data again and again."""

    _by_epoch = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dataloader_iterator = self  # upstream's cannot continue in the middle of a pass
        self._running: Iterator[Any] = iter(())

    def skip_iter(self, done: int) -> None:
        """Do nothing when upstream's loop resumes: the position says more."""

    def __next__(self) -> Any:
        """The next batch."""
        while (batch := next(self._running, None)) is None:
            if self._began and not self.batches:
                raise ValueError('train_dataloader gives no batch, expected at least one')
            self.passes += self._began is not None
            self._begin_pass()
            sampler = self.dataloader.batch_sampler.sampler
            if hasattr(sampler, 'set_epoch'):
                sampler.set_epoch(self.passes)
            self._running = self._pass()
        return batch

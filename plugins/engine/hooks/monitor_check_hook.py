"""Find a misspelt monitor before the first epoch instead of after it."""
import copy
import difflib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.amp import autocast
from torch.utils.data import DataLoader, Subset

from ..random_state import kept_random_state
from ..run_record import flat_numbers
from ..unwrap import in_mode
from .early_stop_hook import EarlyStopHook


@HOOKS.register_module()
class MonitorCheckHook(Hook):
    """Check that the validation computes every monitored key, on two samples, before epoch 1.

    Upstream fails on a wrong key only after the first epoch. Here the model and a copy of the
    evaluator run on the first and the last sample; random states and training modes are restored.

    Monitored keys are those of CheckpointHook's ``save_best``, of early stops, of schedules that
    read metrics, and ``keys``.

    Args:
        keys: Further keys to check; ``--fast-dev-run`` passes the best checkpoint's key.

    Raises:
        ValueError: A key is missing or is no single number, there is no validation, its data set
            has nothing to measure (``nothing_to_find``), or the model does not run on the samples.
    """

    priority = 96  # after the hooks that check or change the model

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self.keys = list(keys)

    def before_train(self, runner: Runner) -> None:
        monitors = [('MonitorCheckHook (keys, or save_best)', key) for key in self.keys]
        monitors += monitored_keys(runner)
        if not monitors:
            return
        if runner.val_loop is None:
            raise ValueError(f'{_listed(monitors)}, but there is no validation (--no-validate, or '
                             'no val_dataloader, val_cfg, val_evaluator); validate, or take '
                             'that out of default_hooks or param_scheduler')
        if word := getattr(runner.val_dataloader.dataset, 'nothing_to_find', ''):
            raise ValueError(f'{word}: every metric would be undefined, but {_listed(monitors)}; '
                             'give val_dataloader images with such objects')
        found = flat_numbers(validate_two_samples(runner))
        wrong = [(owner, key) for owner, key in monitors if key not in found]
        if wrong:
            near = difflib.get_close_matches(wrong[0][1], found, n=1, cutoff=0)
            raise ValueError(
                f'{_listed(wrong)}, but the validation computes no such number. It computes: '
                f'{", ".join(found) or "none"}.{f" The nearest is {near[0]}." if near else ""} '
                'Correct the key, or add its metric to val_evaluator.')


def monitored_keys(runner: Runner) -> Iterator[tuple[str, str]]:
    """Pairs of an owner (a hook or a schedule that is built) and the key that it monitors."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            for key in hook.save_best or []:
                if key != 'auto':  # whatever metric comes first
                    yield f'{type(hook).__name__} (save_best)', key
        elif isinstance(hook, EarlyStopHook):
            yield type(hook).__name__, hook.monitor.key
        elif isinstance(getattr(hook, 'monitor', None), str):
            yield type(hook).__name__, hook.monitor
    schedulers = runner.param_schedulers or []
    if isinstance(schedulers, dict):
        schedulers = [one for several in schedulers.values() for one in several]
    for scheduler in schedulers:
        if getattr(scheduler, 'need_val_args', False):
            yield type(scheduler).__name__, scheduler.monitor


def validate_two_samples(runner: Runner) -> dict[str, Any]:
    """The metrics of a validation on the first and the last sample, without side effects.

    Each process of a distributed run takes its share, as the evaluator collects from all of them.

    Raises:
        ValueError: The model does not run on them.
    """
    loop, model = runner.val_loop, runner.model
    loader, evaluator = loop.dataloader, copy.deepcopy(loop.evaluator)
    rank, processes = get_dist_info()
    size = min(max(2, processes), len(loader.dataset))
    spread = np.linspace(0, len(loader.dataset) - 1, size).round().astype(int).tolist()
    own = Subset(loader.dataset, spread[rank::processes] or [spread[rank % size]])
    with (kept_random_state(), in_mode(model, training=False), _silence(), torch.no_grad(),
          autocast(enabled=loop.fp16)):
        batch = next(iter(DataLoader(own, batch_size=len(own), collate_fn=loader.collate_fn)))
        try:
            outputs = model.val_step(batch)
            evaluator.process(data_samples=outputs, data_batch=batch)
            return evaluator.evaluate(size)
        except (AssertionError, KeyError, RuntimeError, TypeError) as error:
            raise ValueError(
                'the model does not run on two samples of val_dataloader, or val_evaluator not on '
                f'its output: {next(iter(str(error).splitlines()), "")}. Check that the '
                'in_channels of its parts and the image size match, and the arguments of the '
                'metrics') from error


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress warnings of libraries that two samples lack classes and boxes."""
    nowhere, disabled = io.StringIO(), logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(nowhere), redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(disabled)


def _listed(monitors: Sequence[tuple[str, str]]) -> str:
    return ' and '.join(f'{owner} monitors {key!r}' for owner, key in monitors)

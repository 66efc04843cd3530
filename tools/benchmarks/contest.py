"""Time the same training with this project, stock OpenMMLab and a bare loop, in turns."""
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn

from plugins.engine.files import REPO_ROOT
from plugins.engine.precision import laid_out, with_fused_kernel
from plugins.engine.session import Session

from .measure import MEMORY, Block, RunnerBlock, now, with_glibc_defaults
from .record import Case, Settings

MANY = 10 ** 6  # epochs
# Nothing is saved or evaluated: only iterations are timed.
TRAINING_ONLY = {'train_cfg.max_epochs': MANY, 'train_cfg.val_interval': MANY,
                 'default_hooks.checkpoint.interval': MANY,
                 'default_hooks.checkpoint.save_last': False}
_numbers = count()


@dataclass(frozen=True)
class Recipe:
    """One training task of the benchmark."""

    name: str  # name of the case
    what: str  # description for readers
    base: str  # path of the config below configs/
    warmup: int  # untimed iterations at the start of a block
    iterations: int  # timed iterations of a block
    changes: dict[str, Any]  # dotted keys of the config -> values
    plain: dict[str, Any]  # further changes, which disable augmentation for the check
    stock: Sequence[Mapping[str, Any]]  # stock's pipeline, with the augmentation closest to ours
    stock_plain: Sequence[Mapping[str, Any]]  # stock's pipeline for the check
    amp: bool = True  # mixed precision for ours and bare; never for stock
    check_steps: int = 2  # at least 2
    tolerance: float = 1e-4  # largest relative difference of the losses in the check
    rounds: int = 5  # how often each of the three is timed

    def with_data(self, key: str, folder: Path) -> 'Recipe':
        """Return a copy that reads ``folder``: the value of ``key`` in each loader's data set."""
        return replace(self, changes=self.changes | {
            f'{part}_dataloader.dataset.{key}': str(folder) for part in ('train', 'val', 'test')})


class Contest:
    """The three ways to train one recipe, from the same weights.

    Subclasses define ``stock_model()``, the network in stock classes; ``stock_loader()``, stock's
    loader settings for the same images, except the pipeline; ``bare_batches(network, rows, device,
    check)``, endless batches of the images in these rows; and ``bare_loss(network, *batch)``. Files
    are written to the settings' folder.

    Attributes:
        cfg, precision: Config and precision of ours.
        plain: Our config for the check.
        batch: Batch size.
        dataset: Training data set of ``plain``.
    """

    def __init__(self, recipe: Recipe, settings: Settings) -> None:
        self.recipe, self.settings = recipe, settings
        session = self.session()
        self.cfg, self.precision = session.cfg, session.precision
        self.plain = self.session(check=True).cfg
        self.batch = self.cfg.train_dataloader.batch_size
        torch.manual_seed(0)
        network = self._network(self.cfg)
        network.init_weights()
        self.dataset = DATASETS.build(self.plain.train_dataloader.dataset)
        self.weights = {key: value.clone() for key, value in network.state_dict().items()
                        if not key.startswith('data_preprocessor.')}

    def session(self, check: bool = False) -> Session:
        """Return the session of tools/train.py; the check is float32, unshuffled, unaugmented."""
        session = Session(str(REPO_ROOT / 'configs' / self.recipe.base))
        session.cfg.merge_from_dict(copy.deepcopy(TRAINING_ONLY | self.recipe.changes))
        if check:
            size = self.recipe.check_steps * session.cfg.train_dataloader.batch_size
            session.cfg.merge_from_dict(copy.deepcopy(self.recipe.plain | {
                'train_dataloader.sampler': dict(
                    _delete_=True, type='FirstSamplesSampler', num_samples=size,
                    sampler=dict(type='DefaultSampler', shuffle=False))}))
        elif self.recipe.amp:
            session.enable_amp()
        return session

    def ours(self, check: bool = False) -> RunnerBlock:
        """Return the runner of tools/train.py."""
        session = self.session(check)
        session.enter_work_dir(str(self.settings.folder / f'ours{next(_numbers)}'), None, False)
        return RunnerBlock(session.build_runner(), *self._steps(check), self.weights)

    def stock(self, workers: int, check: bool = False) -> RunnerBlock:
        """Return mmengine's Runner with the default runtime of mmpretrain or mmdet."""
        cfg = get_config(f'{self.cfg.default_scope}::_base_/default_runtime.py')
        name = f'stock{next(_numbers)}'
        cfg.merge_from_dict(dict(
            work_dir=str(self.settings.folder / name), experiment_name=name,
            visualizer=dict(name=name), randomness=dict(seed=0), model=self.stock_model(),
            optim_wrapper=dict(self.plain.optim_wrapper.to_dict(), type='OptimWrapper'),
            train_cfg=dict(by_epoch=True), train_dataloader=dict(
                batch_size=self.batch, num_workers=workers, persistent_workers=workers > 0,
                sampler=dict(type='DefaultSampler', shuffle=not check), **self.stock_loader())))
        cfg.merge_from_dict(TRAINING_ONLY)
        cfg.train_dataloader.dataset.update(
            pipeline=list(self.recipe.stock_plain if check else self.recipe.stock),
            indices=self.batch * self.recipe.check_steps if check else None)
        return RunnerBlock(Runner.from_cfg(cfg), *self._steps(check), self.weights)

    def bare(self, check: bool = False) -> Iterator[tuple[float, list[Tensor]]]:
        """Return the blocks of :func:`bare_training`."""
        cfg = self.plain if check else self.cfg
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        network, dtype = self._network(cfg), None
        network.load_state_dict(network.state_dict() | self.weights)
        network.to(device).train()
        laid_out(network, cfg.channels_last)
        if self.recipe.amp and not check:
            dtype = {'bfloat16': torch.bfloat16, 'float16': torch.float16}.get(self.precision)
        rows = batch_rows(len(self.dataset), self.batch, shuffle=not check)
        return bare_training(
            self.bare_batches(network, rows, device, check), partial(self.bare_loss, network),
            bare_optimizer(cfg.optim_wrapper, network), *self._steps(check), dtype,
            (cfg.optim_wrapper.get('clip_grad') or {}).get('max_norm'))

    def _network(self, cfg: Config) -> nn.Module:
        init_default_scope(cfg.default_scope)
        return MODELS.build(cfg.model)

    def _steps(self, check: bool) -> tuple[int, int]:
        return (1, self.recipe.check_steps - 1) if check else (self.recipe.warmup,
                                                               self.recipe.iterations)

    def check(self) -> dict[str, Any]:
        """Train all three for some steps without augmentation, in float32; compare their losses.

        Raises:
            ValueError: See :func:`compare_losses`.
        """
        ours, stock = self.ours(check=True), self.stock(0, check=True)
        ours(), stock()
        _, bare_losses = next(self.bare(check=True))
        return compare_losses(dict(ours=ours.losses, stock=stock.losses, bare=bare_losses),
                              self.recipe.tolerance)

    def blocks(self) -> dict[str, Block]:
        """Return the blocks to time, by name."""
        bare_blocks = self.bare()
        others = {f'stock, {n} workers': self.stock(n) for n in self.settings.pick((0, 2), (0,))}
        others['bare'] = lambda: next(bare_blocks)[0]
        return {'ours': self.ours(), **{name: with_glibc_defaults(block)
                                        for name, block in others.items()}}

    def measure(self) -> Case:
        """Check that all three train identically, time them in turns, and time our stages."""
        case = Case(self.recipe.name, self.recipe.what, checks=self.check())
        blocks = self.blocks()
        case.samples = self.settings.time(blocks, self.recipe.rounds)
        case.split = blocks['ours'].split()
        case.facts = {
            'precision of ours and bare': self.precision,
            'optimizer of ours and bare': dict(with_fused_kernel(self.cfg.optim_wrapper)[
                'optimizer']), 'freed memory': MEMORY}
        case.compare('ours', 'bare', 'ours / bare')
        case.compare('ours', 'stock', 'ours / stock')
        return case


def compare_losses(losses: Mapping[str, Sequence[Tensor | float]],
                   tolerance: float) -> dict[str, Any]:
    """Check that all trainings had the same losses, from the first to the last.

    Raises:
        ValueError: The relative difference of one from ours exceeds the tolerance: the model,
            data, order, loss or optimizer is not the same.
    """
    found = {name: [float(loss) for loss in values] for name, values in losses.items()}
    # NumPy's max, because Python's may ignore NaN
    worst = float(np.max([abs(other / own - 1) for values in found.values()
                          for other, own in zip(values, found['ours'], strict=True)]))
    if not worst <= tolerance:
        raise ValueError(f'losses differ by {worst:.2g}, expected at most {tolerance:g}: {found}. '
                         'What is timed would not be the same training')
    return {'losses': {name: [round(loss, 5) for loss in values] for name, values in found.items()},
            'largest relative difference': float(f'{worst:.2g}'), 'allowed': tolerance}


def bare_optimizer(optim_wrapper: Mapping[str, Any], network: nn.Module) -> torch.optim.Optimizer:
    """Build the optimizer as a plain script would, with the same kernel as ours."""
    kind = dict(with_fused_kernel(optim_wrapper)['optimizer'])
    return getattr(torch.optim, kind.pop('type'))(network.parameters(), **kind)


def bare_training(batches: Iterator[tuple], loss: Callable[..., Tensor],
                  optimizer: torch.optim.Optimizer, warmup: int, iterations: int,
                  dtype: torch.dtype | None = None, clip: float | None = None
                  ) -> Iterator[tuple[float, list[Tensor]]]:
    """Train endlessly without any framework.

    After each block, yields the seconds per iteration and all losses.

    Args:
        batches: Endless tuples of arguments for ``loss``, which runs the network.
        warmup, iterations: Iterations of a block; only the latter are timed.
        dtype: For autocast; None: float32. With float16, the loss is scaled.
        clip: Maximum gradient norm, or None.
    """
    parameters = optimizer.param_groups[0]['params']
    device = parameters[0].device.type
    scaler = torch.amp.GradScaler(device, enabled=dtype == torch.float16)
    while True:
        losses = []
        for step in range(warmup + iterations):
            if step == warmup:
                start = now()
            batch = next(batches)
            with torch.autocast(device, dtype, enabled=dtype is not None):
                value = loss(*batch)
            scaler.scale(value).backward()
            if clip is not None:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(parameters, clip)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            losses.append(value.detach())
        yield (now() - start) / iterations, losses


def batch_rows(total: int, batch: int, shuffle: bool) -> Iterator[Tensor]:
    """Yield row numbers of endless batches; an epoch's incomplete last batch is dropped."""
    while True:
        order = torch.randperm(total) if shuffle else torch.arange(total)
        yield from order[:total // batch * batch].split(batch)

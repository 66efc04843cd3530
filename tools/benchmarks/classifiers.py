"""Ours, stock and bare for one recipe of a classifier, from the same weights and images."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from plugins.classification.augmentation import BatchGeometry, build_color
from plugins.classification.datasets import ArrayDataset
from plugins.classification.normalization_hook import channel_statistics
from plugins.engine.fast_dev_run import FirstSamplesSampler
from plugins.engine.session import Session, load_config

from .bare import train as train_bare
from .clock import RunnerBlocks, load_network, network_weights
from .conditions import FairContest, bare_optimizer
from .leaf import TRAINING_ONLY, merged, write_leaf
from .record import Settings
from .stock import PACK, stock_model, stock_runner, store_images
from .synthetic import CIFAR_CLASSES, write_cifar10

VAL_SHARE = 0.1  # of _base_/datasets/array_dataset.py
_numbers = count()


@dataclass(frozen=True)
class Recipe:
    """What is trained.

    Attributes:
        name: Of the case.
        what: For readers.
        base: Config below ``configs/`` of a data set in CIFAR-10's format.
        changes: To it.
        stock_pipeline: Random transforms of mmpretrain and torchvision that come
            nearest to the config's augmentation.
        plain: ``train_geometry`` without chance, for the check.
        stock_plain: The same as a pipeline.
        amp: Whether ours and bare use mixed precision; stock never does.
        warmup, iterations: Of a block.
        check_steps: Of the check, at least 2.
        tolerance: By how much, relatively, the losses may differ in the check.
    """

    name: str
    what: str
    base: str
    stock_pipeline: Sequence[Mapping[str, Any]]
    warmup: int
    iterations: int
    changes: dict[str, Any] = field(default_factory=dict)
    plain: Sequence[Mapping[str, Any]] = ()
    stock_plain: Sequence[Mapping[str, Any]] = ()
    amp: bool = False
    check_steps: int = 4
    tolerance: float = 1e-4


class Contest(FairContest):
    """The three ways to train one recipe.

    Args:
        recipe: What is trained.
        settings: Where files may go.

    Attributes:
        batch: Images in a batch.
    """

    def __init__(self, recipe: Recipe, settings: Settings) -> None:
        self.recipe = recipe
        self.folder = Path(settings.folder, recipe.name.replace(' ', '_'))
        self.folder.mkdir()
        self.cfg = load_config(write_leaf(self.folder / 'probe.py', recipe.base,
                                          **recipe.changes))
        self.batch = self.cfg.train_dataloader.batch_size
        self.precision = 'float32'
        self.optim_wrapper = self.cfg.optim_wrapper.to_dict()
        per_class = self.batch * (recipe.warmup + recipe.iterations) / (1 - VAL_SHARE)
        root = write_cifar10(self.folder / 'cifar10', int(per_class / CIFAR_CLASSES) + 2)
        source = dict(data_root=str(root))
        self.changes = merged(recipe.changes, TRAINING_ONLY, {
            f'{name}_dataloader': dict(dataset=dict(source=source))
            for name in ('train', 'val', 'test')})
        self.cfg = load_config(self._leaf('data'))
        self._read_data()
        torch.manual_seed(0)
        self.network = MODELS.build(self.cfg.model)
        self.network.init_weights()
        self.weights = network_weights(self.network)

    def _read_data(self) -> None:
        """The very images that ours trains on, and their statistics where the config fits them."""
        loader = self.cfg.train_dataloader.dataset
        dataset = ArrayDataset(**{key: value for key, value in loader.items() if key != 'type'})
        whole = dataset.__getitems__(range(len(dataset)))
        self.images, self.labels = whole['inputs'], torch.from_numpy(dataset.labels.copy())
        fitted = self.cfg.default_hooks.get('normalization') is not None
        preprocessor = self.cfg.model.data_preprocessor
        self.mean, self.std = channel_statistics(dataset) if fitted \
            else (list(preprocessor.mean), list(preprocessor.std))
        self.stored = store_images(self.folder / 'stored', self.images.numpy(),
                                   self.labels.numpy())

    def _leaf(self, name: str, **keys: Any) -> str:
        return write_leaf(self.folder / f'{name}.py', self.recipe.base,
                          **merged(self.changes, keys))

    def ours(self, amp: bool | None = None, **keys: Any) -> RunnerBlocks:
        """tools/train.py's session and runner, with this recipe's config."""
        name = f'ours{next(_numbers)}'
        session = Session(self._leaf(name, **keys))
        if self.recipe.amp if amp is None else amp:
            session.enable_amp()
            self.precision = session.precision
        self.optim_wrapper = session.cfg.optim_wrapper.to_dict()
        session.enter_work_dir(str(self.folder / name), None, False)
        return self._blocks(session.build_runner(), bool(keys))

    def stock(self, workers: int, plain: bool = False, first: int | None = None) -> RunnerBlocks:
        """mmengine's own runner, mmpretrain's classifier, transforms and preprocessor."""
        pipeline = self.recipe.stock_plain if plain else self.recipe.stock_pipeline
        runner = stock_runner(
            self.folder, f'stock{next(_numbers)}',
            stock_model(self.cfg.model.to_dict(), self.mean, self.std),
            self.cfg.optim_wrapper.optimizer.to_dict(), self.stored, [*pipeline, PACK],
            self.batch, workers, shuffle=not plain, first=first)
        return self._blocks(runner, plain)

    def _blocks(self, runner: Runner, check: bool) -> RunnerBlocks:
        return RunnerBlocks(runner, *self._steps(check), self.weights)

    def _steps(self, check: bool) -> tuple[int, int]:
        recipe = self.recipe
        return (1, recipe.check_steps - 1) if check else (recipe.warmup, recipe.iterations)

    def bare(self, plain: bool = False) -> Callable[[], tuple[float, list[Tensor]]]:
        """The plain loop; each call trains a block and gives its seconds and losses."""
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        model = MODELS.build(self.cfg.model)
        load_network(model, self.weights)
        network = Plain(model).to(device)
        amp = self.recipe.amp and not plain
        if amp:
            network = network.to(memory_format=torch.channels_last)
        optimizer = bare_optimizer(self.optim_wrapper, network)
        mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (self.mean, self.std))
        dtypes = {'bfloat16': torch.bfloat16, 'float16': torch.float16}
        blocks = train_bare(
            self.images, self.labels, network, optimizer, self._augment(plain), mean, std,
            self.batch, *self._steps(plain), dtypes.get(self.precision) if amp else None,
            shuffle=not plain)
        return lambda: next(blocks)

    def _augment(self, plain: bool) -> Callable[[Tensor], Tensor]:
        """The batched augmentation of ours, as a function."""
        preprocessor = self.cfg.model.data_preprocessor.to_dict()
        steps = self.recipe.plain if plain else preprocessor.get('train_geometry', ())
        geometry = BatchGeometry(steps, preprocessor.get('fill', 'nearest'))
        colors = build_color(() if plain else preprocessor.get('color', ()))

        def augment(images: Tensor) -> Tensor:
            images = geometry(images).float()
            for color in colors:
                images = color(images)
            return images
        return augment

    def check(self) -> dict[str, Any]:
        """Train all three for some steps without chance, in float32, and compare their losses.

        Returns:
            The losses, and the tolerance that they keep.

        Raises:
            ValueError: They differ by more: not the same model, data, order or optimiser.
        """
        size = self.batch * self.recipe.check_steps
        sampler = dict(_delete_=True, type=FirstSamplesSampler.__name__, num_samples=size,
                       sampler=dict(type='DefaultSampler', shuffle=False))
        ours = self.ours(amp=False, train_dataloader=dict(sampler=sampler), model=dict(
            data_preprocessor=dict(train_geometry=list(self.recipe.plain), color=[])))
        stock = self.stock(0, plain=True, first=size)
        ours(), stock()
        losses = dict(ours=ours.clock.losses, stock=stock.clock.losses,
                      bare=self.bare(plain=True)()[1])
        return compare_losses(losses, self.recipe.tolerance)



def compare_losses(losses: Mapping[str, Sequence[Tensor]], tolerance: float) -> dict[str, Any]:
    """Check that all trainings had the same losses, from the first step to the last.

    Raises:
        ValueError: One differs from ours by more than the tolerance, relatively.
    """
    told = {name: [float(loss) for loss in values] for name, values in losses.items()}
    # NumPy's max: Python's may overlook NaN
    worst = float(np.max([abs(found / wanted - 1) for values in told.values()
                          for found, wanted in zip(values, told['ours'], strict=True)]))
    if not worst <= tolerance:
        raise ValueError(
            f'the losses of the first steps without augmentation differ by {worst:.2g}, '
            f'expected at most {tolerance:g}: {told}. What is timed would not be the same training')
    return {'losses without augmentation': {k: [round(v, 5) for v in x] for k, x in told.items()},
            'largest relative difference': float(f'{worst:.2g}'), 'allowed': tolerance}


class Plain(nn.Module):
    """Backbone, neck and head of an mmpretrain model as one network from images to logits."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.backbone, self.neck, self.head = model.backbone, model.neck, model.head

    def forward(self, images: Tensor) -> Tensor:
        """B x 3 x H x W to B x classes."""
        features = self.backbone(images)
        return self.head(features if self.neck is None else self.neck(features))


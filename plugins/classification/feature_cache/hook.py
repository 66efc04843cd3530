"""Train a head on features that are computed once."""
import copy
import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dist import get_dist_info, is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.amp import autocast
from torch.utils.data import DataLoader

from plugins.classification.classifiers import TransferClassifier
from plugins.classification.data_preprocessor import BatchDataPreprocessor
from plugins.classification.datasets import ArrayDataset
from plugins.engine.fast_dev_run import FirstSamplesSampler
from plugins.engine.hooks import TrainablePhasesHook
from plugins.engine.monitor import checked_count
from plugins.engine.unwrap import unwrapped

from .prefix import Context, FrozenPrefix, fill_rows, what_learns
from .store import FeatureStore, by_main, num_bytes

_OFF = 'set default_hooks.feature_cache.enabled=False'
_MODEL_KEYS = ('data_preprocessor', 'backbone', 'neck')
_PROBES = 4  # images that a stored array is compared with


class _Part(NamedTuple):
    """Training or validation: its data and how the model sees them."""

    name: str
    loader: DataLoader
    dataset: ArrayDataset
    context: Context
    training: bool
    views: int


@HOOKS.register_module()
class FeatureCacheHook(Hook):
    """Compute what a frozen backbone gives of each image once, and train on that.

    Upstream runs a frozen backbone in every epoch again. Here its output (or
    the neck's, where that has nothing to learn either and is smaller) is
    computed before the first epoch for training and validation images, kept on
    disk, and handed out by the same data set in the same order. Losses,
    metrics, early stop, random numbers and checkpoints are those of a run
    without: checkpoints hold the whole model, ``--resume`` works with them, and
    tools/test.py, which takes images, tests all of it.

    Without augmentation the features are exact up to rounding (another batch
    size, another memory layout): metrics agree to 1e-4. With augmentation
    ``views=K`` is an approximation: each image is augmented K times, and epoch
    e shows view e modulo K, where a run without has a new one in each epoch.

    Stored features are found by the SHA-256 of weights, preprocessing, data
    (fingerprint and rows), precision and views; a few of them are computed
    again and compared before they are used. The disk that they need is
    checked and said before. ``--fast-dev-run`` checks all that, and computes
    nothing. TrainablePhasesHook: the features serve its phases with a frozen
    backbone, images the others.

    Args:
        enabled: False: do nothing, for a config whose base has this hook.
        views: How many augmented views of each training image; more than 1 is
            for augmentation alone.
        cache_dir: Folder of the stored features; deleting it is always safe.
        max_gb: Most that one run's features may take, in 1e9 bytes.
        batch_size: Images of a batch while they are computed.
        max_ram_share: Of the machine's memory; features that take more are
            memory-mapped.

    Raises:
        ValueError: The backbone learns or drops values; augmentation without
            views, or views without it; batch augments (MixUp and the like mix
            other images in each epoch); another model, preprocessor or data
            set than this project's; more than ``max_gb``.
        OSError: No room on the disk.
    """

    priority = 'LOW'  # after the hooks that set normalisation or what learns

    def __init__(self, enabled: bool = True, views: int = 1,
                 cache_dir: str = 'work_dirs/feature_cache', max_gb: float = 10.,
                 batch_size: int = 64, max_ram_share: float = 0.25) -> None:
        self.enabled = enabled
        for key, value in (('views', views), ('batch_size', batch_size)):
            if checked_count(f'FeatureCacheHook: {key}', value) == 0:
                raise ValueError(f'FeatureCacheHook: {key} is 0, expected at least 1')
        self.views = views
        self.batch_size = batch_size
        self.max_gb = max_gb
        self.store = FeatureStore(cache_dir, max_ram_share)
        self._serving: list[ArrayDataset] = []
        self._only_checks = False

    def before_train(self, runner: Runner) -> None:
        if not self.enabled:
            return
        model = unwrapped(runner)
        self._check_recipe(model)
        phases = any(isinstance(hook, TrainablePhasesHook) for hook in runner.hooks)
        loader = runner.train_dataloader
        if loader.persistent_workers and (phases or self.views > 1):
            raise ValueError('train_dataloader.persistent_workers=True, expected False: workers '
                             'that live on would not learn that the features change')
        self._only_checks = isinstance(loader.sampler, FirstSamplesSampler)
        if phases:
            return  # they decide at each epoch's start what learns
        if self._only_checks:
            parts = self._parts(runner)
            self._budget(parts, self._prefix(model, parts[0]))
        else:
            self._serve(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        if not self.enabled or self._only_checks:
            return
        learning = what_learns(unwrapped(runner), 'backbone')
        if not learning and not self._serving:
            self._serve(runner)
        elif learning and self._serving:
            for dataset in self._serving:
                dataset.serve_features(None)
            self._serving = []
            runner.logger.info(f'FeatureCacheHook: images from now on; {learning[0]}')
        for dataset in self._serving:
            dataset.serve_view(runner.epoch)

    def _check_recipe(self, model: TransferClassifier) -> None:
        if not isinstance(model, TransferClassifier):
            raise ValueError(f'FeatureCacheHook: model.type is {type(model).__name__}, expected '
                             f'TransferClassifier, which takes features; or {_OFF}')
        preprocessor = model.data_preprocessor
        if not isinstance(preprocessor, BatchDataPreprocessor):
            raise ValueError('FeatureCacheHook: model.data_preprocessor.type is '
                             f'{type(preprocessor).__name__}, expected BatchDataPreprocessor, '
                             f'which all preprocessing is in; or {_OFF}')
        if preprocessor.batch_augments is not None:
            raise ValueError('FeatureCacheHook: model.data_preprocessor.batch_augments mix other '
                             f'images in each epoch, expected none; take them out, or {_OFF}')
        random = is_random(preprocessor)
        if random and self.views == 1:
            raise ValueError(
                'FeatureCacheHook: model.data_preprocessor augments at random, and features are '
                'computed once; give views=K for K augmented views of each image (an '
                f'approximation), or {_OFF}')
        if not random and self.views > 1:
            raise ValueError(f'FeatureCacheHook: views={self.views}, expected 1: without '
                             'augmentation they are all the same')

    def _parts(self, runner: Runner) -> list[_Part]:
        model, loader = unwrapped(runner), runner.train_dataloader
        parts = [_Part('train', loader, array_dataset(loader, 'train'),
                       partial(runner.optim_wrapper.optim_context, model), True, self.views)]
        if runner.val_loop is not None:
            fp16 = getattr(runner.val_loop, 'fp16', False)
            context: Any = partial(autocast, enabled=fp16)
            parts.append(_Part('val', runner.val_dataloader,
                               array_dataset(runner.val_dataloader, 'val'), context, False, 1))
        return parts

    @staticmethod
    def _prefix(model: TransferClassifier, part: _Part) -> FrozenPrefix:
        rows = range(min(2, len(part.dataset)))
        return FrozenPrefix(model, part.dataset.__getitems__(rows)['inputs'], part.context)

    def _budget(self, parts: list[_Part], prefix: FrozenPrefix) -> None:
        needed = sum(num_bytes(_shape(part, prefix)) for part in parts)
        if needed > self.max_gb * 1e9:
            raise ValueError(
                f'FeatureCacheHook: features of shape {prefix.shape} of '
                f'{sum(len(part.dataset) * part.views for part in parts)} images need '
                f'{needed / 1e9:.1f} GB, but default_hooks.feature_cache.max_gb is {self.max_gb}; '
                f'raise it, lower views, or {_OFF}')

    def _serve(self, runner: Runner) -> None:
        model, parts = unwrapped(runner), self._parts(runner)
        prefix = self._prefix(model, parts[0])
        self._budget(parts, prefix)
        found = [self._features(runner, part, prefix) for part in parts]
        model.features_of = prefix.stage
        for part, features in zip(parts, found, strict=True):
            part.dataset.serve_features(features)
        self._serving = [part.dataset for part in parts]

    def _features(self, runner: Runner, part: _Part, prefix: FrozenPrefix) -> np.ndarray:
        random = part.training and is_random(prefix.preprocessor)
        # the main process's: each process has a seed of its own, and all write into one array
        seed = by_main(lambda: runner.seed) if random else None
        start, shape = time.perf_counter(), _shape(part, prefix)

        def fill(features: np.ndarray) -> None:
            batches = _share(shape[0], shape[1], self.batch_size)
            fill_rows(features, part.dataset, prefix, batches, self.batch_size, part.context,
                      part.training, seed)

        features, word = self.store.fetch(
            _about(runner, part, prefix, seed, self.batch_size), shape, fill,
            lambda stored: '' if random else _differing(stored, part, prefix))
        sides = shape[1:] if part.views == 1 else shape
        text = (f'features of {part.name}: {" x ".join(map(_grouped, sides))} float32 = '
                f'{features.nbytes / 1e6:.3g} MB, {word} in {time.perf_counter() - start:.1f} s')
        runner.logger.info(f'{text}; output of the {prefix.stage}')
        if is_main_process():
            print(text)
        return features


def is_random(preprocessor: BatchDataPreprocessor) -> bool:
    """Whether it changes a training image in another way each time."""
    return bool(preprocessor.color) or any(
        step.random for step in preprocessor.train_geometry.steps)


def array_dataset(loader: DataLoader, name: str) -> ArrayDataset:
    """The ArrayDataset of a loader, within wrappers that repeat or choose its rows.

    Raises:
        ValueError: There is none, or it is one of several that were put together.
    """
    dataset = loader.dataset
    while not isinstance(dataset, ArrayDataset) and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    if not isinstance(dataset, ArrayDataset):
        raise ValueError(f'FeatureCacheHook: {name}_dataloader.dataset is a '
                         f'{type(dataset).__name__}, expected an ArrayDataset; or {_OFF}')
    return dataset


def _shape(part: _Part, prefix: FrozenPrefix) -> tuple[int, ...]:
    return part.views, len(part.dataset), *prefix.shape


def _share(views: int, images: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """View and first image of each batch that falls to this process."""
    rank, processes = get_dist_info()
    batches = [(view, start) for view in range(views) for start in range(0, images, batch_size)]
    yield from batches[rank::processes]


def _about(runner: Runner, part: _Part, prefix: FrozenPrefix, seed: int | None,
           batch_size: int) -> dict[str, Any]:
    """All that the features depend on."""
    model = runner.cfg.model
    network = {key: copy.deepcopy(model.get(key)) for key in _MODEL_KEYS} \
        if isinstance(model, Mapping) else repr(model)
    if isinstance(model, Mapping):
        for group in network.values():
            if isinstance(group, Mapping):
                group.pop('init_cfg', None)  # the weights themselves count
    return dict(
        format=1, stage=prefix.stage, weights=prefix.digest(), network=network,
        data=part.dataset.fingerprint, rows=hashlib.sha256(part.dataset.rows.tobytes()).hexdigest(),
        preprocessing='train' if part.training else 'eval',
        precision=_precision(part.context), device=prefix.preprocessor.device.type,
        torch=torch.__version__, views=part.views,
        # with random numbers, what an image gets follows from its place in a batch too
        seed=None if seed is None else [seed, batch_size])


def _precision(context: Context) -> str:
    """The type that the forward pass computes in."""
    manager: AbstractContextManager = context()
    with manager:
        for device in ('cuda', 'cpu'):
            if torch.is_autocast_enabled(device):
                return str(torch.get_autocast_dtype(device))
    return 'torch.float32'


def _differing(stored: np.ndarray, part: _Part, prefix: FrozenPrefix) -> str:
    """Whether stored features are no longer those that the code at hand computes."""
    rows = np.unique(np.linspace(0, len(part.dataset) - 1, _PROBES).astype(int))
    images = part.dataset.__getitems__(rows)['inputs']
    now = prefix(images, part.context, part.training).numpy()
    tolerance = 0.05 if _precision(part.context) != 'torch.float32' else 1e-3
    return '' if np.abs(now - stored[0][rows]).max() <= tolerance * max(1., np.abs(now).max()) \
        else 'the network at hand gives others than those stored'


def _grouped(count: int) -> str:
    return f'{count:,}'.replace(',', ' ')

"""Train a head on features that are computed once."""
import time
from functools import partial
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.amp import autocast
from torch.utils.data import DataLoader

from plugins.classification.classifiers import TransferClassifier
from plugins.classification.data_preprocessor import BatchDataPreprocessor
from plugins.classification.datasets import ArrayDataset
from plugins.engine.checks import whole
from plugins.engine.distributed import by_main, say
from plugins.engine.hooks import TrainablePhasesHook
from plugins.engine.unwrap import unwrapped

from .part import PartFeatures, is_random, some_images
from .prefix import FrozenPrefix, NothingFrozenError, settings_of, what_learns
from .store import FeatureStore

_OFF = 'set default_hooks.feature_cache.enabled=False'


@HOOKS.register_module()
class FeatureCacheHook(Hook):
    """Compute the output of frozen first layers once per image, and train on these features.

    A trial run finds them, see FrozenPrefix: up to the neck if it is frozen, up to
    ``backbone.layer4.1`` if ResNet50's last bottleneck is trained (D1). Their output is computed
    before the first epoch for training and validation images, stored on disk, and served by the
    same data set in the same order. Losses, metrics, random numbers and checkpoints are the same
    as without it: checkpoints contain the whole model, ``--resume`` works, tools/test.py reads
    images. ResNet50's ``layer3`` gives 1024 x 14 x 14 float32 at 224 px: 0.8 MB an image, 2.9 GB
    for flower_photos. Epochs are fast if they also fit into memory.

    Without augmentation the features are exact up to rounding: metrics agree to 1e-4. With
    augmentation ``views=K`` is an approximation: each image is augmented K times, and epoch e
    uses view e modulo K. Of a data set with ``folds`` the features of the whole source are
    computed, which the folds share.

    Stored features are identified by the SHA-256 of weights, preprocessing, data (fingerprint and
    rows), layer, precision and views; before use, a few are computed again and compared. With
    TrainablePhasesHook, each phase uses those of what it freezes; if that is nothing, images.

    Args:
        enabled: False switches the hook off, for a config whose base has it.
        views: Number of augmented views per training image; without augmentation
            there is always one.
        only_check: Only check the recipe (of the first phase, if there are phases) and the disk
            space, and train on images; set by ``--fast-dev-run``.
        cache_dir: Folder of the stored features; deleting it is always safe.
        batch_size: Batch size while features are computed.

    Raises:
        ValueError: No first layers are frozen; augmentation without views; batch augments (they
            mix different images in each epoch); persistent workers where the features change; a
            model, preprocessor or data set of another class.
        OSError: No space on the disk.
    """

    priority = 'LOW'  # after the hooks that set normalisation or trainable parts

    def __init__(self, enabled: bool = True, views: int = 1, only_check: bool = False,
                 cache_dir: str = 'work_dirs/feature_cache', batch_size: int = 64) -> None:
        self.enabled = enabled
        self.views = whole(self, 'views', views, 1)
        self.only_check = only_check
        self.batch_size = whole(self, 'batch_size', batch_size, 1)
        self.store = FeatureStore(cache_dir)
        self._serving: list[ArrayDataset] = []
        self._learns: dict[str, str] | None = None  # when last served
        self._settings: list[tuple] = []  # of the epoch before

    def before_train(self, runner: Runner) -> None:
        if not self.enabled:
            return
        self._check_recipe(unwrapped(runner))
        phases = any(isinstance(hook, TrainablePhasesHook) for hook in runner.hooks)
        self._check_workers(runner, phases)
        if not phases:  # with phases, trainable parts change when an epoch begins
            self._serve(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        if not self.enabled:
            return
        model = unwrapped(runner)
        settings = settings_of(model)
        if self._settings != settings and self._learns != what_learns(model):
            for dataset in self._serving:
                dataset.serve_features(None)
            self._serving, model.features_of = [], None  # the model then rejects features
            try:
                self._serve(runner)
            except NothingFrozenError as error:
                runner.logger.info(f'This phase is trained on images. {error}')
        self._settings = settings
        for dataset in self._serving:
            dataset.serve_view(runner.epoch)

    def _check_workers(self, runner: Runner, phases: bool) -> None:
        for part, loader, changes in (
                ('train', runner.train_dataloader, phases or self.views > 1),
                ('val', runner.val_loop and runner.val_dataloader, phases)):
            if changes and loader and loader.persistent_workers:
                raise ValueError(f'{part}_dataloader.persistent_workers=True, expected False: '
                                 'persistent workers would not notice that the features change')

    def _check_recipe(self, model: TransferClassifier) -> None:
        if not isinstance(model, TransferClassifier):
            raise ValueError(f'FeatureCacheHook: model.type is {type(model).__name__}, expected '
                             f'TransferClassifier, which accepts features; or {_OFF}')
        preprocessor = model.data_preprocessor
        if not isinstance(preprocessor, BatchDataPreprocessor):
            raise ValueError('FeatureCacheHook: model.data_preprocessor.type is '
                             f'{type(preprocessor).__name__}, expected BatchDataPreprocessor; or '
                             f'{_OFF}')
        if preprocessor.batch_augments is not None:
            raise ValueError('FeatureCacheHook: model.data_preprocessor.batch_augments mix '
                             'different images in each epoch, expected none; remove them, or '
                             f'{_OFF}')
        if is_random(preprocessor) and self.views == 1:
            raise ValueError(
                'FeatureCacheHook: model.data_preprocessor augments at random, but features are '
                'computed once; set views=K for K augmented views of each image (an '
                f'approximation), or {_OFF}')

    def _parts(self, runner: Runner) -> dict[str, PartFeatures]:
        """The features of training and, if there is one, validation."""
        model, dataset = unwrapped(runner), array_dataset(runner.train_dataloader, 'train')
        context: Any = partial(runner.optim_wrapper.optim_context, model)
        prefix = FrozenPrefix(model, some_images(dataset), context, training=True)
        views, seed = 1, None
        if is_random(prefix.preprocessor):
            # the main process's seed: each process has its own, but all write into one array
            views, seed = self.views, by_main(lambda: runner.seed)
        parts = {'train': PartFeatures(
            dataset, prefix, context, True, views, seed, self.batch_size)}
        if runner.val_loop is not None:
            dataset = array_dataset(runner.val_dataloader, 'val')
            context = partial(autocast, enabled=getattr(runner.val_loop, 'fp16', False))
            parts['val'] = PartFeatures(dataset, prefix, context, False, 1, None, self.batch_size)
        return parts

    def _serve(self, runner: Runner) -> None:
        """Compute or load the features of all splits, and serve them from now on."""
        self._learns = what_learns(unwrapped(runner))
        parts = self._parts(runner)
        abouts = {name: part.about(runner.cfg) for name, part in parts.items()}
        # the disk must have room for all before any is computed
        missing = by_main(lambda: self.store.check_room(
            [(abouts[name], part.shape) for name, part in parts.items()]))
        if missing:
            say(f'features to compute: {missing / 1e6:.3g} MB, into {self.store.cache_dir}; epochs '
                'are fast if as much memory is free')
        self._serving = [part.dataset for part in parts.values()]
        if self.only_check:
            return  # the data sets continue to serve images
        for name, part in parts.items():
            start = time.perf_counter()
            array, word = self.store.fetch(abouts[name], part.shape, part.fill, part.differing)
            part.dataset.serve_features(array, by_source=part.whole)
            say(f'features of {name}: {" x ".join(map(str, part.shape))} float32 = '
                f'{array.nbytes / 1e6:.3g} MB, {word} in {time.perf_counter() - start:.1f} s, '
                f'output of {part.prefix.cut.name}')
            unwrapped(runner).features_of = part.prefix.cut


def array_dataset(loader: DataLoader, name: str) -> ArrayDataset:
    """The ArrayDataset of a loader, inside wrappers that repeat or choose its rows.

    Raises:
        ValueError: There is none, or it is one of several concatenated data sets.
    """
    dataset = loader.dataset
    while not isinstance(dataset, ArrayDataset) and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    if not isinstance(dataset, ArrayDataset):
        raise ValueError(f'FeatureCacheHook: {name}_dataloader.dataset is a '
                         f'{type(dataset).__name__}, expected an ArrayDataset; or {_OFF}')
    return dataset

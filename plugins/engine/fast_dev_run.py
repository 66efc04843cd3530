"""Run two batches of everything, to see whether a config runs at all."""
from collections.abc import Iterator, Sized
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

NUM_BATCHES = 2
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@DATA_SAMPLERS.register_module()
class FirstSamplesSampler(Sampler):
    """The first samples that a wrapped sampler draws.

    mmengine's ``num_batch_per_epoch`` takes the first images of the data set instead, which are
    all of one class where the data are sorted.

    Args:
        dataset: Passed on to the wrapped sampler.
        sampler: Config of the wrapped sampler.
        num_samples: The largest number of indices to draw.
        seed: Passed on to the wrapped sampler.
    """

    def __init__(self, dataset: Sized, sampler: dict, num_samples: int,
                 seed: int | None = None) -> None:
        self.sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
        self.num_samples = num_samples

    def __iter__(self) -> Iterator[int]:
        for _, index in zip(range(self.num_samples), self.sampler, strict=False):
            yield index

    def __len__(self) -> int:
        return min(self.num_samples, len(self.sampler))

    def set_epoch(self, epoch: int) -> None:
        """Reshuffle; ``DistSamplerSeedHook`` calls this before every epoch."""
        self.sampler.set_epoch(epoch)


def limit_to_fast_dev_run(cfg: Config) -> None:
    """Limit a config, in place, to two batches of train, val and test; nothing is saved."""
    for name in _LOADERS:
        loader: Any = cfg.get(name)
        if loader is not None:
            batch = loader['batch_size'] if 'batch_size' in loader \
                else loader['batch_sampler']['batch_size']
            loader.sampler = dict(type='FirstSamplesSampler', sampler=loader.sampler,
                                  num_samples=NUM_BATCHES * batch)
            loader.num_workers = 0
            loader.persistent_workers = False
    loop = cfg.train_cfg or {}  # the runner refuses None
    if loop.get('by_epoch', loop.get('max_iters') is None):
        loop.update(max_epochs=1, val_begin=1, val_interval=1)
    else:
        loop.update(max_iters=NUM_BATCHES, val_begin=1, val_interval=NUM_BATCHES)
    hooks = cfg.default_hooks  # without checkpoints, and what other hooks do with them
    best = hooks.checkpoint.get('save_best') if hooks.checkpoint else None
    if 'monitor_check' in hooks and best not in (None, 'auto'):
        hooks.monitor_check['keys'] = [best] if isinstance(best, str) else list(best)
    for hook in hooks.values():
        if hook and hook['type'] == 'EarlyStopHook':
            hook['restore_best'] = False
        if hook and hook['type'] == 'FeatureCacheHook':
            hook['only_check'] = True
    hooks.checkpoint = None

"""Small frozen classifiers, trained by a real Runner on drawn images."""
import copy
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config

from plugins.classification.datasets import SOURCES, Source
from plugins.engine.runner import TransferRunner

_numbers = itertools.count()


@SOURCES.register_module(name='drawn_stripes')
class DrawnStripes(Source):
    """Three classes of 16 px images, told apart by the direction of noisy stripes."""

    size = (16, 16)

    def __init__(self, seed: int = 0, count: int = 90) -> None:
        self.seed = seed
        self.count = count

    def listing(self) -> tuple[list[str], np.ndarray, str]:
        names = [f'stripes {self.seed}: image {row}' for row in range(self.count)]
        return names, np.arange(self.count) % 3, 'abc'

    def decode(self) -> np.ndarray:
        random = np.random.RandomState(self.seed)
        waves = np.stack([np.broadcast_to(wave, (16, 16)) for wave in (
            np.arange(16), np.arange(16)[:, None], np.add.outer(np.arange(16), np.arange(16)))])
        images = 128 + 60 * np.sin(waves[self.labels] + random.rand(self.count, 1, 1) * 6)[:, None]
        images = images + random.normal(0, 45, (self.count, 3, 16, 16))
        return images.clip(0, 255).astype(np.uint8)


def config(work_dir: Path, epochs: int = 3) -> dict[str, Any]:
    """A frozen ResNet of 5 000 weights; the head drops values, so random numbers count."""
    source = dict(type='drawn_stripes')

    def loader(part: str, shuffle: bool) -> dict[str, Any]:
        return dict(
            batch_size=16, num_workers=0, collate_fn=dict(type='batch_collate'),
            dataset=dict(type='ArrayDataset', source=source, part=part, val_fraction=0.2),
            sampler=dict(type='DefaultSampler', shuffle=shuffle))
    return dict(
        default_scope='mmpretrain', work_dir=str(work_dir), randomness=dict(seed=0),
        experiment_name=f'feature_cache_{next(_numbers)}',
        model=dict(
            type='TransferClassifier', trainable=['head'],
            data_preprocessor=dict(type='BatchDataPreprocessor', mean=[127.] * 3, std=[64.] * 3),
            backbone=dict(type='ResNet', depth=18, stem_channels=4, base_channels=4),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='MLPClsHead', num_classes=3, in_channels=32, mid_channels=[8],
                      dropouts=[0.3, 0.5], in_norm_cfg=dict(type='BN1d'),
                      loss=dict(type='CrossEntropyLoss'))),
        train_dataloader=loader('train', True), val_dataloader=loader('val', False),
        val_evaluator=[dict(type='Accuracy'), dict(type='MeanLoss')],
        train_cfg=dict(by_epoch=True, max_epochs=epochs), val_cfg=dict(), param_scheduler=[],
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.02)),
        default_hooks=dict(
            checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1),
            monitor_check=dict(type='MonitorCheckHook', keys=['loss']),
            record=dict(type='RunRecordHook')))


def changed(cfg: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The config with dotted keys set."""
    cfg = copy.deepcopy(cfg)
    for path, value in changes.items():
        *parents, last = path.split('.')
        node = cfg
        for key in parents:
            node = node.setdefault(key, {})
        node[last] = value
    return cfg


@pytest.fixture
def train(tmp_path: Path) -> Any:
    """A function that trains with the hook (``cache`` None: without) and gives the runner."""
    def call(name: str, cache: dict[str, Any] | None = {}, epochs: int = 3,  # noqa: B006
             **changes: Any) -> TransferRunner:
        cfg = config(tmp_path / name, epochs)
        if cache is not None:
            cfg['default_hooks']['feature_cache'] = dict(
                type='FeatureCacheHook', cache_dir=str(tmp_path / 'store'), **cache)
        cfg = changed(cfg, {key.replace('__', '.'): value for key, value in changes.items()})
        runner = TransferRunner.from_cfg(Config(cfg, format_python_code=False))
        runner.train()
        return runner
    return call


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """A function: the files of stored features."""
    return lambda: sorted((tmp_path / 'store').glob('*.npy'))

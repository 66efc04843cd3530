"""A frozen backbone with and without the cache of its features, by tools/train.py as a whole.

Neither stock nor a bare loop takes part: the question is what the cache saves. What a step costs
against theirs stands in ``classification``.
"""
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmpretrain.registry import MODELS
from torch import nn

from plugins.engine.session import load_config
from tools.train import main as train

from .leaf import write_leaf
from .record import Case, Settings
from .synthetic import tinted, write_class_folders
from .timing import interleave

BASE = 'mobilenet_v2/mobilenetv2_frozen_1xb64-5e_flowers-96px.py'
HOOK = 'feature_cache'
FLOWERS = 3670  # images
CLASSES = ['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips']
SIDE = 96  # pixels
ROUNDS = 2  # 7 minutes each without the cache, on two cores
TOLERANCE = 1e-4  # points of accuracy, and share of the loss


def run(settings: Settings, told: Callable[..., None], done: Callable[[Case], None]) -> None:
    """Train the head of MobileNetV2 at 96 px, its features computed once or in each epoch."""
    images, epochs = settings.pick((FLOWERS, 25), (400, 3))
    case = Case('mobilenetv2-96px', 'MobileNetV2 frozen with random weights, 96 px: a linear layer '
                f'learns on {images} images for {epochs} epochs; seconds of tools/train.py from '
                'reading the files to the last checkpoint')
    root = write_class_folders(settings.folder / 'flowers', images, CLASSES, side=128)
    runs = Runs(settings.folder, root, epochs)
    case.samples = interleave({'ours': runs.block(cached=True), 'ours, uncached':
                               runs.block(cached=False)},
                              settings.rounds or settings.pick(ROUNDS, 1), told)
    case.checks = compare_validations(*(runs.results[way][0]['history'] for way in (True, False)))
    case.compare('ours', ['ours, uncached'], 'cached / uncached', settings.pick(12., None))
    done(case)


class Runs:
    """Whole runs of tools/train.py on one data set.

    Args:
        folder: For everything that is written.
        root: Class folders.
        epochs: Of each run.

    Raises:
        ValueError: The config has no hook that caches features.
    """

    def __init__(self, folder: Path, root: Path, epochs: int) -> None:
        self.folder, self.root, self.epochs = folder, root, epochs
        self.results: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        self.weights = folder / 'weights.pth'
        cfg = load_config(self._leaf('probe', cached=True))
        if not cfg.default_hooks[HOOK].get('type'):
            raise ValueError(f'{BASE}: default_hooks has no {HOOK}, expected the hook that '
                             'computes the features of a frozen backbone once')
        write_random_weights(dict(cfg.model.backbone, init_cfg=None), self.weights)

    def _leaf(self, name: str, cached: bool) -> str:
        """A config with a root and a cache of its own: no run finds what another has decoded."""
        root = self.folder / f'{name}_flowers'
        root.symlink_to(self.root, target_is_directory=True)
        source = dict(dataset=dict(source=dict(data_root=str(root))))
        hook = dict(enabled=cached, cache_dir=str(self.folder / f'{name}_cache'))
        pretrained = dict(type='Pretrained', checkpoint=str(self.weights))
        return write_leaf(
            self.folder / f'{name}.py', BASE, model=dict(backbone=dict(init_cfg=pretrained)),
            train_dataloader=source, val_dataloader=source, test_dataloader=source,
            train_cfg=dict(max_epochs=self.epochs), default_hooks={HOOK: hook})

    def block(self, cached: bool) -> Callable[[], float]:
        """A run from the start of ``main()`` to its end."""
        def whole_run() -> float:
            name = f'{"cached" if cached else "uncached"}{len(self.results[cached])}'
            config = self._leaf(name, cached)
            start = time.perf_counter()
            result = train([config, '--work-dir', str(self.folder / name)])
            seconds = time.perf_counter() - start
            self.results[cached].append(result)
            return seconds
        return whole_run


def compare_validations(cached: Sequence[Mapping[str, Any]],
                        uncached: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compare accuracy and loss of the validation after every epoch.

    Args:
        cached, uncached: ``history`` of the two runs' results.

    Raises:
        ValueError: They differ.
    """
    pairs = [(a['metrics'], b['metrics']) for a, b in zip(cached, uncached, strict=True)]
    points, share = (float(np.max(list(differences))) for differences in (
        (abs(a['accuracy/top1'] - b['accuracy/top1']) for a, b in pairs),
        (abs(a['loss'] / b['loss'] - 1) for a, b in pairs)))
    if not (points <= TOLERANCE and share <= TOLERANCE):  # NaN is neither
        raise ValueError('the validations with and without the cache differ by up to '
                         f'{points:g} points of accuracy and {share:g} of the loss, expected '
                         f'at most {TOLERANCE:g} of each')
    return {'validation accuracy of first and last epoch, %':
            [round(pairs[place][0]['accuracy/top1'], 2) for place in (0, -1)],
            'largest difference of an epoch, points': points,
            'largest relative difference of the loss': float(f'{share:.2g}')}


def write_random_weights(backbone: dict[str, Any], path: Path) -> None:
    """Write a checkpoint of random weights whose BatchNorm has seen images.

    Without that, random features hardly depend on the image, and every accuracy is a guess.
    """
    torch.manual_seed(0)
    model = MODELS.build(backbone)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain mean of all batches
    model.train()
    with torch.no_grad():
        for seed in range(4):
            labels = np.arange(32) % len(CLASSES)
            images = tinted(np.random.default_rng(seed), labels, len(CLASSES), SIDE)
            model(torch.from_numpy(images) / 127.5 - 1)
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value
                                in model.state_dict().items()}), path)

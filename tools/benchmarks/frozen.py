"""Time tools/train.py for a frozen backbone with and without the cache of its features."""
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmpretrain.registry import MODELS
from PIL import Image
from torch.optim.swa_utils import update_bn

from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from tools.misc.make_sample_data import main as make_sample_data
from tools.train import main as train

from .contest import compare_losses
from .measure import timed
from .record import Case, Settings

BASE = str(REPO_ROOT / 'configs/mobilenet_v2/mobilenetv2_frozen_1xb64-5e_flowers-96px.py')
FLOWERS = 3670  # images
ROUNDS = 2  # 7 minutes each without the cache, on two cores
TOLERANCE = 1e-4  # maximum relative difference of the validation losses


def run(settings: Settings) -> Iterator[Case]:
    """Train the head of MobileNetV2 at 96 px, with features computed once or in every epoch."""
    images, epochs = settings.pick((FLOWERS, 25), (400, 3))
    folder = settings.folder
    case = Case('mobilenetv2-96px', 'MobileNetV2 frozen with random weights, 96 px: a linear layer '
                f'is trained on {images} images for {epochs} epochs; seconds of tools/train.py '
                'from reading the files to the last checkpoint')
    make_sample_data([str(folder), '--sets', 'flowers', '--size', f'flowers={images}',
                      '--side', '128'])
    write_random_weights(folder)
    histories: dict[bool, list[Any]] = {True: [], False: []}

    def training(cached: bool) -> None:
        name = f'{"cached" if cached else "uncached"}{len(histories[cached])}'
        root = folder / f'{name}_flowers'  # runs share no decoded images
        root.symlink_to(folder / 'flower_photos', target_is_directory=True)
        histories[cached].append(train([
            BASE, '--work-dir', str(folder / name), '--cfg-options',
            f'model.backbone.init_cfg.checkpoint={folder / "weights.pth"}',
            *(f'{part}_dataloader.dataset.source.data_root={root}'
              for part in ('train', 'val', 'test')),
            f'train_cfg.max_epochs={epochs}', f'+default_hooks.feature_cache.enabled={cached}',
            f'+default_hooks.feature_cache.cache_dir={folder / name}_cache'])['history'])

    case.samples = settings.time({'ours': timed(lambda: training(True)),
                                  'ours, uncached': timed(lambda: training(False))}, ROUNDS)
    loss, accuracy = ({name: [epoch['metrics'][key] for epoch in histories[cached][0]]
                       for name, cached in (('ours', True), ('ours, uncached', False))}
                      for key in ('loss', 'accuracy/top1'))
    case.checks = compare_losses(loss, TOLERANCE) | {
        'validation accuracy, %': accuracy,
        'largest difference of an epoch, points': max(
            abs(a - b) for a, b in zip(*accuracy.values(), strict=True))}
    case.compare('ours', 'ours, uncached', 'cached / uncached')
    yield case


def write_random_weights(folder: Path) -> None:
    """Write ``weights.pth``: random weights with BatchNorm statistics of the folder's flowers.

    Without them, random features hardly depend on the image, and accuracies are meaningless.
    """
    torch.manual_seed(0)
    model = MODELS.build(dict(load_config(BASE).model.backbone, init_cfg=None))
    model.init_weights()
    images = np.stack([Image.open(path).resize((96, 96))
                       for path in sorted(folder.rglob('*.jpg'))[::4][:200]])
    update_bn([torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1], model)
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value
                                in model.state_dict().items()}), folder / 'weights.pth')

"""Time tools/train.py for frozen layers with and without the cache of their features."""
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

CONFIGS = REPO_ROOT / 'configs'
RESNET = ((475, 200), 30, 256, 1, ['default_hooks.early_stop.patience=1000'])
RECIPES = {  # what, config, flowers drawn (with --quick), epochs, side of the flowers, rounds
    'mobilenetv2-96px': (
        'MobileNetV2, 96 px: a linear layer',  # 7 minutes without the cache, on two cores
        'mobilenet_v2/mobilenetv2_frozen_1xb64-5e_flowers-96px.py', (3670, 400), 25, 128, 2, []),
    'resnet50-d1-224px': (  # 175 images are held out; half an hour
        'D1, ResNet50, 224 px: the last bottleneck and a linear layer',
        'resnet/resnet50-lr5e-6-drop_last1_1xb32-100e_flowers-224px.py', *RESNET),
    'resnet50-d4-224px': (
        'D4, ResNet50, 224 px: the last two bottlenecks and four dense layers',
        'resnet/resnet50-512x3-drop_last2_1xb32-100e_flowers-224px.py', *RESNET)}
TOLERANCE = 1e-4  # maximum relative difference of the validation losses


def run(settings: Settings) -> Iterator[Case]:
    """Train each recipe with features computed once or in every epoch."""
    for name in RECIPES:
        yield measure(settings, name)


def measure(settings: Settings, name: str) -> Case:
    """Time one recipe in both ways, and check that every epoch has the same losses."""
    what, config, sizes, epochs, side, rounds, changes = RECIPES[name]
    images, epochs = settings.pick((sizes[0], epochs), (sizes[1], 3))
    folder, base = settings.folder / name, str(CONFIGS / config)
    case = Case(name, f'{what}, behind random weights; {images} images, {epochs} epochs; '
                'seconds of tools/train.py from reading the files to the last checkpoint')
    make_sample_data([str(folder), '--sets', 'flowers', '--size', f'flowers={images}',
                      '--side', str(side)])
    write_random_weights(folder, base)
    histories: dict[bool, list[Any]] = {True: [], False: []}

    def training(cached: bool) -> None:
        name = f'{"cached" if cached else "uncached"}{len(histories[cached])}'
        root = folder / f'{name}_flowers'  # runs share no decoded images
        root.symlink_to(folder / 'flower_photos', target_is_directory=True)
        histories[cached].append(train([
            base, '--work-dir', str(folder / name), '--cfg-options', *changes,
            f'model.backbone.init_cfg.checkpoint={folder / "weights.pth"}',
            *(f'{part}_dataloader.dataset.source.data_root={root}'
              for part in ('train', 'val', 'test')),
            f'train_cfg.max_epochs={epochs}', f'+default_hooks.feature_cache.enabled={cached}',
            f'+default_hooks.feature_cache.cache_dir={folder / name}_cache'])['history'])

    case.samples = settings.time({'ours': timed(lambda: training(True)),
                                  'ours, uncached': timed(lambda: training(False))}, rounds)
    loss, accuracy = ({name: [epoch['metrics'][key] for epoch in histories[cached][0]]
                       for name, cached in (('ours', True), ('ours, uncached', False))}
                      for key in ('loss', 'accuracy/top1'))
    case.checks = compare_losses(loss, TOLERANCE) | {
        'validation accuracy, %': accuracy,
        'largest difference of an epoch, points': max(
            abs(a - b) for a, b in zip(*accuracy.values(), strict=True))}
    case.compare('ours', 'ours, uncached', 'cached / uncached')
    return case


def write_random_weights(folder: Path, base: str) -> None:
    """Write ``weights.pth``: random weights with BatchNorm statistics of the folder's flowers.

    Without them, random features hardly depend on the image, and accuracies are meaningless.
    """
    torch.manual_seed(0)
    cfg = load_config(base)
    model = MODELS.build(dict(cfg.model.backbone, init_cfg=None, norm_eval=False))
    model.init_weights()
    images = np.stack([Image.open(path).resize(cfg.train_dataloader.dataset.source['size'])
                       for path in sorted(folder.rglob('*.jpg'))[::4][:200]])
    inputs = MODELS.build(cfg.model.data_preprocessor)({
        'inputs': torch.from_numpy(images).permute(0, 3, 1, 2)})['inputs']
    update_bn(inputs.split(50), model)
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value
                                in model.state_dict().items()}), folder / 'weights.pth')

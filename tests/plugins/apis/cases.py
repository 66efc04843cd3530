"""Untrained models as checkpoint files, and data to ask them about; nothing here is a test."""
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import MODELS, DefaultScope

from plugins.engine.session import load_config
from tests.conftest import DIGITS

REPO_ROOT = Path(__file__).resolve().parents[3]
CLASSIFIER = str(REPO_ROOT / DIGITS)
DETECTOR = str(REPO_ROOT /
               'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py')


def save_checkpoint(path: Path, config: str, classes: tuple[str, ...] | None, seed: int = 0,
                    **extra: Any) -> Path:
    """Write a checkpoint of a config's model with random weights, as a Runner would."""
    cfg = load_config(config)
    torch.manual_seed(seed)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    for module in model.modules():  # no init_weights(): it logs each tensor
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    meta = dict(experiment_name=f'{Path(config).stem}_0')
    if classes:
        meta['dataset_meta'] = dict(classes=classes)
    torch.save(dict(meta=meta, state_dict=model.state_dict(), **extra), path)
    return path


def draw_roads(root: Path, number: int = 20) -> Path:
    """Small road scenes in KITTI's format; their data_root."""
    from tools.misc.make_sample_data import main
    main([str(root), '--sets', 'kitti', '--size', f'kitti={number}', '--kitti-width', '310'])
    return root / 'kitti'


def roads_options(root: Path) -> list[str]:
    """Command line options that put a detector's config on these scenes, half of them tested."""
    return [option for loader in ('train', 'val', 'test') for option in (
        f'{loader}_dataloader.dataset.data_root={root}',
        f'{loader}_dataloader.dataset.split.fractions.train=0.3',
        f'{loader}_dataloader.dataset.split.fractions.val=0.2',
        f'{loader}_dataloader.dataset.split.fractions.test=0.5')]

"""The light YOLOv3 learns eight images by heart, so model, targets, loss and metric agree."""
import shutil
from pathlib import Path

import pytest

from plugins.engine.files import REPO_ROOT
from tools.misc.make_sample_data import main as draw
from tools.train import main as train

CONFIG = 'configs/yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'
REAL = REPO_ROOT / 'data' / 'kitti'
EPOCHS = 90


def eight_images_with_cars(root: Path, target: Path) -> Path:
    labels = sorted((root / 'training' / 'label_2').glob('*.txt'))
    chosen = [path for path in labels if 'Car ' in path.read_text()][:8]
    assert len(chosen) == 8
    for label in chosen:
        for file in (label, *(root / 'training' / 'image_2').glob(f'{label.stem}.*')):
            copy = target / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    return target


@pytest.mark.slow
@pytest.mark.parametrize('data', ['real', 'drawn'])
def test_eight_images_are_learnt_by_heart(data, tmp_path):
    if data == 'real' and not REAL.is_dir():
        pytest.skip('KITTI is not in data/kitti')
    root = REAL
    if data == 'drawn':
        root = tmp_path / 'drawn' / 'kitti'
        draw([str(root.parent), '--sets', 'kitti', '--size', 'kitti=16'])
    options = ['train_dataloader.dataset.pipeline.3.prob=0.', f'train_cfg.max_epochs={EPOCHS}',
               f'train_cfg.val_interval={EPOCHS}', 'param_scheduler.0.end=10']
    for part in ('train', 'val', 'test'):
        # Copies: the run would refuse to validate on what it trains on.
        own = eight_images_with_cars(root, tmp_path / part)
        loader = f'{part}_dataloader'
        options += [f'{loader}.batch_size=8', f'{loader}.num_workers=0',
                    f'{loader}.dataset.data_root={own}', f'{loader}.dataset.split=None',
                    f'{loader}.dataset.part=None']
    options += ['train_dataloader.persistent_workers=False',
                'val_dataloader.persistent_workers=False']
    result = train([CONFIG, '--work-dir', str(tmp_path / 'run'), '--cfg-options', *options])
    assert result['metrics']['coco/bbox_mAP_50'] >= 0.95

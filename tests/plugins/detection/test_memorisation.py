"""The light YOLOv3 learns eight images by heart, so model, targets, loss and metric agree."""
from pathlib import Path

import pytest

from plugins.paths import REPO_ROOT
from tools.misc.make_sample_data import main as draw
from tools.train import main as train

CONFIG = 'configs/yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'
REAL = REPO_ROOT / 'data' / 'kitti'
EPOCHS = 90


def eight_images_with_cars(root: Path, lists: Path) -> Path:
    labels = sorted((root / 'training' / 'label_2').glob('*.txt'))
    names = [path.stem for path in labels if 'Car ' in path.read_text()][:8]
    assert len(names) == 8
    lists.write_text('\n'.join(names))
    return lists


@pytest.mark.slow
@pytest.mark.parametrize('data', ['real', 'drawn'])
def test_eight_images_are_learnt_by_heart(data, tmp_path):
    if data == 'real' and not REAL.is_dir():
        pytest.skip('KITTI is not in data/kitti')
    root = REAL
    if data == 'drawn':
        root = tmp_path / 'drawn' / 'kitti'
        draw([str(root.parent), '--sets', 'kitti', '--size', 'kitti=16'])
    names = eight_images_with_cars(root, tmp_path / 'eight.txt')
    options = ['train_dataloader.dataset.pipeline.3.prob=0.', f'train_cfg.max_epochs={EPOCHS}',
               f'train_cfg.val_interval={EPOCHS}', 'param_scheduler.0.end=10',
               f'param_scheduler.1.T_max={EPOCHS}']
    for part in ('train', 'val'):
        loader = f'{part}_dataloader'
        options += [f'{loader}.batch_size=8', f'{loader}.num_workers=0',
                    f'{loader}.persistent_workers=False', f'{loader}.dataset.data_root={root}',
                    f'{loader}.dataset.split=None', f'{loader}.dataset.part=None',
                    f'+{loader}.dataset.ann_file={names}']
    result = train([CONFIG, '--work-dir', str(tmp_path / 'run'), '--cfg-options', *options])
    assert result['metrics']['coco/bbox_mAP_50'] >= 0.95

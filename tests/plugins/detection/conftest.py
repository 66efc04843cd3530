"""mmdet as the default scope, and a KITTI folder of three small images that tests may break."""
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image

TAIL = '1.5 1.6 3.9 -1.0 1.7 20.0 0.0'  # dimensions, location, rotation
LABELS = {
    '000000': [f'Car 0.00 0 -1.5 10.0 20.0 50.0 60.0 {TAIL}',
               f'Car 0.30 2 0.5 -1.5 30.0 24.5 66.0 {TAIL}',
               f'Van 0.00 1 0.1 60.0 10.0 90.0 50.0 {TAIL}',
               f'Cyclist 0.00 0 0.1 60.0 10.0 70.0 40.0 {TAIL}',
               'DontCare -1 -1 -10 100.0 5.0 121.5 15.0 -1 -1 -1 -1000 -1000 -1000 -10'],
    '000001': [f'Pedestrian 0.00 0 0.1 30.0 10.0 42.0 50.0 {TAIL}',
               f'Person_sitting 0.00 0 0.1 50.0 20.0 62.0 50.0 {TAIL}'],
    '000002': [],
}


@pytest.fixture(autouse=True)
def mmdet_scope() -> Iterator[None]:
    """What a config says by ``default_scope = 'mmdet'``."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def kitti_root(tmp_path: Path) -> Path:
    """data_root with training/image_2 (PNG, JPEG, PNG; 120 x 64) and training/label_2."""
    training = tmp_path / 'kitti' / 'training'
    for folder in ('image_2', 'label_2'):
        (training / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number, (name, lines) in enumerate(LABELS.items()):
        pixels = rng.integers(0, 256, (64, 120, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(training / 'image_2' / f'{name}.{("png", "jpg")[number == 1]}')
        (training / 'label_2' / f'{name}.txt').write_text('\n'.join(lines))
    return training.parent

"""Lists of images as KittiDataset reads them."""
import shlex
from pathlib import Path

import pytest
from mmengine.registry import DATASETS, DefaultScope
from PIL import Image

from plugins.detection import KittiDataset
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from tools.dataset_converters.split_kitti import main

CONFIG = REPO_ROOT / 'configs/yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'
CAR = 'Car 0.00 0 0.1 1.0 1.0 9.0 9.0 1.5 1.6 3.9 -1.0 1.7 20.0 0.0\n'
IGNORED = CAR.replace('Car', 'Van')


def make_root(root: Path, number: int, cars: int = 2) -> Path:
    """A data set of so many tiny images, each with so many cars and a van."""
    for folder in ('image_2', 'label_2'):
        (root / 'training' / folder).mkdir(parents=True)
    for name in (f'{i:06d}' for i in range(number)):
        Image.new('RGB', (16, 16)).save(root / 'training' / 'image_2' / f'{name}.png')
        (root / 'training' / 'label_2' / f'{name}.txt').write_text(CAR * cars + IGNORED)
    return root


@pytest.fixture
def root(tmp_path):
    return make_root(tmp_path / 'kitti', 20)


def test_the_reports_subset(tmp_path, capsys):
    root = make_root(tmp_path, 520)
    lists = main([str(root)])
    assert {part: len(ids) for part, ids in lists.items()} == {'train': 400, 'val': 100, 'test': 20}
    printed = capsys.readouterr().out
    assert 'train.txt: 400 images, 800 cars\n' in printed
    assert 'test.txt: 20 images, 40 cars\n' in printed
    assert len(set().union(*lists.values())) == 520  # disjoint, and all of them
    assert main([str(root), '--seed', '1', '--overwrite']) != lists
    # the config of row A13 takes the same images by its split and indices=400
    dataset = KittiDataset(str(root), split=dict(seed=0, fractions=dict(train=0.9, test=0.1)),
                           part='train', indices=400)
    assert [Path(dataset.get_data_info(i)['img_path']).stem for i in range(400)] == lists['train']


def test_lists_that_would_be_empty_are_rejected(root):
    with pytest.raises(ValueError, match='20 images, expected more than the 400 to train on and '
                       '100 to validate on; give other sizes with --train and --val'):
        main([str(root)])
    assert not (root / 'ImageSets').exists()


def test_the_printed_options_make_a_config_use_the_lists(tmp_path, capsys):
    root = make_root(tmp_path / 'kitti', 20)
    lists = main([str(root), '--train', '11', '--val', '3'])
    printed = capsys.readouterr().out
    assert 'val.txt: 3 images, 6 cars' in printed
    assert 'test.txt: 6 images, 12 cars\n' in printed
    command = printed.partition('--cfg-options ')[2].partition('\n(')[0]
    cfg = load_config(str(CONFIG), shlex.split(command.replace('\\\n', ' ')))
    for part, ids in lists.items():
        config = cfg[f'{part}_dataloader'].dataset
        with DefaultScope.overwrite_default_scope('mmdet'):
            dataset = DATASETS.build(config)
        assert [Path(dataset.get_data_info(i)['img_path']).stem for i in range(len(dataset))] == ids

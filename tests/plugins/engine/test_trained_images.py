"""A checkpoint knows its images: no test on them, and no resumed run without them."""
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import DATASETS, DefaultScope
from PIL import Image

from plugins.classification.datasets import array_dataset, source
from plugins.engine.records import read_record
from plugins.engine.trained_images import changes, contents, image_names, packed, trained_on, twins
from plugins.engine.unwrap import inner_datasets
from tests.conftest import DIGITS
from tools.test import main as run_test
from tools.train import main as train

CONFIG = """
_base_ = '{base}'
source = dict(data_root='{root}', held_out=3, split='train')
train_dataloader = dict(batch_size=8, dataset=dict(source=source, val_fraction=0.25))
val_dataloader = dict(dataset=dict(source=source, val_fraction=0.25))
test_dataloader = dict(dataset=dict(source=dict(source, split='test')))
model = dict(head=dict(num_classes=2))
train_cfg = dict(max_epochs=1)
param_scheduler = [dict(type='MultiStepLR', milestones=[9])]  # of any length
"""


def save(path: Path, shade: int) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new('L', (8, 8), shade).save(path)


@pytest.fixture(autouse=True)
def new_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run list its files anew, as in a process of its own."""
    monkeypatch.setattr(array_dataset, 'build_source', source.new_source)


@pytest.fixture
def trained(repo_root: Path, tmp_path: Path) -> Any:
    """A function (checkpoint name, options) that tests, after a training on ten images a class."""
    root, work_dir, config = tmp_path / 'pets', tmp_path / 'run', tmp_path / 'pets.py'
    root.mkdir()
    for shade in range(20):
        save(root / ('cat', 'dog')[shade % 2] / f'{shade:02d}.png', 10 * shade)
    config.write_text(CONFIG.format(base=repo_root / DIGITS, root=root))
    train([str(config), '--work-dir', str(work_dir)])

    def test(*argv: str) -> dict[str, Any]:
        checkpoint = (work_dir / 'last_checkpoint').read_text()
        return run_test([str(config), checkpoint, '--overwrite', *argv])
    return test


def test_what_happens_after_files_were_added(trained, tmp_path):
    assert trained()['warnings'] == []
    run, config = tmp_path / 'run', tmp_path / 'pets.py'
    for number in range(3):  # sorted before all others, so another permutation chooses
        save(tmp_path / 'pets/cat' / f'-{number}.png', 250 + number)
    with pytest.raises(ValueError, match='rejected: the checkpoint was trained on . of 6 images of '
                                         r'test_dataloader: \S+/pets/cat/\d\d.png'):
        trained()
    assert trained('--part', 'train')['split'] == 'train'
    with pytest.raises(ValueError, match='epoch_1.pth was begun with other images in train_data'
                                         r'loader, of which \d+ are new, missing or changed: /cat'):
        train([str(config), '--work-dir', str(run), '--resume',
               '--cfg-options', 'train_cfg.max_epochs=2'])
    with pytest.raises(ValueError, match='Overlapping splits are rejected: the checkpoint'):
        train([str(config), '--work-dir', str(tmp_path / 'tuned'),
               '--cfg-options', f'load_from={run}/epoch_1.pth'])
    weights = dict(type='Pretrained', checkpoint=f'{run}/epoch_1.pth', prefix='backbone.')
    with pytest.raises(ValueError, match='Overlapping splits are rejected: the checkpoint'):
        train([str(config), '--work-dir', str(tmp_path / 'tuned'),
               '--cfg-options', f'+model.backbone.init_cfg={weights}'])


def test_data_that_moved_are_the_same_images(trained, tmp_path):
    run, root = tmp_path / 'run', tmp_path / 'moved'
    shutil.move(tmp_path / 'pets', root)
    moved = [f'{part}_dataloader.dataset.source.data_root={root}'
             for part in ('train', 'val', 'test')]
    assert trained('--cfg-options', *moved)['warnings'] == []
    more = [str(tmp_path / 'pets.py'), '--work-dir', str(run), '--cfg-options', *moved,
            'train_cfg.max_epochs=2']
    assert train([*more, '--resume'])['epochs'] == 2
    for path in root.glob('*/*.png'):  # the last names come first, the contents stay
        path.rename(path.with_name(f'{99 - int(path.stem)}.png'))
    warning, = trained('--cfg-options', *moved)['warnings']
    assert 'share' in warning and 'images under two names' in warning
    assert read_record(run / 'test/result.json')['warnings'] == [warning]
    save(root / 'cat/99.png', 77)
    with pytest.raises(ValueError, match='begun with other images'):
        train([*more[:-1], 'train_cfg.max_epochs=3', '--resume'])


def test_a_checkpoint_of_an_earlier_version_knows_no_images(trained, tmp_path):
    path = tmp_path / 'run/epoch_1.pth'
    checkpoint = torch.load(path)
    found = checkpoint['message_hub']['runtime_info'].pop('trained_images')
    assert set(found) == {'train', 'val', 'earlier'} and found['train']['root'].endswith('/pets')
    torch.save(checkpoint, path)
    assert trained()['warnings'] == []


def test_images_by_name_and_content(tmp_path):
    for name, shade in (('a.png', 1), ('b.png', 2), ('c\nd.png', 1)):
        save(tmp_path / 'x' / name, shade)
    images = contents([*map(str, (tmp_path / 'x').iterdir()), 'archive: image 3'])
    assert len(set(images.values())) == 3 and images['archive: image 3'] == ''
    files = {name: content for name, content in images.items() if content}
    assert set(packed(files)['images']) == {'/a.png', '/b.png', '/c\nd.png'}
    stored = dict(train=packed(files), earlier=packed({}), val=packed(dict(v='')))
    assert trained_on(stored) == files
    assert twins(dict(a='1', b='2', c=''), dict(d='1', b='2', e='')) == \
        '1 images under two names or changed: a = d'
    assert twins(dict(a='1', b='2', c=''), dict(a='3', c='')).endswith('changed: a (changed since)')
    assert changes(dict(a='1', b='2', c='3'), dict(b='2', c='4', d='5')) == \
        '3 are new, missing or changed: a, c, d'
    assert changes(files, dict(files)) == ''


def test_images_of_upstreams_data_sets(tmp_path):
    save(tmp_path / 'a/one.png', 1)
    coco = dict(images=[dict(id=7, file_name='one.png', width=8, height=8)], annotations=[],
                categories=[dict(id=1, name='car')])
    (tmp_path / 'coco.json').write_text(json.dumps(coco))
    cfg = dict(type='mmdet.CocoDataset', ann_file=str(tmp_path / 'coco.json'), test_mode=True,
               data_prefix=dict(img=str(tmp_path / 'a')), metainfo=dict(classes=('car',)))
    with DefaultScope.overwrite_default_scope('mmdet'):
        for config in (cfg, dict(type='RepeatDataset', times=2, dataset=cfg)):
            assert image_names(*inner_datasets(config)) == {str(tmp_path / 'a/one.png')}
        dataset = DATASETS.build(cfg)
    assert image_names(dataset) == {str(tmp_path / 'a/one.png')}

import copy
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DATASETS, DefaultScope
from PIL import Image
from torch.utils.data import Dataset

from plugins.classification.datasets import SOURCES, Source, file_source
from plugins.classification.datasets import source as sources
from plugins.engine.hooks import DisjointPartsHook


@pytest.fixture
def lines(monkeypatch):
    """What is logged: (level, text)."""
    found = []
    monkeypatch.setattr(
        MMLogger.get_current_instance(), 'callHandlers', lambda record: found.append(
            (record.levelname, record.getMessage())) if record.levelname != 'DEBUG' else None)
    return found


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """20 cats and 20 dogs; number 0 of each class has a twin under another name, 1."""
    folder = tmp_path_factory.mktemp('pets')
    for label, name in enumerate(('cat', 'dog')):
        (folder / name).mkdir()
        for number in range(20):
            shade = 100 * label + max(number, 1)
            Image.new('L', (2, 2), shade).save(folder / name / f'{number:02d}.png')
    return folder


def source(root, split, **kwargs):
    return dict(type='class_folder', data_root=str(root), size=2,
                **dict(dict(split=split, held_out=5, seed=0), **kwargs))


def config(root, **changes):
    """The layout of flowers.py; ``changes`` are dotted keys with __ for dots."""
    cfg = Config(dict(
        train_dataloader=dict(dataset=dict(type='ArrayDataset', source=source(root, 'train'),
                                           part='train', val_fraction=.2)),
        val_dataloader=dict(dataset=dict(type='ArrayDataset', source=source(root, 'train'),
                                         part='val', val_fraction=.2)),
        test_dataloader=dict(dataset=dict(type='ArrayDataset', source=source(root, 'test')))))
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in changes.items()})
    return cfg


def build(dataset):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        built = DATASETS.build(copy.deepcopy(dataset))
    built.full_init()  # as mmengine's Runner does
    return built


def check(cfg, **kwargs):
    loaders = {f'{part}_dataloader': SimpleNamespace(dataset=build(
        cfg[f'{part}_dataloader']['dataset'])) for part in ('train', 'val')}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        DisjointPartsHook(**kwargs).before_train(SimpleNamespace(
            **loaders, cfg=cfg, val_loop=True, logger=MMLogger.get_current_instance(),
            _resume=False, message_hub=MessageHub('run')))


SEED = {'train_dataloader__dataset__source__seed': 1}


@pytest.mark.parametrize('changes, pair, differing', [
    (SEED, ('train', 'val'), r"part \('train' and 'val'\), source.seed \(1 and 0\)"),
    ({**SEED, 'val_dataloader__dataset__source__seed': 1}, ('train', 'test'),
     r"source.seed \(1 and 0\), source.split \('train' and 'test'\), val_fraction"),
    ({'test_dataloader__dataset__source__held_out': 9}, ('train', 'test'),
     r'source.held_out \(5 and 9\)'),
    ({'val_dataloader__dataset__val_fraction': .6}, ('train', 'val'),
     r'val_fraction \(0.2 and 0.6\)'),
    ({'val_dataloader__dataset__split_seed': 3}, ('train', 'val'), r'split_seed \(None and 3\)'),
    ({'train_dataloader__dataset__part': 'all', 'train_dataloader__dataset__val_fraction': None},
     ('train', 'val'), r"part \('all' and 'val'\), val_fraction \(None and 0.2\)"),
    ({f'{part}_dataloader__dataset__source': dict(split=None, held_out=None)
      for part in ('train', 'val', 'test')}, ('train', 'test'), r'val_fraction \(0.2 and None\)'),
    ({'train_dataloader__dataset__part': 'val'}, ('train', 'val'), 'the same keys and values'),
    ({'train_dataloader__dataset__source__max_per_class': 8}, ('train', 'val'),
     r'source.max_per_class \(8 and None\)'),
])
def test_a_loader_that_cuts_otherwise_is_named(root, changes, pair, differing):
    with pytest.raises(ValueError, match=rf'{pair[0]}_dataloader \(of \d+ images\) and {pair[1]}_'
                                         rf'dataloader \(of \d+\) share \d+: .*\.png.* choose '
                                         rf'images by .*{differing}.*; expected the same data'):
        check(config(root, **changes))


def test_another_way_to_the_same_folder_is_no_other_image(root, tmp_path):
    (tmp_path / 'link').symlink_to(root)
    check(config(root, test_dataloader__dataset__source__data_root=str(tmp_path / 'link')))
    with pytest.raises(ValueError, match='share 24: '):
        check(config(root, test_dataloader__dataset__source=source(tmp_path / 'link', 'train')))


def test_equal_file_names_below_other_roots_are_other_images(root, tmp_path):
    for name in ('cat', 'dog'):
        (tmp_path / name).mkdir()
        for path in (root / name).iterdir():
            os.link(path, tmp_path / name / path.name)  # as a store of equal files does
    check(config(root, test_dataloader__dataset__source=source(tmp_path, 'train')))


def test_test_images_are_not_decoded(root, monkeypatch):
    cfg = config(root)
    decode, decoded = file_source.read_image, []
    monkeypatch.setattr(sources, '_built', {})
    monkeypatch.setattr(file_source, 'read_image', lambda path: (
        decoded.append(path), decode(path))[1])
    check(cfg)
    assert len(decoded) == 30, 'those of train and val, 15 of each class'


def test_validation_on_the_test_part_is_allowed_on_demand(root):
    cfg = config(root)
    cfg.train_dataloader.dataset.update(part='all', val_fraction=None)
    cfg.val_dataloader = copy.deepcopy(cfg.test_dataloader)
    with pytest.raises(ValueError, match='val_dataloader .* and test_dataloader .* share 10: .*'
                                         r'\+default_hooks.disjoint_parts.val_may_be_test=True'):
        check(cfg)
    check(cfg, val_may_be_test=True)
    cfg.test_dataloader.dataset.source.seed = 1
    with pytest.raises(ValueError, match='train_dataloader .* and test_dataloader'):
        check(cfg, val_may_be_test=True)


@pytest.mark.parametrize('wrap', [
    lambda data: dict(type='RepeatDataset', times=2, dataset=data),
    lambda data: dict(type='ConcatDataset', datasets=[data])])
def test_wrappers_hide_nothing(root, wrap):
    for part, changes in (('train', SEED), ('test', {})):
        cfg = config(root, **changes, val_dataloader__dataset__source__seed=1)
        cfg.train_dataloader.dataset.source.seed = 1
        cfg[f'{part}_dataloader'].dataset = wrap(cfg[f'{part}_dataloader'].dataset)
        with pytest.raises(ValueError, match=r'share .*source.seed \(1 and 0\)'):
            check(cfg)


class Nameless(Dataset):
    pass


def test_parts_of_one_tree_pass_and_what_cannot_be_compared_is_logged(root, lines):
    check(config(root))
    (level, told), = lines
    assert level == 'WARNING' and re.fullmatch(
        'train_dataloader and test_dataloader share 2 images under two names or changed: '
        r'\S+/cat/00.png = \S+/cat/01.png, \S+/dog/00.png = \S+/dog/01.png', told)
    lines.clear()
    check(config(root, test_dataloader__dataset=dict(type=Nameless, _delete_=True)))
    assert lines == [('INFO', "DisjointPartsHook: not compared with the others: ['test']")]
    lines.clear()
    check(config(root, test_dataloader__dataset__source__data_root=str(root / 'none')))
    assert [level for level, _ in lines] == ['WARNING', 'INFO']
    assert 'test_dataloader cannot be compared' in lines[0][1] and 'none: no such' in lines[0][1]


def test_a_data_set_of_no_files_is_compared_by_its_names(root):
    @SOURCES.register_module(name='noise', force=True)
    class Noise(Source):

        def __init__(self, seed):
            self.seed = seed

        def listing(self):
            return [f'noise {self.seed}: image {k}' for k in range(9)], [0] * 9, ['a']

        def decode(self):
            return np.zeros((9, 3, 2, 2), np.uint8)

    cfg = config(root)
    for part, seed in (('train', 0), ('val', 1), ('test', 2)):
        cfg[f'{part}_dataloader'].dataset = dict(type='ArrayDataset',
                                                 source=dict(type='noise', seed=seed))
    check(cfg)
    cfg.test_dataloader.dataset.source.seed = 0
    with pytest.raises(ValueError, match='share 9: noise 0: image 0'):
        check(cfg)

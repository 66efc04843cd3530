import pytest
from mmengine.config import ConfigDict

from tests.conftest import DIGITS

ROADS = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


@pytest.mark.parametrize('part', ['train', 'val'])
def test_a_detectors_training_images_are_seen_as_test_images(session_of, part):
    session = session_of(ROADS)
    tested = session.cfg.test_dataloader.dataset.copy()
    session.test_on(part)
    assert session.cfg.test_dataloader.dataset == dict(tested, part=part)
    assert 'RandomFlip' not in str(session.cfg.test_dataloader.dataset)
    assert session.cfg.train_dataloader.dataset.part == 'train'
    assert 'RandomFlip' in str(session.cfg.train_dataloader.dataset)


def test_a_classifiers_training_images_come_in_the_tests_batches(session_of):
    session, untouched = session_of(DIGITS), session_of(DIGITS)
    session.test_on('test')
    assert session.cfg._cfg_dict == untouched.cfg._cfg_dict
    session.test_on('train')
    loader = session.cfg.test_dataloader
    assert (loader.dataset.part, loader.dataset.val_fraction) == ('train', 0.1)
    assert (loader.batch_size, loader.sampler.shuffle) == (256, False)


def test_images_are_neither_repeated_nor_mixed(session_of):
    session = session_of(ROADS)
    inner = session.cfg.train_dataloader.dataset
    mixed = ConfigDict(type='mmdet.MultiImageMixDataset', pipeline=[dict(type='MixUp')],
                       dataset=dict(type='RepeatDataset', times=3, dataset=inner))
    session.cfg.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[mixed, dict(inner, part='val')])
    session.test_on('train')
    first, second = session.cfg.test_dataloader.dataset.datasets
    assert (first.type, first.part, second.part) == ('KittiDataset', 'train', 'val')
    for dataset in (first, second):
        assert dataset.test_mode and 'RandomFlip' not in str(dataset.pipeline)


def test_a_label_file_or_an_augmentation_that_nothing_replaces_is_rejected(session_of):
    session = session_of(ROADS)
    session.cfg.test_evaluator = dict(type='CocoMetric', ann_file='test.json')
    with pytest.raises(ValueError, match='--part train: .*CocoMetric reads .* from test.json'):
        session.test_on('train')
    session = session_of(ROADS)
    del session.cfg.test_dataloader.dataset['pipeline']
    with pytest.raises(ValueError, match='KittiDataset. has no pipeline, expected one'):
        session.test_on('train')

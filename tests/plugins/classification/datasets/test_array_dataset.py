
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler, default_collate, pseudo_collate
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from plugins.classification.datasets import ArrayDataset, ImageArray, take_batch
from plugins.classification.samples import DataSample

COUNTS = [40, 20, 10]


@pytest.fixture(scope='module')
def source():
    """70 images; pixel [0, 0] of channel c of image i is i + c."""
    labels = np.random.RandomState(0).permutation(np.repeat([0, 1, 2], COUNTS))
    images = np.zeros((70, 3, 4, 5), np.uint8)
    images[:] = (np.arange(70)[:, None] + np.arange(3))[..., None, None]
    return ImageArray(images, labels, ('a', 'b', 'c'))


def test_a_batch_is_gathered_in_the_order_asked_for(source):
    batch = ArrayDataset(source).__getitems__([7, 3, 3])
    assert batch['inputs'].dtype == torch.uint8 and batch['inputs'].shape == (3, 3, 4, 5)
    assert batch['inputs'][:, 0, 0, 0].tolist() == [7, 3, 3]
    assert batch['inputs'][0, :, 3, 4].tolist() == [7, 8, 9]
    assert [s.sample_idx for s in batch['data_samples']] == [7, 3, 3]
    assert [s.gt_label.item() for s in batch['data_samples']] == source.labels[[7, 3, 3]].tolist()


def test_data_samples_are_like_those_made_by_the_setters(source):
    sample, = ArrayDataset(source)[5]['data_samples']
    expected = DataSample(metainfo={'sample_idx': 5, 'img_shape': (4, 5), 'num_classes': 3})
    expected.set_gt_label(int(source.labels[5]))
    assert sample.metainfo == expected.metainfo
    assert sample.keys() == expected.keys() == ['gt_label']
    assert sample.gt_label.shape == (1, ) and sample.gt_label.dtype == torch.int64
    assert sample.gt_label.equal(expected.gt_label)
    assert sample.to_dict() == expected.to_dict()
    # the names of meta data are a set, whose order changes from process to process
    assert sorted(repr(sample)[:-20].split('\n')) == sorted(repr(expected)[:-20].split('\n'))
    with pytest.raises(AttributeError):  # setters know which names are meta data
        sample.set_field(1, 'sample_idx')
    assert sample.clone().gt_label.equal(expected.gt_label)


def test_each_image_is_tested_in_one_fold_and_never_trained_on_there(source):
    def rows(part, index, **settings):
        return ArrayDataset(source, part, folds=dict(number=5, index=index), **settings).rows

    tested = [rows('test', index) for index in range(5)]
    assert sorted(np.concatenate(tested)) == list(range(70))
    for index in range(5):
        assert sorted([*rows('train', index), *tested[index]]) == list(range(70))
        parts = [rows(part, index, val_fraction=.25) for part in ('train', 'val')]
        assert sorted(np.concatenate([*parts, tested[index]])) == list(range(70))
        assert np.bincount(source.labels[parts[1]]).tolist() == [8, 4, 2]


def test_predictions_do_not_leak_into_the_next_epoch(source):
    dataset = ArrayDataset(source)
    first = dataset.__getitems__([0, 1])
    label = source.labels[0]
    for sample in first['data_samples']:
        sample.set_pred_score(torch.tensor([.1, .2, .7])).set_pred_label(2)
        sample.set_field('x', 'note', field_type='metainfo')
        sample.gt_label += 1
    first['inputs'].fill_(99)
    for other in (dataset, ArrayDataset(source)):
        again = other.__getitems__([0, 1])
        for sample in again['data_samples']:
            assert sample.keys() == ['gt_label'] and 'note' not in sample.metainfo_keys()
        assert again['data_samples'][0].gt_label.item() == label
        assert again['inputs'][:, 0, 0, 0].tolist() == [0, 1]


def test_train_and_val_are_disjoint_exhaustive_and_stratified(source):
    train, val = (ArrayDataset(source, part, val_fraction=0.1) for part in ('train', 'val'))
    seen = [{int(d[i]['inputs'][0, 0, 0, 0]) for i in range(len(d))} for d in (train, val)]
    assert seen[0] | seen[1] == set(range(70)) and not seen[0] & seen[1]
    assert np.bincount(val.labels).tolist() == [4, 2, 1] and len(train) == 63
    batch = val.__getitems__(range(7))
    assert [s.gt_label.item() for s in batch['data_samples']] == val.labels.tolist()
    assert source.labels[batch['inputs'][:, 0, 0, 0]].tolist() == val.labels.tolist()
    other = ArrayDataset(source, 'val', val_fraction=0.1, split_seed=1)
    assert not other.__getitems__(range(7))['inputs'].equal(batch['inputs'])


@pytest.mark.parametrize('arguments, message', [
    ({'part': 'test'}, "part='test', expected 'all' or 'train' or 'val'"),
    ({'part': 'val'}, "part='val' with val_fraction=None"),
    ({'val_fraction': 0.1}, "'all' must have none"),
])
def test_contradictions_are_rejected(source, arguments, message):
    with pytest.raises(ValueError, match=message):
        ArrayDataset(source, **arguments)


def test_an_empty_source_is_rejected():
    with pytest.raises(ValueError, match='no images'):
        ArrayDataset(ImageArray(np.zeros((0, 3, 2, 2), np.uint8), np.zeros(0), ('a', )))


@pytest.mark.parametrize('workers', [0, 2])
def test_through_a_loader_with_mmengines_sampler(source, workers):
    dataset = ArrayDataset(source, 'train', val_fraction=0.1)
    loader = DataLoader(dataset, 16, sampler=DefaultSampler(dataset, shuffle=True, seed=0),
                        num_workers=workers, collate_fn=take_batch)
    orders = []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        batches = list(loader)
        assert [len(batch['inputs']) for batch in batches] == [16, 16, 16, 15]
        samples = [sample for batch in batches for sample in batch['data_samples']]
        pixels = torch.cat([batch['inputs'] for batch in batches])[:, 0, 0, 0]
        assert [s.gt_label.item() for s in samples] == source.labels[pixels].tolist()
        assert all(s.keys() == ['gt_label'] and s.img_shape == (4, 5) for s in samples)
        orders.append([sample.sample_idx for sample in samples])
        samples[0].set_pred_label(1)
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(63)) and orders[0] != orders[1]


LOADER = '''
loader = dict(batch_size=100, num_workers=0, collate_fn=dict(type='batch_collate'),
              sampler=dict(type='DefaultSampler', shuffle=False),
              dataset=dict(type='ArrayDataset', part='train', val_fraction=0.2, split_seed=3,
                           source=dict(type='class_folder', data_root='{root}', size=8)))
'''


def test_a_dataloader_config(digits_root):
    config = Config.fromstring(LOADER.replace('{root}', str(digits_root / 'train')), '.py').loader
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        loader = Runner.build_dataloader(config, seed=0)
        val = Runner.build_dataloader({**config, 'dataset': {**config.dataset, 'part': 'val'}})
    assert loader.dataset.source is val.dataset.source
    assert len(loader.dataset) + len(val.dataset) == 240
    assert next(iter(loader))['inputs'].shape == (100, 3, 8, 8)


@pytest.mark.parametrize('wrapper, length', [
    # (40 + 20 + 10) / 70 images; c occurs in 1/7, threshold 4/7: drawn twice
    ({'type': 'ClassBalancedDataset', 'oversample_thr': 4 / 7}, 40 + 2 * 20 + 2 * 10),
    ({'type': 'RepeatDataset', 'times': 3}, 210),
])
def test_mmengines_wrappers(source, wrapper, length):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = ROOT_DATASETS.build(
            {**wrapper, 'dataset': {'type': 'ArrayDataset', 'source': source}})
    assert len(dataset) == length and dataset.metainfo['classes'] == ('a', 'b', 'c')
    batch = next(iter(DataLoader(dataset, 6, collate_fn=take_batch)))
    assert batch['inputs'].shape == (6, 3, 4, 5) and len(batch['data_samples']) == 6
    assert [s.gt_label.item() for s in batch['data_samples']] == source.labels[
        batch['inputs'][:, 0, 0, 0]].tolist()


@pytest.mark.parametrize('collate', [pseudo_collate, default_collate])
def test_other_collate_functions_are_told(source, collate):
    with pytest.raises(KeyError, match="collate_fn=dict.type='batch_collate'"):
        next(iter(DataLoader(ArrayDataset(source), 4, collate_fn=collate)))


def test_features_take_the_place_of_images_and_nothing_else_changes(source):
    dataset = ArrayDataset(source, 'train', val_fraction=0.5)
    before = dataset.__getitems__([7, 3])
    features = np.arange(2 * 35 * 4, dtype=np.float32).reshape(2, 35, 4)
    dataset.serve_features(features)
    batch = dataset.__getitems__([7, 3])
    assert batch['features'].tolist() == features[0, [7, 3]].tolist() and len(batch) == 2
    for old, new in zip(before['data_samples'], batch['data_samples'], strict=True):
        assert old.to_dict() == new.to_dict()
    assert take_batch([dataset[7], dataset[3]])['features'].equal(batch['features'])
    for epoch in range(5):
        dataset.serve_view(epoch)
        assert dataset[6]['features'].tolist() == [features[epoch % 2, 6].tolist()]
    with pytest.raises(KeyError, match='the feature cache serves features instead of images'):
        batch['inputs']
    dataset.serve_features(None)
    dataset.serve_view(3)
    assert dataset.__getitems__([7, 3])['inputs'].equal(before['inputs'])


@pytest.mark.parametrize('shape', [(35, 4), (1, 34, 4)])
def test_features_of_other_images_are_rejected(source, shape):
    dataset = ArrayDataset(source, 'train', val_fraction=0.5)
    with pytest.raises(ValueError, match='expected views x 35 images'):
        dataset.serve_features(np.zeros(shape, np.float32))


def test_a_pipeline_says_what_the_source_does_or_is_refused(source):
    steps = source.pipeline
    for given in ([], None, steps, [dict(step) for step in steps]):
        assert len(ArrayDataset(source, pipeline=given)) == 70
    steps[1] = dict(steps[1], size=(4, 6))
    for given in (steps, source.pipeline[:2], [*source.pipeline, dict(type='Flip')]):
        with pytest.raises(ValueError, match=r'pipeline=.*expected .*"size": \[4, 5\]'):
            ArrayDataset(source, pipeline=given)


def test_a_subset_keeps_its_rows_and_what_upstream_asks_of_it(source):
    val = ArrayDataset(source, 'val', val_fraction=0.1)
    some = val.get_subset([2, 0])
    assert some.rows.tolist() == [val.rows[2], val.rows[0]] and len(val) == 7
    info = some.get_data_info(1)
    assert info['gt_label'] == val.labels[0] and info['img'].shape == (4, 5, 3)
    assert (info['img'] == source.picture(val.rows[0])).all()
    assert some.CLASSES == ('a', 'b', 'c')

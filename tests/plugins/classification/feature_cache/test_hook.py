"""A run on features is the run on images, sooner."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config

from plugins.classification.feature_cache import hook
from plugins.engine.fast_dev_run import limit_to_fast_dev_run
from plugins.engine.hooks import RunRecordHook
from tests.conftest import DIGITS

from .conftest import config

FLIP = [dict(type='RandomFlip', prob=0.5, direction='horizontal')]
PREPROCESSOR = 'model.data_preprocessor'
PHASES = dict(type='TrainablePhasesHook', phases=[
    dict(begin=0, trainable=['head']), dict(begin=2, trainable=None)])


def history(runner: Any) -> list[dict[str, float]]:
    """Training loss and validation of each epoch."""
    record = next(h for h in runner.hooks if isinstance(h, RunRecordHook))
    return [dict(entry['metrics'], train=entry['train']['loss']) for entry in record.history]


def assert_same_training(one: Any, other: Any) -> None:
    """Every epoch's figures and, at the end, every weight and buffer."""
    first, second = history(one), history(other)
    assert len(first) == len(second) > 0
    for a, b in zip(first, second, strict=True):
        assert a == pytest.approx(b, abs=1e-4)
    weights = other.model.state_dict()
    assert weights.keys() == one.model.state_dict().keys()
    for name, weight in one.model.state_dict().items():
        torch.testing.assert_close(weight, weights[name], rtol=1e-3, atol=1e-3)


def features_of(runner: Any, part: str = 'train') -> np.ndarray | None:
    return getattr(runner, f'{part}_dataloader').dataset._features


def about(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix('.json').read_text())


@pytest.mark.parametrize('changes, shape', [
    ({}, (32,)),  # behind the pool
    ({f'{PREPROCESSOR}.train_geometry': [dict(type='Resize', size=(24, 24))],
      f'{PREPROCESSOR}.eval_geometry': [dict(type='CenterCrop', size=(12, 12))]}, (32,)),
    ({'channels_last': True}, (32,)),
    ({'model.neck': dict(type='ConvNeck', in_channels=32, out_channels=4),
      'model.trainable': ['neck', 'head'], 'model.head.in_channels': 4}, (32, 1, 1)),
    # report A's neck, which has more values than what it is given
    ({'model.neck': dict(type='AdaptivePoolNeck', output_size=3),
      'model.head.in_channels': 288}, (32, 1, 1)),
], ids=['pool', 'two geometries', 'channels last', 'neck learns', 'larger neck'])
def test_every_figure_is_that_of_the_run_on_images(train, changes, shape):
    images, features = train('images', None, **changes), train('features', **changes)
    assert features_of(features).shape == (1, 72, *shape)
    assert features_of(features, 'val').shape == (1, 18, *shape)
    assert features_of(images) is None
    assert_same_training(features, images)
    assert len({entry['loss'] for entry in history(images)}) == 3, 'the epochs differ'


LAST_STAGE = {'model.trainable': ['backbone.layer4', 'head']}
LAST_BLOCK = {'model.trainable': ['backbone.layer4.1', 'head']}
DENSE = {
    'model.backbone': dict(type='DenseNet', arch=dict(
        growth_rate=4, depths=[2, 2], init_channels=8)),
    'model.trainable': ['backbone.stages.1', 'backbone.transitions.1', 'head'],
    'model.head.in_channels': 16}


@pytest.mark.parametrize('changes, cut, shape', [
    (LAST_STAGE, 'backbone.layer3', (16, 4, 4)),
    (LAST_BLOCK, 'backbone.layer4.0', (32, 2, 2)),
    (LAST_BLOCK | {'model.backbone.norm_eval': True}, 'backbone.layer4.0', (32, 2, 2)),
    (LAST_BLOCK | {'model.backbone.depth': 50, 'model.trainable': ['backbone.layer4.2', 'head'],
                   'model.head.in_channels': 128}, 'backbone.layer4.1', (128, 2, 2)),
    (LAST_STAGE | {'channels_last': True}, 'backbone.layer3', (16, 4, 4)),
    (LAST_STAGE | {f'{PREPROCESSOR}.eval_geometry': [dict(type='Resize', size=(48, 64))]},
     'backbone.layer3', (16, 4, 4)),
    ({'model.trainable': None, 'model.backbone.frozen_stages': 2}, 'backbone.layer2', (8, 8, 8)),
    (DENSE, 'backbone.transitions.0', (8, 8, 8)),
], ids=lambda value: value if isinstance(value, str) else '')
def test_the_layers_behind_the_frozen_ones_are_trained_as_ever(
        train, stored, changes, cut, shape):
    """At 64 px; BatchNorm's statistics of these layers are compared, too."""
    size = [dict(type='Resize', size=(64, 64))]
    changes = {f'{PREPROCESSOR}.train_geometry': size, f'{PREPROCESSOR}.eval_geometry': size,
               'optim_wrapper.optimizer.lr': 1e-3} | changes
    images, features = train('images', None, **changes), train('features', **changes)
    assert features_of(features).shape == (1, 72, *shape)
    assert {about(path)['stage'] for path in stored()} == {cut}
    assert_same_training(features, images)
    assert history(features) == history(images), 'not even rounding differs'
    before = train('untrained', None, epochs=1, **changes | {'optim_wrapper.optimizer.lr': 0.})
    moved = {name for name, value in features.model.named_parameters()
             if not torch.allclose(value, before.model.get_parameter(name))}
    assert moved == {name for name, value in features.model.named_parameters()
                     if value.requires_grad}, 'all that is to learn has learnt'


def test_folds_share_the_features_of_all_images(train, tmp_path):
    for index in range(2):
        folds = {f'{part}_dataloader.dataset.folds': dict(number=3, index=index)
                 for part in ('train', 'val')}
        images, features = train('images', None, **folds), train('features', **folds)
        assert features_of(features).shape == (1, 90, 32)
        assert_same_training(features, images)
    assert len(list(tmp_path.rglob('*.npy'))) == 2, 'one of train, one of val'


def test_the_checkpoint_is_the_whole_models_and_is_tested_on_images(train, tmp_path):
    runner = train('features')
    path = tmp_path / 'features/epoch_3.pth'
    found = torch.load(path)['state_dict']
    assert found.keys() == runner.model.state_dict().keys()
    images = train('tested', None, load_from=str(path), train_cfg__max_epochs=1,
                   optim_wrapper__optimizer__lr=0.)
    # a rate of 0 leaves all but BatchNorm's statistics in the head, which validation uses
    images.model.load_state_dict(found)
    assert images.val_loop.run() == pytest.approx(
        {key: value for key, value in history(runner)[-1].items() if key != 'train'}, abs=1e-4)


@pytest.mark.parametrize('changes', [
    {}, LAST_BLOCK | {'optim_wrapper.optimizer.lr': 1e-3}], ids=['head', 'last block'])
def test_a_resumed_run_on_features_is_the_resumed_run_on_images(
        train, tmp_path, capsys, changes):
    runners = []
    for name, cache in (('images', None), ('features', {})):
        train(name, cache, epochs=2, **changes)
        capsys.readouterr()
        runners.append(train(name, cache, epochs=4, resume=True, **changes,
                             load_from=str(tmp_path / name / 'epoch_2.pth')))
    assert capsys.readouterr().out.count('reused') == 2
    assert len(history(runners[1])) == 4
    assert_same_training(runners[1], runners[0])


@pytest.mark.parametrize('changes, new', [
    ({}, 0), ({'randomness.seed': 1}, 2),  # seed 1 makes another backbone
    ({f'{PREPROCESSOR}.mean': [120.] * 3}, 2),
    ({f'{PREPROCESSOR}.train_geometry': [dict(type='Resize', size=(24, 24))]}, 2),
    ({'model.backbone.strides': (1, 1, 2, 2)}, 2),  # the weights are the same
    ({'model.head.dropouts': [0., 0.], 'optim_wrapper.optimizer.lr': 0.1}, 0),
    ({'train_dataloader.dataset.source': dict(type='drawn_stripes', seed=1)}, 1),
    ({'train_dataloader.dataset.val_fraction': 0.4}, 1),
    ({'train_dataloader.batch_size': 8}, 0)])
def test_features_are_used_again_where_nothing_that_they_depend_on_has_changed(
        train, stored, changes, new):
    train('first', epochs=1)
    assert len(stored()) == 2
    train('second', epochs=1, **changes)
    assert len(stored()) == 2 + new


def test_what_the_code_no_longer_computes_is_computed_anew(train, stored, monkeypatch, capsys):
    train('first', epochs=1)
    real = hook.FrozenPrefix.__call__
    monkeypatch.setattr(hook.FrozenPrefix, '__call__',
                        lambda self, *args, **kwargs: 1.1 * real(self, *args, **kwargs))
    capsys.readouterr()
    train('second', epochs=1)
    out = capsys.readouterr().out
    assert out.count('computed again (the current network computes different ones)') == 2
    assert len(stored()) == 2


def test_mixed_precision_is_that_of_the_run(train, stored):
    """mmengine validates in float32 whatever the training's precision."""
    changes = {'optim_wrapper.type': 'Bf16OptimWrapper'}
    images, features = train('images', None, **changes), train('features', **changes)
    found = {about(path)['preprocessing']: about(path)['precision'] for path in stored()}
    assert found == {'train': 'torch.bfloat16', 'eval': 'torch.float32'}
    values = torch.from_numpy(features_of(features).copy())
    assert values.equal(values.bfloat16().float())
    for a, b in zip(history(features), history(images), strict=True):
        assert (a['train'], a['loss']) == pytest.approx((b['train'], b['loss']), abs=0.02)


def test_mixed_precision_continues_in_the_precision_of_the_cut(train):
    """Else the next dense block would begin with float32 values."""
    changes = {'optim_wrapper.type': 'Bf16OptimWrapper', 'optim_wrapper.optimizer.lr': 1e-3}
    images, features = (train(name, cache, **changes | DENSE)
                        for name, cache in (('images', None), ('features', {})))
    assert history(features) == history(images)


def test_views_take_turns_and_follow_from_the_seed(train, stored):
    augmented = {f'{PREPROCESSOR}.train_geometry': FLIP}
    runner = train('one', dict(views=3), epochs=5, **augmented)
    dataset, features = runner.train_dataloader.dataset, features_of(runner)
    assert features.shape == (3, 72, 32) and features_of(runner, 'val').shape == (1, 18, 32)
    same = [np.isclose(features[0], features[view]).all(axis=1).mean() for view in (1, 2)]
    assert all(0.3 < share < 0.7 for share in same), 'half of the flips agree'
    assert dataset._view == 4 % 3
    assert (dataset.__getitems__([5, 2])['features'].numpy() == features[1][[5, 2]]).all()
    assert len(stored()) == 2
    again = train('again', dict(views=3), **augmented)
    assert (features_of(again) == features).all() and len(stored()) == 2
    train('other', dict(views=2), epochs=1, **augmented)
    assert len(stored()) == 3


def test_without_augmentation_there_is_one_view(train, stored):
    one, many = train('one', epochs=2), train('many', dict(views=5), epochs=2)
    assert features_of(many).shape == (1, 72, 32) and len(stored()) == 2
    assert history(many) == history(one)


def test_phases_have_features_while_the_backbone_is_frozen(train):
    changes = {'model.trainable': None, 'default_hooks.phases': PHASES}
    images = train('images', None, epochs=4, **changes)
    served = []
    real = hook.ArrayDataset.serve_features

    def follow(self: Any, features: np.ndarray | None, **settings: Any) -> None:
        served.append(features is not None)
        real(self, features, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hook.ArrayDataset, 'serve_features', follow)
        features = train('features', epochs=4, **changes)
    assert served == [True, True, False, False]
    assert features_of(features) is None
    assert features.model.features_of is None, 'stale features would be refused'
    assert_same_training(features, images)


def test_each_phase_has_the_features_of_what_it_freezes(train, stored, tmp_path, capsys):
    changes = {'model.trainable': None, 'default_hooks.phases': dict(
        type='TrainablePhasesHook', phases=[
            dict(begin=begin, trainable=names) for begin, names in (
                (0, ['head']), (1, LAST_BLOCK['model.trainable']),
                (3, LAST_STAGE['model.trainable']), (4, None))]),
        'optim_wrapper.optimizer.lr': 1e-3}
    images = train('images', None, epochs=5, **changes)
    assert_same_training(train('features', epochs=5, **changes), images)
    cuts = ['neck', 'backbone.layer4.0', 'backbone.layer3']
    assert sorted(about(path)['stage'] for path in stored()) == sorted(2 * cuts)
    # killed within the second phase, when its layers have changed, and continued
    train('resumed', epochs=2, **changes)
    capsys.readouterr()
    resumed = train('resumed', epochs=5, resume=True, **changes,
                    load_from=str(tmp_path / 'resumed/epoch_2.pth'))
    out = capsys.readouterr().out
    assert out.count('reused') == 4 and 'computed' not in out and len(stored()) == 6
    assert_same_training(resumed, images)


def test_a_neck_that_begins_to_learn_is_given_the_backbones_features(train, stored):
    changes = {
        'model.trainable': None, 'model.head.in_channels': 4,
        'model.neck': dict(type='ConvNeck', in_channels=32, out_channels=4),
        'default_hooks.phases': dict(type='TrainablePhasesHook', phases=[
            dict(begin=0, trainable=['head']), dict(begin=1, trainable=['neck', 'head'])])}
    images, features = train('images', None, **changes), train('features', **changes)
    assert sorted(about(path)['stage'] for path in stored()) == ['backbone'] * 2 + ['neck'] * 2
    assert features_of(features).shape == (1, 72, 32, 1, 1)
    assert_same_training(features, images)


@pytest.mark.parametrize('only_check, changes', [
    (False, {}), (True, {}), (True, {'model.trainable': None, 'default_hooks.phases': PHASES})])
def test_the_disk_must_hold_all_parts_together(train, stored, monkeypatch, only_check, changes):
    usage = shutil.disk_usage('/')._replace(free=90 * 32 * 4 - 1)  # bytes; training alone fits
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(OSError, match='GB needed for features'):
        train('run', dict(only_check=only_check), **changes)
    assert not stored()


def test_a_fast_dev_run_checks_and_stores_nothing(train, stored, tmp_path, capsys):
    cfg = Config(config(tmp_path))
    cfg.default_hooks.feature_cache = dict(type='FeatureCacheHook')
    limit_to_fast_dev_run(cfg)
    check = dict(only_check=cfg.default_hooks.feature_cache.only_check)
    runner = train('dev', check, epochs=1)
    assert 'features to compute: 0.0115 MB, into' in capsys.readouterr().out
    assert not stored() and features_of(runner) is None
    with pytest.raises(ValueError, match='found no frozen first layers'):
        train('wrong', check, model__trainable=None)


MIXUP = dict(augments=[dict(type='Mixup', alpha=0.8)])


def outliving(part: str) -> dict[str, Any]:
    """Workers that would go on serving the first phase's features."""
    return {'model.trainable': None, 'default_hooks.phases': PHASES,
            f'{part}_dataloader.num_workers': 1, f'{part}_dataloader.persistent_workers': True}


@pytest.mark.parametrize('changes, message', [
    ({'model.trainable': None}, 'backbone.conv1.weight is trainable; .* and 77 more'),
    ({f'{PREPROCESSOR}.train_geometry': FLIP}, 'set views=K'),
    ({f'{PREPROCESSOR}.color': [dict(type='ColorJitter', brightness=.2)]}, 'set views=K'),
    ({f'{PREPROCESSOR}.batch_augments': MIXUP, f'{PREPROCESSOR}.num_classes': 3},
     'batch_augments mix different'),
    ({PREPROCESSOR: dict(type='ClsDataPreprocessor')}, 'is ClsDataPreprocessor, expected'),
    (outliving('train'), 'train_dataloader.persistent_workers=True, expected False'),
    (outliving('val'), 'val_dataloader.persistent_workers=True, expected False'),
])
def test_what_cannot_be_exact_is_refused(train, stored, changes, message):
    with pytest.raises(ValueError, match=message):
        train('refused', **changes)
    assert not stored()


@pytest.mark.slow
@pytest.mark.parametrize('trainable', ['head', 'backbone.stages.1,head'])
def test_two_processes_compute_the_features_of_one(repo_root, digits_root, tmp_path, trainable):
    """Digits, normalised by their own figures; a part of the network learns, by gloo processes."""
    data = [f'{loader}.dataset.source.data_root={digits_root / "train"}'
            for loader in ('train_dataloader', 'val_dataloader')]
    options = [
        'train_cfg.max_epochs=2', f'+model.trainable=[{trainable}]', *data,
        f'{PREPROCESSOR}.train_geometry=[]', f'{PREPROCESSOR}.eval_geometry=[]',
        f'{PREPROCESSOR}.input_size=None', 'model.head.in_channels=256',
        '+default_hooks.feature_cache.type=FeatureCacheHook',
        '+default_hooks.feature_cache.batch_size=32']
    for processes in (1, 2):
        done = subprocess.run(
            ['bash', 'tools/dist_train.sh', DIGITS, str(processes), '--work-dir',
             tmp_path / f'run{processes}', '--cfg-options', *options,
             f'+default_hooks.feature_cache.cache_dir={tmp_path / f"store{processes}"}'],
            cwd=repo_root, capture_output=True, text=True,
            env=dict(os.environ, VENV=str(Path(sys.executable).parents[1]), OMP_NUM_THREADS='1'))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count('features of train') == 1, 'the main process alone says so'
    for one in (tmp_path / 'store1').glob('*.npy'):
        other = np.load(tmp_path / 'store2' / one.name)
        np.testing.assert_allclose(np.load(one), other, rtol=1e-5, atol=1e-5)
    assert len(list((tmp_path / 'store2').glob('*.npy'))) == 2

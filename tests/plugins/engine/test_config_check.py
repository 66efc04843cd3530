from pathlib import Path

import pytest
from mmengine.config import Config

from plugins.engine.config_check import check_config, check_weights, read_config
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import Session
from plugins.engine.type_check import check_types
from tests.conftest import DIGITS

LEAVES = sorted(p for p in (REPO_ROOT / 'configs').rglob('*.py')
                if not {'_base_', 'search'} & set(p.parts))
DIGITS_FILE = str(REPO_ROOT / DIGITS)


@pytest.fixture
def cfg() -> Config:
    """A whole config, in a few keys."""
    return Config(dict(
        model=dict(type='M', backbone=dict(type='B'), neck=[dict(type='N')]), env_cfg=dict(),
        default_hooks=dict(timer=dict(type='IterTimerHook')), randomness=dict(seed=0),
        train_dataloader=dict(batch_size=4, num_workers=0),
        train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1))))


def test_every_leaf_passes():
    assert len(LEAVES) > 70
    for path in LEAVES:
        cfg = read_config(str(path))
        check_config(cfg)
        check_types(cfg)


@pytest.mark.parametrize('key, near', [
    ('train_cgf', 'train_cfg'), ('modle', 'model'), ('optim_wraper', 'optim_wrapper'),
    ('load_form', 'load_from'), ('default_hook', 'default_hooks'),
    ('param_schedulers', 'param_scheduler'), ('chanels_last', 'channels_last')])
def test_a_misspelt_key_is_refused_with_the_known_one(cfg, key, near):
    cfg[key] = dict(max_epochs=7)
    with pytest.raises(ValueError, match=f'nothing reads the key {key}; did you mean {near}?'):
        check_config(cfg)


def test_helper_variables_of_other_names_may_stay(cfg):
    for key in ('data_root', 'split', 'aug_a', 'train_pipeline', 'dataset_type', 'evaluator',
                'dataloader', 'hooks', 'max_epochs', 'num_classes', 'backend_args'):
        cfg[key] = 1
    check_config(cfg)


@pytest.mark.parametrize('path, value, message', [
    *((key, value, f'{key}=.*, expected a group of keys, or a list') for key, value in (
        ('param_scheduler', [None]), ('val_evaluator', ['Accuracy']), ('custom_hooks', 3))),
    ('model.head', None, 'has no model.head, expected a complete config'),
    ('train_cfg.max_epochs', 1.5, '^train_cfg.max_epochs=1.5, expected a whole number of at'),
    ('train_cfg.max_epochs', 0, 'max_epochs=0'), ('train_cfg.max_epochs', True, '=True'),
    ('train_cfg.val_interval', 0, 'train_cfg.val_interval=0, expected a whole number'),
    ('train_cfg.val_begin', -1, 'val_begin=-1'), ('train_cfg.max_iters', '9', "='9'"),
    ('train_dataloader.batch_size', 0, 'train_dataloader.batch_size=0, .* at least 1'),
    ('train_dataloader.num_workers', -1, 'num_workers=-1'),
    ('train_dataloader.num_workers', 100000, 'num_workers=100000, .* at most 256'),
    ('train_dataloader.batch_size', 10 ** 12, 'at least 1 and at most 1000000'),
    ('optim_wrapper.clip_grad', dict(max_norm=1, norm_type=0), r'norm_type=0, .* 1, or inf'),
    ('randomness.seed', -1, 'seed=-1, expected .* at least 0 and at most 4294967295'),
    ('randomness.seed', 2 ** 32, 'seed=4294967296'),
    ('optim_wrapper.clip_grad.max_norm', -1, 'clip_grad.max_norm=-1, expected a number above 0'),
    ('optim_wrapper.clip_grad', dict(norm_type=2), 'clip_grad.max_norm=None, expected a number'),
    ('optim_wrapper.clip_grad', dict(type='value', clip_value='a'), "clip_grad.clip_value='a'"),
    ('optim_wrapper.clip_grad', 5, r'clip_grad=5, expected dict\(max_norm=NUMBER\)'),
    ('optim_wrapper.optimizer.lr', -0.1, 'optimizer.lr=-0.1, expected a number in .0, inf.'),
    ('optim_wrapper.optimizer.lr', 'fast', "lr='fast'"),
    ('optim_wrapper.optimizer.lr', float('inf'), 'lr=inf'),
    ('optim_wrapper.optimizer.lr', float('nan'), 'lr=nan')])
def test_a_number_that_cannot_be_is_refused_by_its_key(cfg, path, value, message):
    cfg.merge_from_dict({path: value})
    with pytest.raises(ValueError, match=message):
        check_config(cfg)


def test_numbers_at_the_limits_and_missing_groups_pass(cfg):
    cfg.merge_from_dict({'optim_wrapper.optimizer.lr': 0, 'randomness.seed': 2 ** 32 - 1})
    check_config(cfg)
    cfg.merge_from_dict(dict(train_dataloader=None, train_cfg=None, optim_wrapper=None))
    check_config(cfg)


def test_a_part_of_a_config_is_rejected():
    for base, missing in (('default_runtime.py', 'model, expected a complete'),
                          ('models/resnet18.py', 'env_cfg, default_hooks, randomness')):
        with pytest.raises(ValueError, match=f'{base}: has no {missing}.*only parts'):
            Session(str(REPO_ROOT / 'configs/_base_' / base))


@pytest.mark.parametrize('text, message', [
    ('model = dict(\n', r"new.py: syntax error in it.*'\(' was never closed.*line 1"),
    ('model = dict(type=ResNet)\n', "new.py: undefined name .*'ResNet'"),
    ("_base_ = ['a.py', 'b.py']\n", 'new.py: cannot be merged .*Duplicate key'),
    ("_base_ = 'a.py'\nlr = dict(x=1)\n", 'new.py: cannot be merged .*lr')])
def test_a_config_that_cannot_be_read_is_refused(tmp_path, text, message):
    for name in 'ab':
        (tmp_path / f'{name}.py').write_text('lr = 1\n')
    (tmp_path / 'new.py').write_text(text)
    with pytest.raises(ValueError, match=message):
        Session(str(tmp_path / 'new.py'))


@pytest.mark.parametrize('where', ['model', 'model.backbone', 'model.neck.0'])
@pytest.mark.parametrize('listed', [True, False])
def test_weights_that_are_missing_are_found_missing_early(cfg, tmp_path, where, listed):
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'none.pth'))
    cfg.merge_from_dict({f'{where}.init_cfg': [dict(type='Kaiming'), init] if listed else init},
                        allow_list_keys=True)
    with pytest.raises(FileNotFoundError, match=rf'{where}\.init.* .*none.pth: no such file'):
        check_weights(cfg)
    Path(tmp_path / 'none.pth').touch()
    check_weights(cfg)


def test_load_from_is_looked_for_too_and_a_scheme_must_be_known(cfg):
    cfg.load_from = 'none.pth'
    with pytest.raises(FileNotFoundError, match='load_from .*none.pth: no such'):
        check_weights(cfg)
    cfg.load_from = 'torchvison://resnet18'
    with pytest.raises(ValueError, match='load_from torchvison://resnet18: unknown scheme torchvison://'):
        check_weights(cfg)
    for name in ('torchvision://none', 'https://example.org/none.pth'):  # only loading can tell
        cfg.load_from = name
        check_weights(cfg)

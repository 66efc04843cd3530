import pytest
from mmengine.config import Config

from plugins.engine.cfg_options import merge_options


@pytest.fixture
def cfg() -> Config:
    return Config(dict(
        model=dict(backbone=dict(depth=18)), optim_wrapper=dict(optimizer=dict(lr=0.1)),
        param_scheduler=[dict(gamma=0.1), dict(gamma=0.2)], data_root='data/x',
        custom_imports=dict(imports=['plugins.engine'])))


def test_changes_nested_keys_and_list_items(cfg):
    merge_options(cfg, {'optim_wrapper.optimizer.lr': 0.5, 'param_scheduler.1.gamma': 0.9})
    assert cfg.optim_wrapper.optimizer.lr == 0.5
    assert [s.gamma for s in cfg.param_scheduler] == [0.1, 0.9]


def test_changes_one_number_of_a_list_at_any_depth():
    """mmengine's own merge fails with an AttributeError there."""
    cfg = Config(dict(model=dict(dropouts=[0.5, 0.2], sizes=[[(64, 42), (89, 70)], [(1, 2)]])))
    merge_options(cfg, {'model.dropouts.1': 0.1, 'model.sizes.0.1.0': 99})
    assert cfg.model.dropouts == [0.5, 0.1]
    assert cfg.model.sizes == [[(64, 42), (99, 70)], [(1, 2)]]
    with pytest.raises(ValueError, match='expected a finite number; the config has 0.5'):
        merge_options(cfg, {'model.dropouts.0': 'many'})
    with pytest.raises(ValueError, match='model.dropouts.2: the config has no such key'):
        merge_options(cfg, {'model.dropouts.2': 0.1})


@pytest.mark.parametrize('key, near', [
    ('optim_wraper.optimizer.lr', 'optim_wrapper.optimizer.lr'),
    ('model.backbone.dept', 'model.backbone.depth'),
    ('param_scheduler.2.gamma', 'param_scheduler.1.gamma')])
def test_refuses_unknown_key_and_names_the_nearest(cfg, key, near):
    before = cfg.pretty_text
    with pytest.raises(ValueError, match=rf'{key}.*nearest existing key is {near}') as error:
        merge_options(cfg, {key: 1})
    assert f'+{key}' in str(error.value)
    assert cfg.pretty_text == before


def test_plus_adds_a_key_and_only_a_new_one(cfg):
    merge_options(cfg, {'+model.backbone.frozen_stages': 1})
    assert cfg.model.backbone.frozen_stages == 1
    with pytest.raises(ValueError, match='already has model.backbone.depth'):
        merge_options(cfg, {'+model.backbone.depth': 34})


def test_refuses_helper_variables_which_nothing_reads(cfg):
    with pytest.raises(ValueError, match='data_root is a helper variable'):
        merge_options(cfg, {'data_root': 'elsewhere'})


@pytest.mark.parametrize('key, value, message', [
    ('model.backbone.depth', 'abc', 'expected a finite number; the config has 18'),
    ('optim_wrapper.optimizer.lr', float('nan'), 'lr=nan, expected a finite number.* 0.1'),
    ('optim_wrapper.optimizer.lr', float('inf'), 'lr=inf'),
    ('model.backbone', 5, r'group of keys \(depth\); name one of them, e.g. model.backbone.depth')])
def test_refuses_a_value_of_another_kind(cfg, key, value, message):
    with pytest.raises(ValueError, match=message):
        merge_options(cfg, {key: value})
    merge_options(cfg, {'model.backbone': None})
    assert cfg.model.backbone is None

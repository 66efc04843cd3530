"""One table, asked by everything that compares configs: what each kind means to each of them."""
import inspect

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from plugins.engine.config_check import read_config
from plugins.engine.config_keys import (
    READ_KEYS,
    Kind,
    config_hash,
    decides_prediction,
    dotted,
    kind_of,
    may_change_on_resume,
    resolved_keys,
)
from plugins.engine.experiment import check_resumed, other_model
from tests.plugins.engine.test_config_check import LEAVES

KINDS = {
    Kind.PLACE: (
        'work_dir', 'randomness.seed', 'launcher', 'log_level', 'env_cfg.cudnn_benchmark',
        'train_dataloader.num_workers', 'val_dataloader.persistent_workers',
        'test_dataloader.dataset.data_root', 'train_dataloader.dataset.source.data_root',
        'train_dataloader.dataset.source.cache_dir', 'default_hooks.logger.interval',
        'default_hooks.progress.enabled', 'default_hooks.feature_cache.cache_dir',
        'visualizer.vis_backends.0.type', 'model.data_preprocessor.non_blocking', 'channels_last',
        'train_dataloader.dataset.pipeline.0.budget_mb', 'default_hooks.checkpoint.interval',
        'default_hooks.disjoint_parts.val_may_be_test', 'default_hooks.logger',
        'resize_224px.0.size', 'data_root', 'split.seed'),  # helper variables of config files
    Kind.IMAGES: (
        'train_dataloader.dataset.source.held_out', 'train_dataloader.dataset.split.seed',
        'train_dataloader.dataset.ann_file', 'val_dataloader.dataset.part',
        'train_dataloader.dataset.source.classes.0', 'test_dataloader.dataset.source.split'),
    Kind.LEARNT: (
        'model.head.num_classes', 'train_dataloader.batch_size', 'train_cfg.max_epochs',
        'optim_wrapper.optimizer.lr', 'default_hooks.feature_cache.views', 'val_evaluator.type',
        'default_hooks.early_stop.patience', 'model.new', 'train_dataloader.dataset.source.size',
        'default_hooks.checkpoint.save_best', 'load_from', 'custom_hooks.0.type',
        'auto_scale_lr.base_batch_size', 'train_dataloader.dataset.class_map.car.0')}
KEYS = [(key, kind) for kind, keys in KINDS.items() for key in keys]


@pytest.mark.parametrize('key, kind', KEYS)
def test_everything_that_compares_configs_agrees_about_a_key(key, kind):
    """Seeds are averaged, and runs resumed, whatever differs in place; never over other images."""
    one, other = Config({}), Config({})
    one.merge_from_dict({key: 'a'})
    other.merge_from_dict({key: 'b'})
    assert kind_of(key) is kind
    assert (config_hash(one) == config_hash(other)) == (kind is Kind.PLACE)
    told = f'{key} was a, is b'
    if may_change_on_resume(key):
        check_resumed('x.pth', resolved_keys(one), resolved_keys(other))
    else:
        with pytest.raises(ValueError, match=told):
            check_resumed('x.pth', resolved_keys(one), resolved_keys(other))
    assert other_model(resolved_keys(one), resolved_keys(other)) == (
        told if key in ('model.head.num_classes', 'model.new') else '')


def test_what_may_change_on_resume_is_place_length_and_the_test():
    assert {key for key, kind in KEYS if may_change_on_resume(key) and kind is not Kind.PLACE} == {
        'train_cfg.max_epochs', 'default_hooks.early_stop.patience', 'load_from',
        'test_dataloader.dataset.source.split'}
    assert may_change_on_resume('test_evaluator.type')


def test_what_acts_in_training_alone_decides_no_prediction():
    for key in ('model.init_cfg.checkpoint', 'model.head.loss.type', 'model.backbone.frozen_stages',
                'model.train_cfg.assigner.type', 'model.data_preprocessor.train_geometry.0.type'):
        assert kind_of(key) is Kind.LEARNT and not decides_prediction(key)
    assert decides_prediction('model.data_preprocessor.mean')


def test_the_keys_that_are_read_are_the_runners_and_those_of_its_config():
    assert set(inspect.signature(Runner).parameters) < READ_KEYS
    source = inspect.getsource(inspect.getmodule(Runner))
    for key in READ_KEYS - set(inspect.signature(Runner).parameters):
        # Config itself reads one, RUNNERS.build one, TransferRunner one
        assert f"'{key}'" in source or key in ('custom_imports', 'runner_type', 'channels_last')


def test_kinds_of_all_keys_of_all_leaves():
    """What is not learnt, by the last word of its key: a new key may fit a pattern by accident."""
    words: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for path in LEAVES:
        for key, _ in dotted(read_config(str(path))._cfg_dict.to_dict()):
            if key.split('.')[0] in READ_KEYS and not key.startswith('default_hooks'):
                words[kind_of(key)].add([word for word in key.split('.') if not word.isdigit()][-1])
    assert words[Kind.IMAGES] == {
        'split', 'part', 'held_out', 'val_fraction', 'seed', 'max_per_class', 'classes', 'indices',
        'ann_file', 'train', 'val', 'test'}  # the last three are a split's fractions
    assert words[Kind.PLACE] - {'type'} == {
        'data_root', 'num_workers', 'persistent_workers', 'non_blocking', 'channels_last',
        'cudnn_benchmark', 'mp_start_method', 'opencv_num_threads', 'backend', 'log_level',
        'window_size', 'seed', 'deterministic', 'resume', 'find_unused_parameters'}


def test_the_feature_cache_decides_what_is_learnt_by_its_views_alone():
    from plugins.classification.feature_cache.hook import FeatureCacheHook
    arguments = inspect.signature(FeatureCacheHook).parameters
    assert {name for name in ['type', *arguments]
            if kind_of(f'default_hooks.feature_cache.{name}') is Kind.LEARNT} == {'views'}


def test_what_is_said_twice_counts_once():
    """Two names of one loader, and the pipeline of a data set whose source says the same."""
    def hashed(dataset):
        return config_hash(Config(dict(test_dataloader=dict(dataset=dataset))))
    load = [dict(type='LoadImageFromFile')]
    assert hashed(dict(type='A', pipeline=load)) == hashed(
        dict(type='A', pipeline=[dict(type='LoadCachedImage')])) != hashed(dict(type='A'))
    assert hashed(dict(type='ArrayDataset', source=dict(size=3), pipeline=load)) == hashed(
        dict(type='ArrayDataset', source=dict(size=3)))

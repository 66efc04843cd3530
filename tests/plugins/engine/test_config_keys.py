"""One table, asked by everything that compares configs: what each kind means to each of them."""
import pytest
from mmengine.config import Config

from plugins.engine.config_keys import (
    Kind,
    config_hash,
    decides_prediction,
    kind_of,
    may_change_on_resume,
    resolved_keys,
)
from plugins.engine.experiment import check_resumed, other_images, other_model

KINDS = {
    Kind.PLACE: (
        'work_dir', 'randomness.seed', 'launcher', 'log_level', 'env_cfg.cudnn_benchmark',
        'train_dataloader.num_workers', 'val_dataloader.persistent_workers',
        'test_dataloader.dataset.data_root', 'train_dataloader.dataset.source.data_root',
        'train_dataloader.dataset.source.cache_dir', 'default_hooks.logger.interval',
        'default_hooks.progress.enabled', 'default_hooks.feature_cache.cache_dir',
        'visualizer.vis_backends.0.type', 'model.data_preprocessor.non_blocking'),
    Kind.IMAGES: (
        'train_dataloader.dataset.source.held_out', 'train_dataloader.dataset.split.seed',
        'train_dataloader.dataset.ann_file', 'val_dataloader.dataset.part',
        'train_dataloader.dataset.source.classes.0', 'test_dataloader.dataset.source.split'),
    Kind.LEARNT: (
        'model.head.num_classes', 'train_dataloader.batch_size', 'train_cfg.max_epochs',
        'optim_wrapper.optimizer.lr', 'default_hooks.feature_cache.views', 'val_evaluator.type',
        'default_hooks.early_stop.patience', 'model.new', 'train_dataloader.dataset.source.size',
        'default_hooks.checkpoint.save_best')}
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
    assert other_images(resolved_keys(one), resolved_keys(other)) == (
        told if kind is Kind.IMAGES and key.startswith('train_') else '')
    assert other_model(resolved_keys(one), resolved_keys(other)) == (
        told if key in ('model.head.num_classes', 'model.new') else '')


def test_what_may_change_on_resume_is_place_length_and_the_test():
    assert {key for key, kind in KEYS if may_change_on_resume(key) and kind is not Kind.PLACE} == {
        'train_cfg.max_epochs', 'default_hooks.early_stop.patience',
        'test_dataloader.dataset.source.split'}
    assert may_change_on_resume('test_evaluator.type')


@pytest.mark.parametrize('key', [
    'model.init_cfg.checkpoint', 'model.head.loss.type', 'model.train_cfg.assigner.type',
    'model.backbone.frozen_stages', 'model.data_preprocessor.train_geometry.0.type'])
def test_what_acts_in_training_alone_decides_no_prediction(key):
    assert kind_of(key) is Kind.LEARNT and not decides_prediction(key)
    assert decides_prediction('model.data_preprocessor.mean')

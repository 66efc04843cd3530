import pytest
from mmengine.config import Config

from plugins.engine.config_keys import resolved_keys
from plugins.engine.experiment import check_resumed, other_images, other_model

EXPERIMENT = dict(
    model=dict(type='A', head=dict(num_classes=10)), train_dataloader=dict(
        batch_size=2, num_workers=0, dataset=dict(data_root='data/a', pipeline=[dict(p=0.5)])),
    val_dataloader=dict(batch_size=2), test_dataloader=dict(batch_size=2),
    optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)), param_scheduler=[],
    train_cfg=dict(max_epochs=3), val_evaluator=dict(type='Accuracy'),
    default_hooks=dict(early_stop=dict(monitor='loss', patience=5), logger=dict(interval=50)))
LASTING = {
    'model.head.num_classes': 9, 'train_dataloader.batch_size': 3,
    'train_dataloader.dataset.pipeline.0.p': 0.6, 'optim_wrapper.optimizer.lr': 0.2,
    'optim_wrapper.optimizer.type': 'Adam', 'val_evaluator.type': 'MeanLoss',
    'default_hooks.early_stop.monitor': 'top1', 'model.new': 1}
HARMLESS = {
    'train_cfg.max_epochs': 8, 'train_dataloader.num_workers': 4,
    'train_dataloader.dataset.data_root': 'elsewhere', 'test_dataloader.batch_size': 9,
    'default_hooks.early_stop.patience': 7, 'default_hooks.logger.interval': 1}


def changed(**options):
    cfg = Config(EXPERIMENT)
    cfg.merge_from_dict(options, allow_list_keys=True)
    return cfg


@pytest.mark.parametrize('key, value', LASTING.items())
def test_a_resumed_run_cannot_become_another_experiment(key, value):
    begun, asked = resolved_keys(changed()), resolved_keys(changed(**{key: value}))
    with pytest.raises(ValueError, match=f'x.pth was begun with another config: {key} was .*, is '
                       f'{value}. A resumed run keeps .* What may change: train_cfg.max_epochs'):
        check_resumed('x.pth', begun, asked)


@pytest.mark.parametrize('options', [{}, HARMLESS, dict(work_dir='b', randomness=dict(seed=1))])
def test_a_resumed_run_may_go_on_longer_and_elsewhere(options):
    check_resumed('x.pth', resolved_keys(changed()), resolved_keys(changed(**options)))
    check_resumed('x.pth', None, resolved_keys(changed(**LASTING)))  # of before it was kept


def test_the_first_three_of_many_differences_are_named():
    with pytest.raises(ValueError, match='num_classes was 10, is 9; .*; and 5 more. A'):
        check_resumed('x.pth', resolved_keys(changed()), resolved_keys(changed(**LASTING)))


@pytest.mark.parametrize('changes, told', [
    ({'model.head.num_classes': 9}, 'model.head.num_classes was 10, is 9'),
    ({'model.new': 1, 'model.type': 'B', 'model.head.num_classes': 9},
     'model.head.num_classes was 10, is 9; model.type was A, is B; model.new was absent, is 1'),
    ({'train_dataloader.batch_size': 3, 'optim_wrapper.optimizer.lr': 0.2}, ''),
    ({'model.init_cfg': 'weights', 'model.loss_weight': 3}, '')])
def test_another_model_is_told_from_other_training(changes, told):
    assert other_model(resolved_keys(changed()), resolved_keys(changed(**changes))) == told


def test_a_checkpoint_without_an_experiment_is_not_judged():
    assert other_model(None, resolved_keys(changed())) == ''


@pytest.mark.parametrize('key, told', [
    ('train_dataloader.dataset.split.seed', True), ('train_dataloader.dataset.ann_file', True),
    ('train_dataloader.dataset.data_root', False), ('train_dataloader.batch_size', False),
    ('test_dataloader.dataset.part', False)])
def test_other_training_images_are_told(key, told):
    asked = resolved_keys(changed(**{key: 1}))
    expected = f'{key} was absent, is 1' if told else ''
    assert other_images(resolved_keys(changed()), asked) == expected

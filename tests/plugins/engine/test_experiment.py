"""What differs, in words; which keys count is the matter of test_config_keys."""
import pytest
from mmengine.config import Config

from plugins.engine.config_keys import resolved_keys
from plugins.engine.experiment import check_resumed, other_model

LASTING = {
    'model.head.num_classes': 9, 'train_dataloader.batch_size': 3, 'model.new': 1,
    'model.head.in_channels': 5, 'optim_wrapper.optimizer.lr': 0.2}


def keys(**changes):
    cfg = Config(dict(
        model=dict(type='A', head=dict(num_classes=10)),
        train_dataloader=dict(batch_size=2), optim_wrapper=dict(optimizer=dict(lr=0.1))))
    cfg.merge_from_dict(changes)
    return resolved_keys(cfg)


def test_the_first_three_of_many_differences_are_named():
    with pytest.raises(ValueError, match='x.pth was begun with another config: .* was .*, is .*; .*'
                       ', is .*; .*, is .* and 2 more. A resumed run keeps .* What may change: '
                       'train_cfg.max_epochs'):
        check_resumed('x.pth', keys(), keys(**LASTING))


@pytest.mark.parametrize('changes, told', [
    ({'model.type': 'B', 'model.new': 1}, 'model.type was A, is B; model.new was absent, is 1'),
    ({'train_dataloader.batch_size': 3, 'model.init_cfg': 'weights', 'model.loss_weight': 3}, '')])
def test_another_model_is_told_from_other_training(changes, told):
    assert other_model(keys(), keys(**changes)) == told


def test_a_checkpoint_without_an_experiment_is_not_judged():
    assert other_model(None, keys(**LASTING)) == ''
    check_resumed('x.pth', None, keys(**LASTING))


@pytest.mark.parametrize('text', ['[1]', 'x', '[' * 100_000])
def test_a_damaged_experiment_is_told(text):
    with pytest.raises(ValueError, match='begun_experiment of the checkpoint is .*expected'):
        other_model(text, '{}')

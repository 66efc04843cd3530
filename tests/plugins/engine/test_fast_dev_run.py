import pytest
from mmengine.config import Config

from plugins.engine.fast_dev_run import FirstSamplesSampler, limit_to_fast_dev_run

SHUFFLE = dict(type='DefaultSampler', shuffle=True)


def test_takes_the_first_of_what_the_other_sampler_draws_anew_each_epoch():
    first = FirstSamplesSampler(range(100), SHUFFLE, num_samples=6, seed=0)
    epochs = []
    for epoch in range(2):
        first.set_epoch(epoch)
        epochs.append(list(first))
        assert epochs[-1] == list(first.sampler)[:6]
    assert len(first) == 6 and epochs[0] != epochs[1]
    small = FirstSamplesSampler(range(3), SHUFFLE, num_samples=6, seed=0)
    assert sorted(small) == [0, 1, 2] and len(small) == 3


@pytest.mark.parametrize('train_cfg, expected', [
    (dict(by_epoch=True, max_epochs=50), dict(max_epochs=1)),
    (dict(type='IterBasedTrainLoop', max_iters=9000), dict(max_iters=2))])
def test_cuts_loops_and_loaders(train_cfg, expected):
    cfg = Config(dict(
        train_cfg=train_cfg, default_hooks=dict(checkpoint=dict(type='CheckpointHook')),
        train_dataloader=dict(batch_size=4, num_workers=8, sampler=dict(SHUFFLE)),
        val_dataloader=None,
        test_dataloader=dict(batch_sampler=dict(batch_size=1), sampler=dict(SHUFFLE))))
    limit_to_fast_dev_run(cfg)
    assert cfg.train_dataloader.sampler.num_samples == 8
    assert cfg.train_dataloader.sampler.sampler == SHUFFLE
    assert cfg.test_dataloader.sampler.num_samples == 2
    assert {k: cfg.train_cfg[k] for k in expected} == expected
    assert cfg.default_hooks.checkpoint is None


def test_a_config_without_training_is_left_to_the_runner():
    limit_to_fast_dev_run(cfg := Config(dict(train_cfg=None, default_hooks=dict(checkpoint=None))))
    assert cfg.train_cfg is None


def test_hooks_that_want_checkpoints_do_without():
    cfg = Config(dict(
        train_cfg=dict(by_epoch=True, max_epochs=50),
        default_hooks=dict(
            checkpoint=dict(type='SafeCheckpointHook', save_best='accuracy/top1'),
            monitor_check=dict(type='MonitorCheckHook'), nothing=None,
            by_loss=dict(type='EarlyStopHook', monitor='loss'))))
    limit_to_fast_dev_run(cfg)
    assert cfg.default_hooks.monitor_check['keys'] == ['accuracy/top1']
    assert cfg.default_hooks.by_loss.restore_best is False

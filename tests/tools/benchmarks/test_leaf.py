from mmengine.config import Config

from tools.benchmarks.leaf import NEVER, TRAINING_ONLY, merged, write_leaf


def test_a_leaf_inherits_and_changes(tmp_path):
    base = 'basenet/basenet_scratch_1xb64-25e_cifar10-500-32px.py'
    cfg = Config.fromfile(write_leaf(tmp_path / 'a.py', base, **merged(
        TRAINING_ONLY, dict(train_dataloader=dict(batch_size=8)))))
    assert cfg.train_dataloader.batch_size == 8 and cfg.train_dataloader.num_workers == 0
    assert cfg.train_cfg.max_epochs == 1 and cfg.train_cfg.val_begin == NEVER
    assert cfg.default_hooks.checkpoint.type == 'SafeCheckpointHook'


def test_a_base_may_be_an_installed_packages(tmp_path):
    cfg = Config.fromfile(write_leaf(tmp_path / 'a.py', 'mmpretrain::_base_/default_runtime.py'))
    assert cfg.default_scope == 'mmpretrain'


def test_merging_goes_down_and_the_last_one_wins():
    first = dict(a=dict(b=1, c=[1, 2]), d=1)
    assert merged(first, dict(a=dict(c=[3])), dict(d=dict(e=2))) == dict(
        a=dict(b=1, c=[3]), d=dict(e=2))
    assert first == dict(a=dict(b=1, c=[1, 2]), d=1)

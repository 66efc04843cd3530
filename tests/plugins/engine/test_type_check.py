import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from plugins.engine.type_check import check_types


@MODELS.register_module()
class Narrow(torch.nn.Linear):
    """A linear layer of a config, which hands arguments on."""

    def __init__(self, in_channels: int, out_channels: int = 2, **kwargs: object) -> None:
        super().__init__(in_channels, out_channels, **kwargs)


@MODELS.register_module()
class Anything(torch.nn.Module):
    """Takes any argument."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__()


@pytest.mark.parametrize('config, message', [
    (dict(runner_type='Runer'), "^runner_type is 'Runer', which is no registered runner; near: "),
    (dict(runner_type='9' * 300), r"^runner_type is '9+\.\.\.9+', which is no registered runner"),
    (dict(model=dict(type='Narow')), "^model.type is 'Narow', .* model; near: Narrow"),
    (dict(model=dict(type='Narrow', in_channels=3, baias=True)),
     '^model.baias: Narrow has no such argument; near: bias'),
    (dict(model=dict(type='Anything', backbone=dict(type='ResNt'))), '^model.backbone.type is '),
    (dict(default_hooks=dict(timer=dict(type='IterTimerHok'))),
     "^default_hooks.timer.type is 'IterTimerHok', .* hook; near: IterTimerHook"),
    (dict(custom_hooks=[dict(type='EMAHook'), dict(type='LoggerHook', intervall=5)]),
     '^custom_hooks.1.intervall: LoggerHook has no such argument; near: interval'),
    (dict(train_dataloader=dict(num_worker=1)),
     '^train_dataloader.num_worker: DataLoader has no such argument; near: num_workers'),
    (dict(train_dataloader=dict(sampler=dict(type='DefaultSamplr'))), '.* data sampler; near: Def'),
    (dict(train_cfg=dict(by_epoch=True, max_epoch=3)), '^train_cfg.max_epoch: .*near: max_epochs'),
    (dict(optim_wrapper=dict(optimizer=dict(type='SDG', lr=1.))),
     "^optim_wrapper.optimizer.type is 'SDG', .*optimizer; near: .*SGD"),
    (dict(param_scheduler=[dict(type='StepLR', stepsize=3)]), 'r.0.stepsize: .*near: step_size'),
    (dict(val_evaluator=dict(type='Xyz')), "evaluator.type is 'Xyz', .*; expected one of .*Me")])
def test_a_misspelt_name_is_told_with_its_key(config, message):
    with pytest.raises(ValueError, match=message) as caught:
        check_types(Config(config))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('config', [
    dict(model=dict(type='Anything', depth=3, test_cfg=dict(nms=dict(type='nms')))),
    dict(model=dict(type=Narrow, dept=3)),  # a class instead of a name: Python checks it
    dict(model=dict(type='torch.nn.Identity')), dict(split=dict(type='a helper variable')),
    dict(default_hooks=dict(ema=dict(type='EMAHook', gamma=3, priority=1), nothing=None)),
    dict(param_scheduler=dict(type='OneCycleLR', eta_max=1., total_steps=3,
                              convert_to_iter_based=True)),
    dict(optim_wrapper=dict(type='OptimWrapper', constructor='X', clip_grad=dict(type='value')))])
def test_what_cannot_be_judged_is_left_to_mmengine(config):
    check_types(Config(config))

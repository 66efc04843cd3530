import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATA_SAMPLERS, HOOKS, MODELS, OPTIMIZERS, RUNNERS
from torch.utils.data import DataLoader

from plugins.engine.files import REPO_ROOT
from plugins.engine.readable_errors import readable_errors
from plugins.engine.session import Session
from tests.conftest import DIGITS


@MODELS.register_module()
class Narrow(torch.nn.Linear):
    """A linear layer of a config."""

    def __init__(self, in_channels: int, out_channels: int = 2, **kwargs: object) -> None:
        super().__init__(in_channels, out_channels, **kwargs)


@pytest.fixture
def cfg() -> Config:
    return Config(dict(
        model=dict(type='Narrow', in_channels=5, bias=True),
        default_hooks=dict(timer=dict(type='IterTimerHok')), runner_type='Runer',
        train_dataloader=dict(num_worker=1, sampler=dict(type='DefaultSamplr')),
        optim_wrapper=dict(optimizer=dict(type='SDG', lr=1.))))


@pytest.mark.parametrize('build, message', [
    (lambda cfg: HOOKS.build(cfg.default_hooks.timer),
     "^default_hooks.timer.type is 'IterTimerHok', which is no registered hook; near: IterTimerH"),
    (lambda cfg: DATA_SAMPLERS.build(cfg.train_dataloader.sampler),
     "^train_dataloader.sampler.type is 'DefaultSamplr', .* data sampler; near: DefaultSampler"),
    (lambda cfg: RUNNERS.build(cfg),
     "^runner_type is 'Runer', which is no registered runner; near: .*Runner"),
    (lambda cfg: MODELS.build(dict(in_channels=3)), 'a group of keys of the config has no type: '),
    (lambda cfg: MODELS.build(dict(cfg.model, depth=3)), None),  # the config has no such key
    (lambda cfg: DataLoader([], **cfg.train_dataloader),
     '^train_dataloader.num_worker: DataLoader has no such argument')])
def test_a_misspelt_name_is_told_with_its_key(cfg, build, message):
    if message is None:
        with pytest.raises(TypeError), readable_errors(cfg):
            build(cfg)
        return
    with pytest.raises(ValueError, match=message) as caught, readable_errors(cfg):
        build(cfg)
    assert '\n' not in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError | TypeError)


def test_an_argument_that_a_class_hands_on_is_told_by_the_configs_type(cfg):
    cfg.model.baias = cfg.model.pop('bias')
    with pytest.raises(ValueError, match='^model.baias: Narrow has no such argument; near: bias'), \
            readable_errors(cfg):
        MODELS.build(cfg.model)


def test_a_missing_argument_is_told(cfg):
    del cfg.model['in_channels']
    with pytest.raises(ValueError, match=r"^model \(type Narrow\) lacks 'in_channels'"), \
            readable_errors(cfg):
        MODELS.build(cfg.model)


def test_an_unknown_optimizer_is_told(cfg):
    """What mmengine's DefaultOptimWrapperConstructor says, from inspect.signature."""
    import inspect
    with pytest.raises(ValueError, match="^optim_wrapper.optimizer.type is 'SDG', .*near: .*SGD"), \
            readable_errors(cfg):
        inspect.signature(OPTIMIZERS.get('SDG'))


def test_a_layer_of_another_width_is_told_with_the_key_that_gave_it(cfg):
    layer = MODELS.build(cfg.model)
    with pytest.raises(ValueError, match='^a linear layer gets 7 channels, expected 5; '
                                         'set model.in_channels to 7'), readable_errors(cfg):
        layer(torch.zeros(3, 7))
    with pytest.raises(ValueError, match='^a convolution gets 3 channels, expected 4; correct'), \
            readable_errors(cfg):
        torch.nn.Conv2d(4, 2, 1)(torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize('error', [KeyError('x'), KeyError(), TypeError('bad operand'),
                                   RuntimeError('out of memory'), ZeroDivisionError()])
def test_other_errors_pass_as_they_are(cfg, error):
    with pytest.raises(type(error)) as caught, readable_errors(cfg):
        raise error
    assert caught.value is error


@pytest.mark.parametrize('option, message', [
    ('model.head.type=MLPClsHed', "model.head.type is 'MLPClsHed', .* model; near: MLPClsHead"),
    ('+default_hooks.logger.intervall=5', 'default_hooks.logger.intervall: LoggerHook has no such '
                                          'argument; near: interval')])
def test_a_session_builds_with_it(tmp_path, option, message):
    session = Session(str(REPO_ROOT / DIGITS), [option])
    session.enter_work_dir(str(tmp_path / 'w'), None, False)
    with pytest.raises(ValueError, match=message):
        session.build_runner()

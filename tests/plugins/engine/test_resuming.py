"""Everything with a state that a config can name, in one run and in a resumed run."""
import pytest
import torch
from mmengine.registry import OPTIMIZERS as REGISTERED
from mmengine.registry import PARAM_SCHEDULERS

from plugins.engine.checkpoint import read_checkpoint
from tests.plugins.engine.random_run import history, train_fixture  # noqa: F401

OPTIMIZERS = [
    dict(type='ASGD', lr=0.01, t0=2),  # averages from the third step on
    dict(type='Adamax', lr=0.01, weight_decay=0.3), dict(type='NAdam', lr=0.01, weight_decay=0.01),
    dict(type='Adagrad', lr=0.01, weight_decay=0.001), dict(type='Adadelta', lr=1.),
    dict(type='Adam', lr=0.01), dict(type='SGD', lr=0.01, momentum=0.8)]


@pytest.mark.parametrize('optimizer', OPTIMIZERS, ids=lambda cfg: cfg['type'])
def test_an_optimizer_steps_as_pytorchs_and_resumes_with_its_state(
        run_scripted, tmp_path, optimizer):
    whole = run_scripted(tmp_path / 'whole', None, epochs=3, optimizer=optimizer)
    run_scripted(tmp_path / 'cut', None, epochs=3, optimizer=optimizer,
                 kill=('before_train_iter', 2))
    resumed = run_scripted(tmp_path / 'cut', None, epochs=3, optimizer=optimizer, resume=True)

    weight = torch.nn.Parameter(torch.zeros(1))
    arguments = dict(optimizer)
    by_hand = getattr(torch.optim, arguments.pop('type'))([weight], **arguments)
    for _ in range(3):
        for inputs in (1., 2.):
            by_hand.zero_grad()
            (weight - inputs).square().sum().backward()
            by_hand.step()
    assert weight.item() != 0
    assert whole.model.weight.item() == resumed.model.weight.item()
    # a fused kernel rounds otherwise
    assert whole.model.weight.item() == pytest.approx(weight.item(), rel=1e-6)
    states = [runner.optim_wrapper.state_dict()['state'][0] for runner in (whole, resumed)]
    assert states[0].keys() == states[1].keys()
    for key, value in states[0].items():
        assert value == states[1][key], key


# Arguments of the schedulers, by their names without LR, Momentum or ParamScheduler.
SCHEDULERS = dict(
    Constant={}, CosineAnnealing=dict(T_max=3),
    CosineRestart=dict(periods=[1, 3], restart_weights=[1., 0.5], eta_min=0.),
    Exponential=dict(gamma=0.9), Linear={}, MultiStep=dict(milestones=[1, 2]),
    OneCycle=dict(eta_max=0.02, total_steps=15, by_epoch=False), Poly=dict(power=2.),
    ReduceOnPlateau=dict(monitor='a', rule='less', patience=0), Step=dict(step_size=1),
    ReduceLROnPlateau=dict(monitor='a', rule='less', patience=0),
    TimeDecay=dict(decay=0.1, by_epoch=False))
# These need a closure, sparse gradients, matrices alone, or several processes.
UNUSABLE = {'LBFGS', 'SparseAdam', 'Muon', 'ZeroRedundancyOptimizer', 'Optimizer'}
AVERAGES = ('ExponentialMovingAverage', 'MomentumAnnealingEMA', 'StochasticWeightAverage')


def scheduler(name):
    stem = name
    for ending in ('LR', 'Momentum', 'ParamScheduler'):
        stem = stem.removesuffix(ending)
    arguments = SCHEDULERS.get(name) or SCHEDULERS[stem]
    if name.endswith('ParamScheduler'):
        arguments = dict(arguments, param_name='lr')
    return dict(type=name, **arguments)


def wrapped(kind='OptimWrapper', optimizer='SGD', **changes):
    return dict(optim_wrapper=dict(type=kind, optimizer=dict(type=optimizer, lr=0.01), **changes))


def hook(**config):
    return dict(hooks=dict(stateful=config))


CASES = {
    **{name: dict(param_scheduler=[scheduler(name)]) for name in sorted(
        PARAM_SCHEDULERS.module_dict) if not name.startswith('_')},
    **{name: wrapped(optimizer=name) for name in sorted(set(REGISTERED.module_dict) - UNUSABLE)},
    'accumulation': wrapped(accumulative_counts=4),
    **{kind: wrapped(kind, clip_grad=dict(max_norm=0.1), optimizer='AdamW')
       for kind in ('OptimWrapper', 'DeferredNormOptimWrapper', 'Bf16OptimWrapper')},
    **{name: hook(type='EMAHook', ema_type=name) for name in AVERAGES},
    'EMAHook of buffers': hook(type='EMAHook', update_buffers=True, begin_epoch=2),
    'EarlyStopHook': hook(type='EarlyStopHook', monitor='a', rule='less', patience=2,
                          restore_best=False),
    'EarlyStoppingHook': hook(type='EarlyStoppingHook', monitor='a', rule='less', patience=2),
    'SyncBuffersHook': hook(type='SyncBuffersHook')}


def differing(found, expected, key=''):
    """The places where two contents of checkpoints differ."""
    if isinstance(expected, dict):
        return [place for name in expected.keys() | found.keys() for place in differing(
            found.get(name), expected.get(name), f'{key}.{name}')]
    if isinstance(expected, (list, tuple)):
        return [place for i, (a, b) in enumerate(zip(found, expected, strict=True))
                for place in differing(a, b, f'{key}.{i}')]
    same = torch.equal(found, expected) if torch.is_tensor(expected) else found == expected
    return [] if same else [key]


@pytest.mark.parametrize('name', CASES)
def test_a_resumed_run_ends_as_the_whole_one(train, tmp_path, name):
    ends = []
    for start in (None, 'iter_7.pth'):  # in the middle of the second epoch
        runner = train(resume=start, checkpoint=dict(
            by_epoch=False, interval=7, max_keep_ckpts=-1), **CASES[name])
        content = read_checkpoint(tmp_path / f'run/iter_{runner.iter}.pth')
        ends.append(dict({key: content.get(key) for key in (
            'state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers')},
            history=history(runner), position=content['meta']['position']))
    assert differing(*ends) == []

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


SLOW = wrapped()  # with the rate of 0.1, the weights overflow after three epochs
LONGER = [
    dict(type='StepLR', step_size=1), dict(type='StepLR', step_size=2, by_epoch=True,
                                           convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[2, 3]), dict(type='ExponentialLR', gamma=0.8),
    dict(type='TimeDecayLR', decay=0.1, by_epoch=False),
    dict(type='CosineRestartLR', periods=[1, 3], restart_weights=[1., 0.5], eta_min=0.),
    dict(type='CosineAnnealingLR', T_max=3), dict(type='LinearLR', by_epoch=False, end=7),
    dict(type='ReduceLROnPlateau', monitor='a', rule='less', patience=0),
    dict(type='ReduceOnPlateauLR', monitor='a', rule='less', patience=0)]


@pytest.mark.parametrize('schedule', LONGER, ids=lambda one: one['type'])
def test_a_run_resumed_for_more_epochs_ends_as_a_straight_one(schedule, train, tmp_path):
    """After the epoch that was to be the last one, too; mmengine's schedules end there."""
    ends = []
    for name, resume, epochs in (('whole', None, 4), ('cut', None, 2), ('cut', 'epoch_2.pth', 4)):
        runner = train(name, resume=resume, param_scheduler=[dict(schedule)], **SLOW,
                       train_cfg=dict(by_epoch=True, max_epochs=epochs))
        ends.append((runner.model.state_dict(), runner.optim_wrapper.get_lr()))
    assert differing(*ends[::2]) == [] and differing(*ends[:2]) != []


@pytest.mark.parametrize('counts', [
    {}, dict(by_epoch=False), dict(by_epoch=True, convert_to_iter_based=True)])
@pytest.mark.parametrize('schedule', [
    dict(type='CosineAnnealingLR'), dict(type='OneCycleLR', eta_max=0.02), dict(type='LinearLR'),
    dict(type='PolyLR'), dict(type='ConstantLR')], ids=lambda one: one['type'])
def test_schedules_that_depend_on_the_runs_length_follow_it(schedule, counts, train):
    """They reach their end with the run; so a resumed run cannot be longer, or shorter."""
    def rate(epochs, **changes):
        runner = train(param_scheduler=[dict(schedule, **counts)], **SLOW,
                       train_cfg=dict(by_epoch=True, max_epochs=epochs), **changes)
        return runner.param_schedulers[0].end, runner.optim_wrapper.get_lr()['lr'][0]
    steps = 1 if not counts else 5  # in an epoch
    assert [rate(epochs)[0] for epochs in (2, 3)] == [2 * steps, 3 * steps]
    with pytest.raises(ValueError, match='train_cfg.max_epochs was 3, is 4, but the rates of param_'
                       rf'scheduler.0 \({schedule["type"]}\) depend on the length of the run'):
        rate(4, resume='epoch_3.pth')


def test_a_schedule_that_counts_epochs_is_refused_in_a_run_by_iterations(train):
    loop = dict(by_epoch=False, max_iters=7, val_interval=7)
    for counts in ({}, dict(convert_to_iter_based=True)):
        with pytest.raises(ValueError, match='^param_scheduler.1: CosineAnnealingLR counts epochs'):
            train(loop=loop, param_scheduler=[dict(type='LinearLR', by_epoch=False, end=2),
                                              dict(type='CosineAnnealingLR', **counts)])
    for schedule in (dict(type='CosineAnnealingLR', by_epoch=False),
                     dict(type='ReduceLROnPlateau', monitor='a', rule='less', patience=0)):
        train(loop=loop, param_scheduler=[schedule])


def test_a_run_by_iterations_resumed_for_more_ends_as_a_straight_one(train):
    ends = []
    for name, resume, most in (('whole', None, 9), ('cut', None, 7), ('cut', 'iter_7.pth', 9)):
        runner = train(name, resume=resume, loop=dict(by_epoch=False, max_iters=most,
                                                      val_interval=1), **SLOW,
                       param_scheduler=[dict(type='StepLR', step_size=1, by_epoch=False)],
                       checkpoint=dict(by_epoch=False, interval=1, save_begin=7))
        ends.append(runner.model.state_dict())
    assert differing(*ends[::2]) == []

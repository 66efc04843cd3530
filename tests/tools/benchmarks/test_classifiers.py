from dataclasses import replace

import pytest
import torch

from tools.benchmarks.classification import recipes
from tools.benchmarks.classifiers import Contest, compare_losses
from tools.benchmarks.clock import network_weights
from tools.benchmarks.record import Settings


def test_losses_are_compared_step_by_step():
    losses = dict(ours=[torch.tensor(2.), torch.tensor(1.)],
                  bare=[torch.tensor(2.), torch.tensor(1.01)])
    assert compare_losses(losses, .02)['largest relative difference'] == .01
    with pytest.raises(ValueError, match='differ by 0.01, expected at most 0.005'):
        compare_losses(losses, .005)
    with pytest.raises(ValueError, match='differ by nan'):
        compare_losses(dict(ours=[torch.tensor(1.)], bare=[torch.tensor(float('nan'))]), .1)


@pytest.fixture(scope='module')
def contest(tmp_path_factory):
    recipe = replace(recipes(quick=True)[0], warmup=1, iterations=2, check_steps=2)
    return Contest(recipe, Settings(tmp_path_factory.mktemp('contest'), quick=True))


def test_ours_stock_and_bare_train_alike(contest):
    assert contest.check()['largest relative difference'] <= 1e-5


def test_another_normalisation_is_found(contest, monkeypatch):
    monkeypatch.setattr(contest, 'mean', [mean + 2 for mean in contest.mean])
    with pytest.raises(ValueError, match='would not be the same training'):
        contest.check()


def test_all_are_timed_on_the_recipes_batches(contest):
    blocks = contest.blocks([0])
    assert list(blocks) == ['ours', 'stock, 0 workers', 'bare']
    start = {key: value.clone() for key, value in contest.weights.items()}
    for block in blocks.values():
        block()
    assert all(torch.equal(contest.weights[key], value) for key, value in start.items())
    runner = blocks['ours'].runner
    assert runner.iter == len(blocks['ours'].clock.losses) >= 3
    assert runner.train_dataloader.batch_size == contest.batch == 64
    assert any(not torch.equal(value, start[key])
               for key, value in network_weights(runner.model).items())
    assert runner.optim_wrapper.optimizer.defaults['fused'] is True
    assert contest.facts()['optimizer of ours and bare'] == 'Adam, fused=True'
    assert [type(hook).__name__ for hook in runner.hooks][-1] == 'ClockHook'
    assert {'ProgressHook', 'RunRecordHook', 'MonitorCheckHook'} <= {
        type(hook).__name__ for hook in runner.hooks}  # all that tools/train.py has

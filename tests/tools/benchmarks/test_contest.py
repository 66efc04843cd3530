import pytest
import torch

from tools.benchmarks.contest import bare_optimizer, compare_losses

ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.01))


def test_losses_are_compared_step_by_step():
    losses = dict(ours=[torch.tensor(2.), torch.tensor(1.)],
                  bare=[torch.tensor(2.), torch.tensor(1.01)])
    assert compare_losses(losses, .02)['largest relative difference'] == .01
    with pytest.raises(ValueError, match='differ by 0.01, expected at most 0.005'):
        compare_losses(losses, .005)
    with pytest.raises(ValueError, match='differ by nan'):
        compare_losses(dict(ours=[1.], bare=[float('nan')]), .1)


def test_bare_has_the_kernel_of_ours():
    network = torch.nn.Linear(2, 2)
    optimizer = bare_optimizer(ADAM, network)
    assert type(optimizer) is torch.optim.Adam and optimizer.defaults['fused'] is True
    assert optimizer.defaults['lr'] == 0.01
    assert optimizer.param_groups[0]['params'] == list(network.parameters())
    scaled = dict(ADAM, type='AmpOptimWrapper')
    assert not bare_optimizer(scaled, network).defaults['fused']

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tools.benchmarks.contest import bare_optimizer, bare_training, batch_rows, compare_losses

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


def setup() -> tuple:
    torch.manual_seed(0)
    network = nn.Linear(12, 4)
    return torch.randn(10, 12), torch.arange(10) % 4, network, torch.optim.SGD(
        network.parameters(), lr=.1)


@pytest.mark.parametrize('clip', [None, .1])
def test_steps_are_those_of_a_loop_by_hand(clip):
    x, y, network, optimizer = setup()
    batches = ((x[rows], y[rows]) for rows in batch_rows(10, 4, shuffle=False))
    blocks = bare_training(batches, lambda x, y: F.cross_entropy(network(x), y), optimizer, 1, 2,
                           clip=clip)
    found = [loss for seconds, losses in itertools.islice(blocks, 2) for loss in losses
             if seconds > 0]

    x, y, network, optimizer = setup()
    wanted = []
    for first in (0, 4, 0, 4, 0, 4):  # the incomplete third batch of ten is left out
        loss = F.cross_entropy(network(x[first:first + 4]), y[first:first + 4])
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()
        wanted.append(loss.detach())
    torch.testing.assert_close(torch.stack(found), torch.stack(wanted))


def test_an_epoch_has_each_row_once_in_another_order():
    epochs = [torch.cat(list(itertools.islice(batches, 25))).tolist()
              for batches in [batch_rows(100, 4, shuffle=True)] * 2]
    assert epochs[0] != epochs[1] and sorted(epochs[0]) == sorted(epochs[1]) == list(range(100))

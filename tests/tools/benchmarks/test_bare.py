import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tools.benchmarks.bare import batch_rows, train


def setup() -> tuple:
    torch.manual_seed(0)
    network = nn.Linear(12, 4)
    return torch.randn(10, 12), torch.arange(10) % 4, network, torch.optim.SGD(
        network.parameters(), lr=.1)


@pytest.mark.parametrize('clip', [None, .1])
def test_steps_are_those_of_a_loop_by_hand(clip):
    x, y, network, optimizer = setup()
    batches = ((x[rows], y[rows]) for rows in batch_rows(10, 4, shuffle=False))
    blocks = train(batches, lambda x, y: F.cross_entropy(network(x), y), optimizer, 1, 2, clip=clip)
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


def test_float16_keeps_small_gradients_by_scaling_the_loss():
    moved = {}
    for dtype in (None, torch.float16):
        x, y, network, _ = setup()
        start = network.weight.detach().clone()
        # logits a ten millionth as large: gradients for which float16 has nothing but 0
        blocks = train(itertools.repeat((x, y)), lambda x, y, net=network: F.cross_entropy(
            net(x) * 1e-7, y), torch.optim.SGD(network.parameters(), lr=1e6), 1, 1, dtype)
        next(blocks)
        moved[dtype] = network.weight.detach() - start
    assert moved[None].abs().max() > 1e-3
    torch.testing.assert_close(moved[torch.float16], moved[None], rtol=.02, atol=1e-4)

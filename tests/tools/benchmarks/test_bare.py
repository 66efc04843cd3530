import itertools

import torch
import torch.nn.functional as F
from torch import nn

from tools.benchmarks.bare import train


def setup(images: int = 10) -> tuple:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (images, 3, 2, 2), dtype=torch.uint8, generator=generator)
    y = torch.arange(images) % 4
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 4))
    return x, y, network, torch.optim.SGD(network.parameters(), lr=.1)


def test_steps_are_those_of_a_loop_by_hand():
    mean, std = torch.full((3, 1, 1), 100.), torch.full((3, 1, 1), 50.)
    x, y, network, optimizer = setup()
    blocks = train(x, y, network, optimizer, lambda images: images, mean, std, 4, 1, 2,
                   shuffle=False)
    found = [loss for _, losses in itertools.islice(blocks, 2) for loss in losses]

    x, y, network, optimizer = setup()
    wanted = []
    for first in (0, 4, 0, 4, 0, 4):  # the incomplete third batch of ten images is left out
        loss = F.cross_entropy(network((x[first:first + 4] - mean) / std), y[first:first + 4])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        wanted.append(loss.detach())
    torch.testing.assert_close(torch.stack(found), torch.stack(wanted))


def test_data_are_left_as_they_are_and_an_epoch_sees_each_image_once():
    x, y, network, optimizer = setup(8)
    before, seen = x.clone(), []
    blocks = train(x, y, network, optimizer, lambda images: seen.append(images) or images,
                   torch.zeros(3, 1, 1), torch.ones(3, 1, 1), 4, 1, 1)
    seconds, losses = next(blocks)
    assert seconds > 0 and len(losses) == 2 and torch.equal(x, before)
    rows = {tuple(image.flatten().tolist()) for batch in seen for image in batch}
    assert rows == {tuple(image.flatten().tolist()) for image in x}


def test_float16_keeps_small_gradients_by_scaling_the_loss():
    moved = {}
    for dtype in (None, torch.float16):
        x, y, _, _ = setup(8)
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), Small())
        start = network[1].weight.detach().clone()
        blocks = train(x, y, network, torch.optim.SGD(network.parameters(), lr=1e6),
                       lambda images: images, torch.zeros(3, 1, 1), torch.full((3, 1, 1), 255.), 8,
                       1, 1, dtype, shuffle=False)
        next(blocks)
        moved[dtype] = network[1].weight.detach() - start
    # gradients of 1e-8, for which float16 has nothing but 0
    assert moved[None].abs().max() > 1e-3
    torch.testing.assert_close(moved[torch.float16], moved[None], rtol=.02, atol=1e-5)


class Small(nn.Module):
    """Logits a ten millionth as large."""

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return logits * 1e-7

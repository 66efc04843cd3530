"""Images and replayed draws that the augmentation tests share."""
import math

import pytest
import torch


@pytest.fixture
def smooth():
    """Makes B x 3 x H x W floats in 5 ... 250 whose finest wave is 48 pixels long.

    One bilinear resampling errs by at most A / 8 * ((2 pi / 48)^2 per axis) on
    such waves: 0.5 for both axes and A = 120. What differs between the images is the phase.
    """

    def make(batch: int, height: int, width: int) -> torch.Tensor:
        y = torch.arange(height).view(1, 1, -1, 1) * (2 * math.pi / 48)
        x = torch.arange(width).view(1, 1, 1, -1) * (2 * math.pi / 48)
        phase = torch.arange(batch * 3).view(batch, 3, 1, 1) * 0.7
        return 127.5 + 61 * torch.sin(x + phase) + 61 * torch.cos(y + 2 * phase)

    return make


@pytest.fixture
def recorded():
    """Makes a recipe remember what its steps drew: returns a list of dicts, one per step."""

    def record(recipe) -> list[dict]:
        drawn = [{} for _ in recipe.steps]
        for slot, step in enumerate(recipe.steps):
            def draw(size, rng, slot=slot, original=step.draw):
                drawn[slot] = original(size, rng)
                return drawn[slot]
            step.draw = draw
        return drawn

    return record

"""Colour against torchvision's formulas with the same factors and order."""

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from plugins.classification.augmentation import build_color, color
from plugins.classification.augmentation.color import ColorJitter

CHANGES = {
    color.adjust_brightness: tv.adjust_brightness,
    color.adjust_contrast: tv.adjust_contrast,
    color.adjust_saturation: tv.adjust_saturation,
}
JITTER = {'type': 'ColorJitter', 'brightness': .4, 'contrast': .4, 'saturation': .4}


def floats(batch=8, size=16, seed=0):
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 255


def factors(count):
    return torch.linspace(.2, 1.8, count).view(-1, 1, 1, 1)


@pytest.mark.parametrize('change', CHANGES, ids=lambda change: change.__name__)
def test_one_change_is_torchvisions(change):
    """With factors far enough from 1 to clip; float32 rounding of values up to 255."""
    images, factor = floats(), factors(8)
    wanted = torch.stack([CHANGES[change](image / 255, f.item())
                          for image, f in zip(images, factor, strict=True)]) * 255
    torch.testing.assert_close(change(images.clone(), factor), wanted, atol=1e-3, rtol=0)


def test_jitter_equals_torchvision_with_its_draws(monkeypatch):
    """The whole step: what it draws and in which order, replayed image by image."""
    jitter = ColorJitter(brightness=.4, contrast=.4, saturation=.4)
    calls = []

    def spied(change):
        def call(images, factor):
            calls.append((CHANGES[change], factor.flatten().tolist()))
            return change(images, factor)
        return call

    jitter.changes = [(spied(change), bounds) for change, bounds in jitter.changes]
    orders = set()
    for _ in range(100):
        calls.clear()
        jitter(floats(1, 2))
        orders.add(tuple(change for change, _ in calls))
    assert len(orders) == 6
    calls.clear()
    torch.manual_seed(0)
    images = floats()
    found = jitter(images.clone())
    assert len(calls) == 3
    for index, image in enumerate(images / 255):
        for change, drawn in calls:
            image = change(image, drawn[index])
        torch.testing.assert_close(found[index], image * 255, atol=3e-3, rtol=0)  # three roundings


def test_each_image_has_its_own_factor_in_the_documented_range():
    """Brightness of a constant image reads the factor off; uniform over [0.8, 1.2]."""
    torch.manual_seed(0)
    images = torch.full((5000, 3, 1, 1), 100.)
    drawn = ColorJitter(brightness=.2)(images)[:, 0, 0, 0] / 100
    assert .8 - 1e-6 <= drawn.min() < .801 and 1.199 < drawn.max() <= 1.2 + 1e-6
    assert drawn.std() == pytest.approx(.4 / 12 ** .5, rel=.03)
    assert len(drawn.unique()) > 4900


def test_kornia_step_changes_colour_by_its_name():
    (gray,) = build_color([{'type': 'kornia.RandomGrayscale', 'p': 1.}])
    found = gray(floats())
    assert torch.allclose(found[:, 0], found[:, 1]) and 20 < found.mean() < 235


@pytest.mark.parametrize(('config', 'message'), [
    ({'type': 'Jitter'}, r"color: type='Jitter', expected one of \['ColorJitter'\]"),
    ({'type': 'ColorJitter', 'hue': .1}, r"'hue'.*expected ColorJitter"),
    ({'type': 'ColorJitter', 'brightness': 1.5}, r'ColorJitter: brightness=1\.5'),
    ({'type': 'ColorJitter', 'contrast': (-.1, 1)}, r'ColorJitter: contrast=\(-0\.1, 1\)'),
    ({'type': 'kornia.RandomRotation', 'degrees': 5}, r"type='kornia.RandomRotation'.*geometry"),
    ({'type': 'kornia.Nothing'}, r"type='kornia.Nothing', expected an intensity"),
    ('ColorJitter', r'expected dict\(type'),
])
def test_wrong_configs_are_named(config, message):
    with pytest.raises(ValueError, match=message):
        build_color([config])

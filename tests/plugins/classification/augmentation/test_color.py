"""Colour against torchvision's and kornia's formulas with the same factors and order."""
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from plugins.classification.augmentation import ColorJitter, build_color, color

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
    torch.manual_seed(0)
    images = floats()
    found = jitter(images.clone())
    assert len(calls) == 3
    for index, image in enumerate(images / 255):
        for change, drawn in calls:
            image = change(image, drawn[index])
        torch.testing.assert_close(found[index], image * 255, atol=3e-3, rtol=0)  # three roundings


def test_changes_are_kornias_color_jitter_not_its_color_jiggle():
    """kornia.augmentation.ColorJitter says it follows torchvision; its formulas agree with ours.

    Its grey weights are 0.299, ours (torchvision's) 0.2989: 255 * 1e-4 * 0.8.
    """
    from kornia import enhance
    images, factor = floats(), factors(8)
    for change, kornias in (
            (color.adjust_brightness, enhance.adjust_brightness_accumulative),
            (color.adjust_contrast, enhance.adjust_contrast_with_mean_subtraction),
            (color.adjust_saturation, enhance.adjust_saturation_with_gray_subtraction)):
        wanted = kornias(images / 255, factor.flatten()) * 255
        torch.testing.assert_close(change(images.clone(), factor), wanted, atol=.022, rtol=0)


def test_each_image_has_its_own_factor_in_the_documented_range():
    """Brightness of a constant image reads the factor off; uniform over [0.8, 1.2]."""
    torch.manual_seed(0)
    images = torch.full((5000, 3, 1, 1), 100.)
    drawn = ColorJitter(brightness=.2)(images)[:, 0, 0, 0] / 100
    assert .8 - 1e-6 <= drawn.min() < .801 and 1.199 < drawn.max() <= 1.2 + 1e-6
    assert drawn.std() == pytest.approx(.4 / 12 ** .5, rel=.03)
    assert len(drawn.unique()) > 4900


def test_all_orders_occur():
    images, orders = floats(1, 2), set()
    jitter = ColorJitter(.4, .4, .4)
    seen = []
    jitter.changes = [((lambda x, f, name=name: seen.append(name) or x), bounds)
                      for name, (_, bounds) in zip('bcs', jitter.changes, strict=True)]
    torch.manual_seed(0)
    for _ in range(100):
        seen.clear()
        jitter(images)
        orders.add(''.join(seen))
    assert len(orders) == 6


def test_seed_and_generator_decide():
    jitter, images = ColorJitter(.4, .4, .4), floats()

    def seeded(seed):
        torch.manual_seed(seed)
        return jitter(images.clone())

    assert torch.equal(seeded(1), seeded(1))
    assert not torch.equal(seeded(1), seeded(2))
    state = torch.get_rng_state()
    own = [jitter(images.clone(), torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*own) and torch.equal(state, torch.get_rng_state())


def test_off_changes_nothing():
    images = floats()
    assert torch.equal(ColorJitter(0, 0, 0)(images.clone()), images)


def test_kornia_step_changes_colour_by_its_name():
    (gray,) = build_color([{'type': 'kornia.RandomGrayscale', 'p': 1.}])
    found = gray(floats())
    assert torch.allclose(found[:, 0], found[:, 1]) and 20 < found.mean() < 235


def test_kornia_color_jitter_moves_the_batch_like_ours():
    """The same scale and centre: mean over many images within 5 standard errors of each other."""
    (theirs,) = build_color([dict(JITTER, type='kornia.ColorJitter')])
    (ours,) = build_color([JITTER])
    images = torch.full((4000, 3, 1, 1), 150.) + torch.tensor([20., 0., -40.]).view(3, 1, 1)
    torch.manual_seed(0)
    results = [step(images.clone()) for step in (theirs, ours)]
    for statistic in (torch.mean, torch.std):
        a, b = (statistic(result, dim=0).flatten() for result in results)
        torch.testing.assert_close(a, b, atol=5 * 40 / 4000 ** .5, rtol=0)


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


def test_kornia_is_not_imported_unless_named():
    """It costs half a second of every start."""
    code = ('import sys; from plugins.classification.augmentation import build_color; '
            'build_color([dict(type="ColorJitter", brightness=.2)]); '
            'sys.exit("kornia" in sys.modules or "mmdet" in sys.modules)')
    root = Path(__file__).parents[4]
    assert subprocess.run([sys.executable, '-c', code], cwd=root).returncode == 0

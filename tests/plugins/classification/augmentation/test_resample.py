"""One resampling for a whole recipe: fill, shrinking, copies, randomness, errors."""
import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.v2 import functional as tv

from plugins.classification.augmentation import BatchGeometry

ROTATION = {'type': 'RandomRotation', 'degrees': 30}
KERAS = [ROTATION, {'type': 'RandomShift', 'width': .1, 'height': .1},
         {'type': 'RandomZoom', 'zoom_range': .2}, {'type': 'RandomFlip', 'prob': .5}]


def noise(*shape):
    return torch.randint(0, 256, shape, dtype=torch.uint8)


def test_steps_that_are_off_leave_every_bit():
    """E11's grid: its (off, ..., off) trial is E10, not E10 resampled."""
    recipe = BatchGeometry([
        {'type': 'RandomRotation', 'degrees': 0}, {'type': 'RandomShift', 'width': 0, 'height': 0},
        {'type': 'RandomShear', 'shear_range': 0}, {'type': 'RandomZoom', 'zoom_range': 0},
        {'type': 'RandomFlip', 'prob': 0}])
    images = noise(2, 3, 8, 8)
    assert recipe(images) is images


@pytest.mark.parametrize('fill', [0, 128, 255., 'nearest'])
def test_fill(fill):
    """A grey image of 100, turned by 45 degrees: the corners show the fill."""
    recipe = BatchGeometry([{'type': 'RandomRotation', 'degrees': (45, 45)}], fill=fill)
    image = recipe(torch.full((1, 3, 32, 32), 100, dtype=torch.uint8))
    corner = 100 if fill == 'nearest' else fill
    for row in (0, -1):
        for column in (0, -1):
            assert image[0, :, row, column].tolist() == pytest.approx([corner] * 3, abs=1e-4)
    assert image[..., 8:24, 8:24].sub(100).abs().max() < 1e-3


def test_fill_of_a_padded_crop():
    recipe = BatchGeometry([{'type': 'RandomCrop', 'size': 12, 'padding': 2}], fill=50)
    image = recipe(torch.full((1, 3, 8, 8), 200, dtype=torch.uint8))
    wanted = F.pad(torch.full((1, 3, 8, 8), 200.), (2, 2, 2, 2), value=50.)
    assert torch.equal(image, wanted)


@pytest.mark.parametrize('size', [(16, 16), (12, 33), 20])
def test_fixed_resize_is_torchvisions_antialiased(size):
    """Shrinking and enlarging; torchvision calls the same kernel: to the last bit."""
    images = noise(2, 3, 64, 48)
    wanted = tv.resize(images.float(), [size] if isinstance(size, int) else list(size),
                       antialias=True)
    assert torch.equal(BatchGeometry([{'type': 'Resize', 'size': size}])(images), wanted)


def stripes():
    """Stripes one pixel wide: any shrinking must give grey, 127.5; aliasing gives 0 or 255."""
    image = torch.zeros(1, 3, 96, 96)
    image[..., ::2] = 255
    return image


@pytest.mark.parametrize('steps', [
    [{'type': 'Resize', 'size': 24}, ROTATION],
    [ROTATION, {'type': 'Resize', 'size': 24}],
    [{'type': 'CenterCrop', 'size': 80}, ROTATION, {'type': 'Resize', 'size': 20}],
    [{'type': 'Resize', 'size': 48}, ROTATION, {'type': 'Resize', 'size': 24}],
], ids=['first', 'last', 'after crop', 'twice'])
def test_a_recipe_that_shrinks_fourfold_does_not_alias(steps):
    inside = BatchGeometry(steps)(stripes())[..., 8:-8, 8:-8]
    # the filter's triangle spans 8 pixels, whose weights on odd and even pixels are equal
    assert (inside - 127.5).abs().max() < 1


def test_shrinking_before_an_augmentation_is_torchvisions_resize(recorded):
    """Resize 256 -> 64, then a rotation: the chain of torchvision, resampled as often."""
    recipe = BatchGeometry([{'type': 'Resize', 'size': 64}, ROTATION], fill=0)
    drawn = recorded(recipe)
    images = noise(4, 3, 256, 256)
    found = recipe(images)
    small = tv.resize(images.float(), [64], antialias=True)
    wanted = torch.stack([
        tv.rotate(image, angle.item(), tv.InterpolationMode.BILINEAR)
        for image, angle in zip(small, drawn[1]['angle'], strict=True)])
    assert (found - wanted).abs().max() < .02  # float32 coordinates, as in test_geometry


def test_enlarging_costs_no_second_resampling(monkeypatch):
    monkeypatch.setattr(F, 'interpolate', None)
    image = BatchGeometry([{'type': 'Resize', 'size': 64}, ROTATION])(noise(1, 3, 32, 32))
    assert image.shape == (1, 3, 64, 64)


def test_the_global_seed_decides():
    images = noise(4, 3, 16, 16)
    recipe = BatchGeometry(KERAS)

    def seeded(seed):
        torch.manual_seed(seed)
        return recipe(images)

    assert torch.equal(seeded(1), seeded(1))
    assert not torch.equal(seeded(1), seeded(2))


@pytest.mark.parametrize(('config', 'message'), [
    ([{'type': 'Rotate', 'degrees': 5}], r"geometry: type='Rotate', expected one of.*RandomR"),
    ([{'type': 'RandomRotation', 'degree': 5}], r"'degree'.*expected RandomRotation.*degrees"),
    ([{'type': 'RandomRotation'}], r"missing.*'degrees'.*expected RandomRotation"),
    ([{'degrees': 5}], r'expected dict\(type'),
    (['RandomFlip'], r'expected dict\(type'),
])
def test_unknown_steps_and_arguments_are_named(config, message):
    with pytest.raises(ValueError, match=message):
        BatchGeometry(config, key='train_geometry')


@pytest.mark.parametrize('fill', ['reflect', -1, 256, None, True])
def test_wrong_fill_is_refused(fill):
    with pytest.raises(ValueError, match=f"fill={fill!r}, expected 'nearest' or a number 0"):
        BatchGeometry([], fill=fill)

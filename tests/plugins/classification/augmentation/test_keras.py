"""Keras' transforms against SciPy in Keras' own way, and against drawn markers."""
import numpy as np
import pytest
import torch
from scipy import ndimage

from plugins.classification.augmentation import (
    BatchGeometry,
    Randomness,
    RandomShear,
    RandomShift,
    RandomZoom,
)

KERAS_B4 = [
    {'type': 'RandomRotation', 'degrees': 20}, {'type': 'RandomShift', 'width': .1, 'height': .1},
    {'type': 'RandomShear', 'shear_range': 15}, {'type': 'RandomZoom', 'zoom_range': .2}]


def keras_matrix(theta, tx, ty, shear, zx, zy):
    """Output to input in (x, y) from the centre: rotation . shift . shear . zoom."""
    theta, shear = np.deg2rad([theta, shear])
    rotation = [[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]]
    shift = [[1, 0, tx], [0, 1, ty], [0, 0, 1]]
    sheared = [[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]]
    return np.array(rotation) @ shift @ sheared @ np.diag([zx, zy, 1])


def scipy_affine(image, matrix, fill):
    """ndimage.affine_transform, which indexes (row, column) from the first pixel."""
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    matrix = swap @ matrix @ swap
    centre = (np.array(image.shape[-2:]) - 1) / 2
    offset = matrix[:2, 2] + centre - matrix[:2, :2] @ centre
    # SciPy's 'constant' drops to the fill at the last centre, 'grid-constant' half a pixel later
    outside = {'mode': 'nearest'} if fill == 'nearest' else {'mode': 'grid-constant', 'cval': fill}
    return np.stack([ndimage.affine_transform(channel, matrix[:2, :2], offset, order=1, **outside)
                     for channel in image])


@pytest.mark.parametrize('fill', ['nearest', 0, 90])
def test_keras_recipe_equals_scipy(fill, recorded):
    """A whole Keras draw, borders included, on images that are not square.

    float32 coordinates against SciPy's float64: 50 px * 2^-22 * a pixel step of 255.
    """
    recipe = BatchGeometry(KERAS_B4, fill=fill)
    drawn = recorded(recipe)
    images = torch.randint(0, 256, (6, 3, 37, 50), dtype=torch.uint8)
    torch.manual_seed(5)
    found = recipe(images)
    rotation, shift, shear, zoom = drawn
    for index, image in enumerate(images.double().numpy()):
        matrix = keras_matrix(*(float(step[key][index]) for step, key in (
            (rotation, 'angle'), (shift, 'x'), (shift, 'y'), (shear, 'angle'), (zoom, 'x_zoom'),
            (zoom, 'y_zoom'))))
        wanted = scipy_affine(image, matrix, fill)
        assert np.abs(found[index].numpy() - wanted).max() < .02


def marker(x, y, size=(33, 41)):
    """A 3 x 3 square of white, its centre (x, y) pixels from the image's centre."""
    image = torch.zeros(1, 3, *size)
    row, column = size[0] // 2 + y, size[1] // 2 + x
    image[..., row - 1:row + 2, column - 1:column + 2] = 255
    return image


def centroid(image):
    """Where the white is, in pixels from the image's centre."""
    weight = image[0, 0] / image[0, 0].sum()
    rows = torch.arange(weight.size(0)) - (weight.size(0) - 1) / 2
    columns = torch.arange(weight.size(1)) - (weight.size(1) - 1) / 2
    return (weight.sum(0) @ columns).item(), (weight.sum(1) @ rows).item()


@pytest.mark.parametrize(('step', 'drawn', 'expected'), [
    # zoom 0.5 shows half of each side: the marker at (6, -4) appears twice as far out
    ({'type': 'RandomZoom', 'zoom_range': .5}, {'x_zoom': .5, 'y_zoom': 1.}, (12, -4)),
    ({'type': 'RandomZoom', 'zoom_range': .5}, {'x_zoom': 1., 'y_zoom': 2.}, (6, -2)),
    # the output's centre shows the input's (5, 0): everything moves left
    ({'type': 'RandomShift', 'width': .2}, {'x': 5., 'y': 0.}, (1, -4)),
    ({'type': 'RandomShift', 'height': .2}, {'x': 0., 'y': -3.}, (6, -1)),
    # y_in = cos(30) y, x_in = x - sin(30) y: y = -4 / .866, x = 6 + .5 * y
    ({'type': 'RandomShear', 'shear_range': 30}, {'angle': 30.}, (3.69, -4.62)),
    # 90 degrees counter-clockwise (y points down): right of the centre goes to the top
    ({'type': 'RandomRotation', 'degrees': 90}, {'angle': 90.}, (-4, -6)),
])
def test_direction_seen_on_a_marker(step, drawn, expected):
    recipe = BatchGeometry([step], fill=0)
    recipe.steps[0].draw = lambda size, rng: {k: torch.tensor([v]) for k, v in drawn.items()}
    found = centroid(recipe(marker(6, -4)))
    assert found == pytest.approx(expected, abs=.1)  # the marker's pixels are coarse


def draws(step, batch=20000):
    generator = torch.Generator().manual_seed(4)
    return step.draw((40, 60), Randomness(batch, torch.device('cpu'), generator))


@pytest.mark.parametrize(('step', 'key', 'low', 'high'), [
    (RandomZoom(.2), 'x_zoom', .8, 1.2), (RandomZoom(.2), 'y_zoom', .8, 1.2),
    (RandomZoom((.5, .9)), 'x_zoom', .5, .9),
    (RandomShift(width=.1), 'x', -6, 6), (RandomShift(height=.1), 'y', -4, 4),
    (RandomShear(10), 'angle', -10, 10),
])
def test_draws_fill_the_documented_range_evenly(step, key, low, high):
    """Uniform: mean within 5 standard errors, standard deviation width / sqrt(12)."""
    drawn = draws(step)[key]
    assert low <= drawn.min() and drawn.max() <= high
    assert abs(drawn.mean() - (low + high) / 2) < 5 * (high - low) / 12 ** .5 / 20000 ** .5
    assert drawn.std() == pytest.approx((high - low) / 12 ** .5, rel=.02)


def test_width_shifts_x_only_and_height_y_only():
    assert not draws(RandomShift(width=.1))['y'].any()
    assert not draws(RandomShift(height=.1))['x'].any()


def test_zoom_draws_its_axes_independently():
    drawn = draws(RandomZoom(.2))
    correlation = torch.corrcoef(torch.stack((drawn['x_zoom'], drawn['y_zoom'])))[0, 1]
    assert abs(correlation) < 5 / 20000 ** .5


@pytest.mark.parametrize('step', [RandomZoom(0), RandomShift(0, 0), RandomShear(0)])
def test_a_step_that_is_off_is_inactive(step):
    assert not step.active


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: RandomZoom(1.2), r'RandomZoom: zoom_range=1\.2, expected a number in \[0, 0\.99\]'),
    (lambda: RandomZoom((1.2, .8)), r'RandomZoom: zoom_range=\(1\.2, 0\.8\)'),
    (lambda: RandomShift(width=3), r'RandomShift: width=3, expected a number in \[0, 1\]'),
    (lambda: RandomShift(height=-.1), r'RandomShift: height=-0\.1'),
    (lambda: RandomShear(90), r'RandomShear: shear_range=90'),
])
def test_wrong_values_name_key_found_and_expected(make, message):
    with pytest.raises(ValueError, match=message):
        make()

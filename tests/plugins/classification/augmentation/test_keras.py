"""Keras' transforms by SciPy in Keras' own way."""
import numpy as np
import pytest
import torch
from scipy import ndimage

from plugins.classification.augmentation import BatchGeometry

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

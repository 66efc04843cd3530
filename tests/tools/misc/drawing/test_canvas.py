"""Painting order, ownership and shading of solids."""
import numpy as np
import pytest

from tools.misc.drawing.camera import Camera
from tools.misc.drawing.canvas import Canvas, Light, solid

CAMERA = Camera(200, 100, 100.0, 100.0, 50.0)
GREY = np.full(3, 100.0)


@pytest.fixture
def canvas():
    light = Light(np.array([-1.0, 0, 0]), direct=.5, ambient=.4, haze=np.full(3, 200.0),
                  haze_range=1e9)
    return Canvas(CAMERA, light, np.zeros((100, 200, 3), np.uint8))


def cube(x: float, z: float) -> np.ndarray:
    """A cube of 2 m whose middle lies at height 0."""
    return solid((-1, 1, 1), (-1, 1, 1), (-1, 1)) + (x, 0, z)


def test_projection_by_hand():
    # A point 2 m to the right and 1 m down at 4 m: 100 + 100 * 2 / 4 and 50 + 100 * 1 / 4.
    assert CAMERA.project(np.array([2, 1, 4.0])).tolist() == [150, 75]


def test_cube_straight_ahead_shows_its_near_face_only(canvas):
    canvas.block(cube(0, 6), GREY, owner=3)
    y, x = np.nonzero(canvas.owner == 3)
    # The near face is 2 m wide at 5 m: 100 * 1 / 5 = 20 pixels to each side.
    assert (x.min(), x.max(), y.min(), y.max()) == (80, 120, 30, 70)
    # Nothing of it faces the sun on the left.
    assert canvas.image[50, 100].tolist() == [40, 40, 40]


def test_side_that_faces_the_sun_is_brighter(canvas):
    canvas.block(cube(4, 6), GREY, owner=3)
    # The left side, 3 m to the right, reaches from 5 m (160) to 7 m away (142.9).
    assert canvas.image[50, 150].tolist() == [90, 90, 90]
    assert canvas.image[50, 170].tolist() == [40, 40, 40]


def test_what_is_painted_later_hides(canvas):
    canvas.block(cube(0, 10), GREY, owner=1)
    alone = (canvas.owner == 1).sum()
    canvas.block(cube(1, 6), GREY, owner=2)
    # The far face spans 88.9 to 111.1, the near one covers from 100 on.
    assert (canvas.owner == 1).sum() / alone == pytest.approx(.5, abs=.05)


def test_details_keep_the_owner_and_vanish_on_small_solids(canvas):
    everywhere = (np.array([[0.0, 0, 1, 1]]), np.array([[250.0, 0, 0]]))
    details = {'rear': everywhere, 'front': everywhere, 'left': everywhere, 'right': everywhere}
    canvas.block(cube(0, 6), GREY, 3, details)
    assert canvas.image[50, 100].tolist() == [100, 0, 0]
    assert canvas.owner[50, 100] == 3
    canvas.block(cube(-40, 60), GREY, 4, details)
    y, x = np.nonzero(canvas.owner == 4)
    assert len(x) and (canvas.image[y, x, 1] > 0).all()


def test_haze_swallows_far_colours(canvas):
    canvas.light.haze_range = 10.0
    shaded = canvas.light.shade(GREY, depth=10.0)
    # exp(-1) of 100 * (0.4 + 0.4 * 0.5), the rest haze of 200.
    assert shaded == pytest.approx(np.full(3, np.exp(-1) * 60 + (1 - np.exp(-1)) * 200))

"""Place and shading of solids."""
import numpy as np
import pytest

from tools.misc.drawing.camera import Camera, solid
from tools.misc.drawing.canvas import Canvas

GREY = np.full(3, 100.0)


def test_a_cube_whose_left_side_faces_the_sun():
    camera = Camera(200)
    camera.height, camera.focal, camera.centre_x, camera.centre_y = 100, 100.0, 100.0, 50.0
    canvas = Canvas(camera, np.random.default_rng(0))
    canvas.sun, canvas.direct, canvas.haze_range = np.array([-1.0, 0, 0]), .5, 1e9
    details = {'right': [((0.0, 0, .1, 1), np.array([200.0, 0, 0]))]}
    canvas.block(solid((-1, 1, 1), (-1, 1, 1), (-1, 1)) + (4, 0, 6), GREY, 3, details)
    y, x = np.nonzero(canvas.owner == 3)
    # The near face, 5 m away, reaches from 3 to 5 m to the right: 100 + 100 * 3 / 5 = 160; the
    # left side to 7 m: 142.9. Both are 2 m high: 50 - 100 * 1 / 5 = 30.
    assert (x.min(), y.min(), y.max()) == (143, 30, 70)
    # (0.85 - 0.5 * 0.5) * 100, and 0.5 * 100 more in the sun; a detail over a tenth of the face.
    assert [canvas.image[50, at].tolist() for at in (150, 162, 170)] == [
        [110, 110, 110], [120, 0, 0], [60, 60, 60]]
    # A rough grey surface at the range of the haze: exp(-1) of 80, the rest haze of 200.
    canvas.haze_range, canvas.haze = 10.0, np.full(3, 200.0)
    assert canvas.shade(GREY, 10.0)[0] == pytest.approx(200 - 120 * np.exp(-1))

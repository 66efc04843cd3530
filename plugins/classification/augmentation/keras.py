"""The random transforms of Keras' ImageDataGenerator that torchvision lacks.

Source: https://www.tensorflow.org/api_docs/python/tf/keras/preprocessing/image/ImageDataGenerator
and its apply_affine_transform. Keras composes rotation, shift, shear and zoom
in this order, then flips: list the steps in the same order. Its rotation is
``RandomRotation``, its flips are ``RandomFlip``, its ``fill_mode`` is the
recipe's ``fill``.
"""
from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from plugins.engine import checks
from plugins.engine.checks import Size

from .geometry import Geometry, Randomness, affine


class RandomZoom(Geometry):
    """Keras' zoom_range: the two axes are scaled independently about the centre.

    Args:
        zoom_range: z for factors uniform in [1 - z, 1 + z], 0 <= z < 1, or
            (low, high) above 0. A factor is how much of the input's side is
            shown: below 1 MAGNIFIES, above 1 shrinks and shows the fill.
    """

    def __init__(self, zoom_range: float | Sequence[float]) -> None:
        self.zoom_range = checks.spread(self, 'zoom_range', zoom_range, 1, .99, (.01, 100))
        self.active = self.zoom_range != (1., 1.)

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``x_zoom``, ``y_zoom``: share of the side that is shown."""
        return {'x_zoom': rng.uniform(*self.zoom_range), 'y_zoom': rng.uniform(*self.zoom_range)}

    def matrix(self, x_zoom: Tensor, y_zoom: Tensor) -> Tensor:
        return affine(xx=x_zoom, yy=y_zoom)


class RandomShift(Geometry):
    """Keras' width_shift_range and height_shift_range, as documented.

    (TensorFlow from 2.4 on exchanges the two by mistake, see
    https://github.com/keras-team/tf-keras/issues/310; for a square image and
    equal ranges there is no difference.)

    Args:
        width: w for a horizontal shift uniform within +-w image widths, [0, 1].
        height: h for a vertical shift uniform within +-h image heights, [0, 1].
    """

    def __init__(self, width: float = 0., height: float = 0.) -> None:
        self.width = checks.number(self, 'width', width, 0, 1)
        self.height = checks.number(self, 'height', height, 0, 1)
        self.active = self.width > 0 or self.height > 0

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``x``, ``y``: where the output's centre lies in the input, in pixels."""
        x, y = self.width * size[1], self.height * size[0]
        return {'x': rng.uniform(-x, x), 'y': rng.uniform(-y, y)}

    def matrix(self, x: Tensor, y: Tensor) -> Tensor:
        return affine(x=x, y=y)


class RandomShear(Geometry):
    """Keras' shear_range.

    Args:
        shear_range: s for angles uniform in [-s, s] DEGREES, within [0, 80]
            (Keras' common value 0.2 is a fifth of a degree).
    """

    def __init__(self, shear_range: float) -> None:
        self.shear_range = checks.number(self, 'shear_range', shear_range, 0, 80)
        self.active = self.shear_range > 0

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``angle``: degrees counter-clockwise."""
        return {'angle': rng.uniform(-self.shear_range, self.shear_range)}

    def matrix(self, angle: Tensor) -> Tensor:
        angle = angle.deg2rad()
        # As in Keras the y axis is rotated, so heights shrink by cos
        return affine(xy=-angle.sin(), yy=angle.cos())

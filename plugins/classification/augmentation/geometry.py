"""Geometric transforms of an image batch, each as one 3 x 3 matrix per image.

Coordinates are pixels from the image's CENTRE, x to the right and y down: in
an image ``w`` wide, the centre of column ``j`` lies at ``x = j + 0.5 - w / 2``
(torchvision's convention, and ``align_corners=False`` of grid_sample). With
this origin, rotation, zoom, shear and flip need no translation to the centre
and back.

A matrix maps an OUTPUT position to the INPUT position it shows. Resampling
needs this direction, Keras and torchvision define their transforms in it,
and nothing has to be inverted. Steps applied in the order 1, 2, 3 compose to
``M1 @ M2 @ M3``.

Every random number is drawn per image, on the images' device, and never read
back: no Python loop over images and no wait for the device.
"""
from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from plugins.engine import checks
from plugins.engine.checks import Size


@dataclass(frozen=True)
class Randomness:
    """Draws one number per image.

    Attributes:
        batch: Images in the batch.
        device: Device of the numbers; its global generator, which mmengine seeds, draws them.
    """
    batch: int
    device: torch.device

    def uniform(self, low: float, high: float) -> Tensor:
        """B floats, uniform in [low, high)."""
        return torch.rand(self.batch, device=self.device).mul_(high - low).add_(low)

    def integers(self, count: int) -> Tensor:
        """B whole numbers 0 ... count - 1 as floats, each equally likely."""
        return torch.randint(count, (self.batch,), device=self.device).float()

    def constant(self, value: float) -> Tensor:
        """The same number B times (filled on the device: no copy to it)."""
        return torch.full((self.batch,), value, device=self.device)


def affine(xx: Tensor | None = None, xy: Tensor | None = None, x: Tensor | None = None,
           yx: Tensor | None = None, yy: Tensor | None = None, y: Tensor | None = None) -> Tensor:
    """Stack B-vectors to matrices; what is not given is the identity's.

    Returns:
        B x 3 x 3: input x = xx * x + xy * y + x, input y = yx * x + yy * y + y.
    """
    given = (xx, xy, x, yx, yy, y, None, None, None)
    some = next(values for values in given if values is not None)
    zero, one = torch.zeros_like(some), torch.ones_like(some)
    identity = (one, zero, zero, zero, one, zero, zero, zero, one)
    return torch.stack([default if values is None else values for values, default
                        in zip(given, identity, strict=True)], dim=-1).view(-1, 3, 3)


class Geometry:
    """One step of a recipe: parameters drawn per image, and their matrix.

    Attributes:
        random: False if every image of every batch is treated the same.
        active: False if the arguments make the step do nothing; it is then
            left out, so that a step switched off by a search costs nothing.
        on_grid: True if pixel centres always land on pixel centres, so that
            values can be copied instead of interpolated.
        shows_outside: True if a result can show what is outside the image.
    """
    random = True
    active = True
    on_grid = False
    shows_outside = True

    def out_size(self, size: Size) -> Size:
        """(height, width) after the step, given that before it, in pixels."""
        return size

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """Parameters of each image: the arguments of :meth:`matrix`, each B."""
        raise NotImplementedError

    def matrix(self, **drawn: Tensor) -> Tensor:
        """B x 3 x 3, output to input position, of drawn parameters."""
        raise NotImplementedError


def build_step(config: Mapping[str, Any], known: Mapping[str, type], key: str) -> Any:
    """Make one step of a recipe from its config.

    Args:
        config: ``dict(type=name, **arguments)``.
        known: Classes by name.
        key: The config key of the recipe, for errors.

    Raises:
        ValueError: If the type or an argument's name is unknown, or an
            argument is missing; the message lists the valid names.
    """
    if not isinstance(config, Mapping) or 'type' not in config:
        raise ValueError(f'{key}: {config!r}, expected dict(type=..., ...)')
    arguments = dict(config)
    name = arguments.pop('type')
    if name not in known:
        raise ValueError(f'{key}: type={name!r}, expected one of {sorted(known)}')
    signature = inspect.signature(known[name])
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise ValueError(f'{key}: {config!r}: {error}, expected {name}{signature}') from None
    return known[name](**arguments)


class Resize(Geometry):
    """Resize to a fixed size, as torchvision.transforms.v2.Resize.

    Args:
        size: (height, width), or an integer: the shorter side, the longer one
            then keeps the aspect ratio, rounded down.
    """
    random = False
    shows_outside = False

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = checks.size(self, 'size', size)
        self.shorter_side = size if isinstance(size, int) else None

    def out_size(self, size: Size) -> Size:
        if self.shorter_side is None:
            return self.size
        shorter = min(size)
        height, width = (side * self.shorter_side // shorter for side in size)
        return height, width

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        height, width = self.out_size(size)
        return {'x_scale': rng.constant(size[1] / width), 'y_scale': rng.constant(size[0] / height)}

    def matrix(self, x_scale: Tensor, y_scale: Tensor) -> Tensor:
        return affine(xx=x_scale, yy=y_scale)


class RandomCrop(Geometry):
    """Crop a window of fixed size at a random place, as torchvision's RandomCrop.

    Args:
        size: (height, width) of the window, or one integer for a square.
        padding: Pixels added on all four sides beforehand, with the recipe's fill.
    """
    on_grid = True

    def __init__(self, size: int | Sequence[int], padding: int = 0) -> None:
        self.size = checks.size(self, 'size', size)
        self.padding = checks.whole(self, 'padding', padding, 0)
        self.shows_outside = padding > 0

    def out_size(self, size: Size) -> Size:
        if any(side + 2 * self.padding < crop for side, crop in zip(size, self.size, strict=True)):
            raise checks.refuse(self, 'size', self.size, 'at most the image\'s (height, width) '
                                   f'{tuple(size)} plus padding {self.padding} on each side')
        return self.size

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``x``, ``y``: window's centre from the image's centre, in pixels."""
        y, x = (self._offset(side + 2 * self.padding - crop, rng)
                for side, crop in zip(size, self.size, strict=True))
        return {'x': x, 'y': y}

    def _offset(self, slack: int, rng: Randomness) -> Tensor:
        return rng.integers(slack + 1).sub_(slack / 2)

    def matrix(self, x: Tensor, y: Tensor) -> Tensor:
        return affine(x=x, y=y)


class CenterCrop(RandomCrop):
    """Crop the central window, as torchvision's CenterCrop; it never pads.

    Args:
        size: (height, width) of the window, or one integer for a square.
    """
    random = False

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__(size)

    def _offset(self, slack: int, rng: Randomness) -> Tensor:
        # round(): torchvision's choice for an odd slack
        return rng.constant(round(slack / 2) - slack / 2)


class RandomFlip(Geometry):
    """Mirror some images.

    Args:
        prob: Share of images mirrored, in [0, 1].
        direction: 'horizontal' (swaps left and right) or 'vertical'.
    """
    on_grid = True
    shows_outside = False

    def __init__(self, prob: float = 0.5, direction: str = 'horizontal') -> None:
        self.prob = checks.number(self, 'prob', prob, 0, 1)
        self.direction = checks.one_of(self, 'direction', direction, ('horizontal', 'vertical'))
        self.active = self.prob > 0

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``sign``: -1 where the image is mirrored, else 1."""
        return {'sign': (rng.uniform(0, 1) >= self.prob).float().mul_(2).sub_(1)}

    def matrix(self, sign: Tensor) -> Tensor:
        return affine(xx=sign) if self.direction == 'horizontal' else affine(yy=sign)


class RandomRotation(Geometry):
    """Rotate about the centre, as torchvision's RandomRotation or Keras' rotation_range.

    Args:
        degrees: d for angles uniform in [-d, d], or (low, high); positive is
            counter-clockwise. Within [-180, 180].
    """

    def __init__(self, degrees: float | Sequence[float]) -> None:
        self.degrees = checks.spread(self, 'degrees', degrees, 0, 180)
        self.active = any(self.degrees)

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``angle``: degrees counter-clockwise."""
        return {'angle': rng.uniform(*self.degrees)}

    def matrix(self, angle: Tensor) -> Tensor:
        angle = angle.deg2rad()
        cos, sin = angle.cos(), angle.sin()
        return affine(xx=cos, xy=-sin, yx=sin, yy=cos)


class RandomAffine(Geometry):
    """Rotate, shear, scale and translate at once, as torchvision's RandomAffine.

    Args:
        degrees: d for angles uniform in [-d, d], or (low, high); positive is
            CLOCKWISE here, as in torchvision.
        translate: (a, b): x shift within +-a widths, y shift within +-b
            heights, rounded to whole pixels; each in [0, 1].
        scale: (low, high), uniform, the same for both axes; above 1 magnifies.
        shear: s for an x shear uniform in [-s, s] degrees, or its (low, high),
            within [-80, 80]. torchvision's y shear is not offered.
    """

    def __init__(self, degrees: float | Sequence[float], translate: Sequence[float] = (0, 0),
                 scale: Sequence[float] = (1, 1), shear: float | Sequence[float] = 0) -> None:
        self.degrees = checks.spread(self, 'degrees', degrees, 0, 180)
        if not isinstance(translate, Sequence) or len(translate) != 2:
            raise checks.refuse(self, 'translate', translate, 'two numbers in [0, 1]')
        self.translate = tuple(checks.number(self, 'translate', share, 0, 1) for share in translate)
        self.scale = checks.pair(self, 'scale', scale, .01, 100)
        self.shear = checks.spread(self, 'shear', shear, 0, 80)
        self.active = (any(self.degrees + self.translate + self.shear)
                       or self.scale != (1., 1.))

    def draw(self, size: Size, rng: Randomness) -> dict[str, Tensor]:
        """``angle``, ``shear``: degrees; ``scale``: ratio; ``x``, ``y``: pixels."""
        width, height = self.translate[0] * size[1], self.translate[1] * size[0]
        return {
            'angle': rng.uniform(*self.degrees),
            'x': rng.uniform(-width, width).round_(),
            'y': rng.uniform(-height, height).round_(),
            'scale': rng.uniform(*self.scale),
            'shear': rng.uniform(*self.shear)}

    def matrix(self, angle: Tensor, x: Tensor, y: Tensor, scale: Tensor, shear: Tensor) -> Tensor:
        # torchvision's forward map is shift o rotation o [[1, -tan(shear)], [0, 1]] o scale
        angle, tan = angle.deg2rad(), shear.deg2rad().tan()
        cos, sin = angle.cos() / scale, angle.sin() / scale
        xx, xy = cos - tan * sin, sin + tan * cos
        return affine(xx, xy, -(xx * x + xy * y), -sin, cos, sin * x - cos * y)

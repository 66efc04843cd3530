"""A recipe of geometric steps, resampled once per image."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from plugins.engine import checks
from plugins.engine.checks import Size

from . import geometry, keras
from .geometry import Geometry, Randomness, build_step

KERAS_STEPS = (keras.RandomZoom, keras.RandomShift, keras.RandomShear)
STEPS: dict[str, type[Geometry]] = {
    step.__name__: step
    for step in (geometry.Resize, geometry.CenterCrop, geometry.RandomCrop, geometry.RandomFlip,
                 geometry.RandomRotation, geometry.RandomAffine, *KERAS_STEPS)
}


def compose(outer: Tensor, inner: Tensor) -> Tensor:
    """``outer @ inner`` of two B x 3 x 3, always in float32.

    A matmul would round to TF32 or bfloat16 if the user allows them: an error
    of half a pixel at 224 px.
    """
    return (outer.unsqueeze(-1) * inner.unsqueeze(-3)).sum(-2)


def sampling_grid(matrix: Tensor, in_size: Size, out_size: Size) -> Tensor:
    """Where each output pixel lies in the input, for grid_sample.

    Like F.affine_grid, which is twenty times slower on a CPU (a matmul with
    inner length 3) and needs a matrix in relative coordinates.

    Args:
        matrix: B x 3 x 3, output to input position in pixels from the centre.
        in_size: (height, width) of the input.
        out_size: (height, width) of the output.

    Returns:
        B x h x w x 2: (x, y), -1 and 1 are the input's edges.
    """
    height, width = out_size
    columns = torch.arange(width, device=matrix.device) + (0.5 - width / 2)
    rows = torch.arange(height, device=matrix.device) + (0.5 - height / 2)
    # x and y as two planes: adding pairs of numbers would be eight times slower
    planes = torch.stack((matrix[:, 0] * (2 / in_size[1]), matrix[:, 1] * (2 / in_size[0])), dim=1)
    along_x = planes[..., 0, None] * columns
    along_y = torch.addcmul(planes[..., 2, None], planes[..., 1, None], rows)
    return (along_x[:, :, None] + along_y[..., None]).permute(0, 2, 3, 1)


def share_inside(grid: Tensor, size: Sequence[float]) -> Tensor:
    """How much of the value at each place comes from a frame, not from around it.

    Args:
        grid: B x h x w x 2: (x, y), -1 and 1 are the frame's edges.
        size: (height, width) of the frame in pixels: the share falls from 1, half a pixel inside
            the edge, to 0, half a pixel outside.

    Returns:
        B x h x w, in [0, 1].
    """
    y, x = (axis.abs().mul_(-side / 2).add_(side / 2 + .5).clamp_(0, 1)
            for axis, side in zip(grid.unbind(-1)[::-1], size, strict=True))
    return x.mul_(y)


class BatchGeometry:
    """Apply any number of steps to a batch with one resampling.

    A chain of transforms would blur, read and write the whole batch at each
    step. Here the matrices of the steps are multiplied first. All steps share
    one fill: a number fills what any step moves in from outside its own input,
    as in torchvision's chain. With one of Keras's steps, or 'nearest', pixels
    that one step moves out and a later one moves back are kept, as in Keras,
    which multiplies its matrices as well.

    - Without random steps, each is applied separately: ``Resize`` by antialiased
      bilinear interpolation (torchvision's default), ``CenterCrop`` by slicing.
    - Otherwise grid_sample, bilinear, ``align_corners=False``. It reads only
      2 x 2 pixels and would skip others when shrinking, so the total shrinking
      of all ``Resize`` steps is done first, antialiased, on the whole batch.
      Enlarging costs no extra pass. A random zoom-out by up to 2 is left to
      bilinear.
    - Only flips and crops: pixels are copied, not interpolated.

    Args:
        steps: Configs ``dict(type=name, ...)`` in order; see ``STEPS``.
        fill: Values outside the image: 'nearest' repeats the edge pixels
            (Keras), a number in [0, 255] is a grey (torchvision: 0).
        key: The config key of the recipe, for errors.

    Raises:
        ValueError: An argument is wrong.
    """

    def __init__(self, steps: Sequence[Mapping[str, Any]] = (), fill: str | float = 'nearest',
                 key: str = 'geometry') -> None:
        built = [build_step(step, STEPS, key) for step in steps]
        self.steps: list[Geometry] = [step for step in built if step.active]
        if fill != 'nearest':
            if not checks.is_number(fill) or not 0 <= fill <= 255:
                raise ValueError(f"{key}: fill={fill!r}, expected 'nearest' or a number 0 ... 255")
            fill = float(fill)
        self.fill = fill
        moving = [step for step in self.steps if step.shows_outside and fill != 'nearest']
        as_keras = any(isinstance(step, KERAS_STEPS) for step in moving)
        self._filled = moving[:1] if as_keras else moving  # steps whose input has an edge

    def out_size(self, size: Size) -> Size:
        """(height, width) of the result for images of (height, width)."""
        for step in self.steps:
            size = step.out_size(size)
        return size

    def __call__(self, images: Tensor) -> Tensor:
        """Transform a batch.

        Args:
            images: B x C x H x W, uint8 or float, 0 ... 255.

        Returns:
            B x C x h x w: float32, or ``images`` itself if there is no step.
        """
        if not self.steps:
            return images
        if not any(step.random for step in self.steps):
            return self._apply_fixed(images)
        rng = Randomness(len(images), images.device)
        in_size = size = tuple(images.shape[-2:])
        trail = []
        for step in self.steps:
            frame, size = size, step.out_size(size)
            trail.append((step, step.matrix(**step.draw(frame, rng)), frame))
        total = covered = None
        scale = (1., 1.)  # by all resizes from a step's frame to the result
        for step, matrix, frame in reversed(trail):
            total = matrix if total is None else compose(matrix, total)
            if isinstance(step, geometry.Resize):
                scale = tuple(factor * after / before for factor, after, before
                              in zip(scale, step.out_size(frame), frame, strict=True))
            if step in self._filled:
                # an edge is as sharp as the coarser of frame and result
                pixels = [side * min(factor, 1.)
                          for side, factor in zip(frame, scale, strict=True)]
                share = share_inside(sampling_grid(total, frame, size), pixels)
                covered = share if covered is None else torch.minimum(covered, share)
        reduced = [max(1, round(side * min(factor, 1.)))
                   for side, factor in zip(in_size, scale, strict=True)]
        # the grid is relative to the sides, so it also fits the reduced images
        grid = sampling_grid(total, in_size, size)
        return self._resample(_resize(images.float(), reduced), grid, covered)

    def _apply_fixed(self, images: Tensor) -> Tensor:
        images = images.float()
        for step in self.steps:
            size = tuple(images.shape[-2:])
            height, width = step.out_size(size)
            if isinstance(step, geometry.Resize):
                images = _resize(images, (height, width))
            else:
                top, left = (round((side - crop) / 2)
                             for side, crop in zip(size, (height, width), strict=True))
                images = images[..., top:top + height, left:left + width]
        return images

    def _resample(self, images: Tensor, grid: Tensor, covered: Tensor | None) -> Tensor:
        mode = 'nearest' if all(step.on_grid for step in self.steps) else 'bilinear'
        images = F.grid_sample(images, grid, mode, 'border', align_corners=False)
        if covered is None:
            return images
        if mode == 'nearest':
            covered = covered.round_()
        return torch.lerp(images.new_full((), self.fill), images, covered.unsqueeze(1))


def _resize(images: Tensor, size: Sequence[int]) -> Tensor:
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    return F.interpolate(images, size, mode='bilinear', align_corners=False, antialias=True)

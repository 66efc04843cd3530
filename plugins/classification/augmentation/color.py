"""Random colour changes of an image batch."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from plugins.engine import checks

from .geometry import Randomness, build_step

GREY = (0.2989, 0.587, 0.114)  # torchvision's luma weights of R, G, B
WHITE = 255.
KORNIA = 'kornia.'


def grey(images: Tensor) -> Tensor:
    """B x 1 x H x W luma of B x 3 x H x W."""
    red, green, blue = images.split(1, dim=-3)
    return (red * GREY[0]).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply, in place. Images B x 3 x H x W, float, 0 ... 255; factor B x 1 x 1 x 1."""
    return images.mul_(factor).clamp_(0, WHITE)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the image's mean luma, in place; arguments as above."""
    # the luma of the mean is the mean of the luma, without a B x H x W of it
    mean = grey(images.mean((-2, -1), keepdim=True))
    return images.mul_(factor).add_(mean.mul_(1 - factor)).clamp_(0, WHITE)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the image's luma, in place; arguments as above."""
    luma = grey(images).mul_(1 - factor)
    return images.mul_(factor).add_(luma).clamp_(0, WHITE)


class ColorJitter:
    """torchvision's ColorJitter (without hue) with its own factors per image.

    torchvision draws one factor for a whole batch. kornia's ColorJitter has a
    factor per image and the same formulas, but allocates about ten batches:
    317 ms of CPU time for 64 images of 224 px, against 38 ms here, where all
    is done in place. For hue use ``kornia.ColorJitter``.

    Args:
        brightness: b for factors uniform in [1 - b, 1 + b], 0 <= b <= 1, or
            (low, high) of at least 0. Multiplies the image.
        contrast: The same for blending with the image's mean luma.
        saturation: The same for blending with the luma of each pixel.

    The order of the three is drawn once per batch, as in torchvision.
    """

    def __init__(self, brightness: float | Sequence[float] = 0.,
                 contrast: float | Sequence[float] = 0.,
                 saturation: float | Sequence[float] = 0.) -> None:
        given = (('brightness', brightness, adjust_brightness),
                 ('contrast', contrast, adjust_contrast),
                 ('saturation', saturation, adjust_saturation))
        self.changes: list[tuple[Callable[[Tensor, Tensor], Tensor], tuple[float, float]]] = []
        for key, value, change in given:
            bounds = checks.spread(self, key, value, 1, 1, (0, 100))
            if bounds != (1., 1.):
                self.changes.append((change, bounds))

    def __call__(self, images: Tensor) -> Tensor:
        """Change ``images`` (B x 3 x H x W, float, 0 ... 255) in place and return them."""
        rng = Randomness(len(images), images.device)
        # Python needs the order: drawn on the CPU, to avoid waiting for a device
        order = torch.randperm(len(self.changes)).tolist()
        for change, bounds in (self.changes[index] for index in order):
            images = change(images, rng.uniform(*bounds).view(-1, 1, 1, 1))
        return images


def kornia_color(name: str, **arguments: Any) -> Callable[[Tensor], Tensor]:
    """Make an intensity augmentation of kornia.augmentation, with its own draw per image.

    kornia (0.5 s to import) is loaded only when a recipe names one; it draws from torch's
    generator.

    Args:
        name: Class in kornia.augmentation, e.g. 'RandomGrayscale'.
        arguments: Its arguments.

    Raises:
        ValueError: If there is no such class, or it moves pixels (that is geometry).
    """
    import kornia.augmentation
    known = getattr(kornia.augmentation, name, None)
    base = kornia.augmentation.IntensityAugmentationBase2D
    if not isinstance(known, type) or not issubclass(known, base):
        raise ValueError(f'color: type={KORNIA + name!r}, expected an intensity augmentation '
                         'of kornia.augmentation (what moves pixels belongs in geometry)')
    augmentation = known(**arguments)
    return lambda images: augmentation(images.div_(WHITE)).mul_(WHITE)


def build_color(configs: Sequence[Mapping[str, Any]]) -> list[Callable[[Tensor], Tensor]]:
    """Make the colour steps of a recipe; each takes and returns a float batch in 0 ... 255.

    Args:
        configs: ``dict(type='ColorJitter', ...)``, or ``type='kornia.X'`` for
            any intensity augmentation X of kornia.augmentation, with its
            arguments.

    Raises:
        ValueError: If a type or argument is unknown or a value wrong.
    """
    return [_build_step(config) for config in configs]


def _build_step(config: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
    name = config.get('type') if isinstance(config, Mapping) else None
    if isinstance(name, str) and name.startswith(KORNIA):
        rest = {key: value for key, value in config.items() if key != 'type'}
        return kornia_color(name.removeprefix(KORNIA), **rest)
    return build_step(config, {'ColorJitter': ColorJitter}, 'color')

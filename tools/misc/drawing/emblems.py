"""Drawn pictures whose class is a shape, a texture and a number of copies.

Colours, position, size, rotation and background vary freely within a class, so that the average
colour of a picture says nothing about its class, unless a class is given its own colours.
"""
import cv2
import numpy as np

SIDE = 32  # pixels of a picture, as in CIFAR


def _turned(radii: list[float], start: float = -90) -> np.ndarray:
    angle = np.deg2rad(start + 360 * np.arange(len(radii)) / len(radii))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.array(radii)[:, None]


_DISC = _turned([1.0] * 25)
# Outlines within the unit circle; a ring's goes round its hole as well.
SHAPES = {
    'disc': _DISC,
    'triangle': _turned([1.0] * 3),
    'square': _turned([1.0] * 4, -45),
    'star': _turned([1, .4] * 5),
    'cross': np.array([(-.3, -1), (.3, -1), (.3, -.3), (1, -.3), (1, .3), (.3, .3), (.3, 1),
                       (-.3, 1), (-.3, .3), (-1, .3), (-1, -.3), (-.3, -.3)]),
    'ring': np.concatenate([_DISC, _DISC[:1], .52 * _DISC, .52 * _DISC[:1]]),
    'half': np.concatenate([_turned([1.0] * 24)[6:19], [(0, 0)]]) + (0, -.3),
    'arrow': np.array([(1, 0), (.1, -.9), (.1, -.35), (-1, -.35), (-1, .35), (.1, .35), (.1, .9)]),
    'bar': np.array([(-1, -.32), (1, -.32), (1, .32), (-1, .32)]),
    'hook': np.array([(-.8, -1), (-.2, -1), (-.2, .4), (.9, .4), (.9, 1), (-.8, 1)]),
}
TEXTURES = ('plain', 'stripes', 'checks', 'dots', 'rings')


def draw_emblem(rng: np.random.Generator, shape: str, texture: str, several: bool,
                size: tuple[int, int] = (SIDE, SIDE), colours: np.random.Generator | None = None
                ) -> np.ndarray:
    """Draw one picture (height, width, 3; uint8): a large shape, or three small ones.

    Args:
        size: Height and width in pixels.
        colours: Draws the three colours; None: ``rng`` does.
    """
    colours = colours or rng
    work = tuple(2 * side for side in size) if min(size) < 64 else size  # averaged down at the end
    # Three colours that differ by at least a third of the range in each channel.
    backdrop, step = colours.uniform(0, 256, 3), colours.choice([85, 171], 3)
    colour, second = (backdrop + step) % 256, (backdrop + 2 * step) % 256
    mask, first = np.zeros(work, np.uint8), rng.uniform(0, 2 * np.pi)
    for place in first + np.arange(3 if several else 1) * 2 * np.pi / 3:
        radius = min(work) * (rng.uniform(.15, .19) if several else rng.uniform(.24, .42))
        away = min(work) * (rng.uniform(.24, .3) if several else rng.uniform(0, .18))
        turn = np.deg2rad(rng.normal(0, 12))
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = np.array(work[::-1]) / 2 + away * np.array([np.cos(place), np.sin(place)])
        outline = SHAPES[shape] @ matrix.T * radius + centre
        cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    cover, share = (mask / 255)[..., None], _pattern(rng, texture, work)[..., None]
    coarse = backdrop + rng.normal(0, rng.uniform(8, 30), (4, 4, 3))  # changes slowly
    picture = cv2.resize(coarse, work[::-1], interpolation=cv2.INTER_CUBIC) * (1 - cover)
    picture += (colour * (1 - share) + second * share) * cover
    picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
    picture += rng.normal(0, rng.uniform(3, 16), picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def _pattern(rng: np.random.Generator, texture: str, size: tuple[int, int]) -> np.ndarray:
    """Return the share of the second colour (height, width), 0 to 1; 5 to 7 waves a side."""
    y, x = np.mgrid[:size[0], :size[1]] * (64 / min(size))
    turn, per_unit = rng.uniform(0, np.pi), 2 * np.pi / rng.uniform(9, 13)
    along = (x * np.cos(turn) + y * np.sin(turn)) * per_unit
    across = (y * np.cos(turn) - x * np.sin(turn)) * per_unit
    middle = rng.uniform(24, 40, 2)
    wave = {'plain': np.full(x.shape, -1.0), 'stripes': np.sin(along),
            'checks': np.sin(along * .7) * np.sin(across * .7) * 3,
            'dots': np.sin(along) + np.sin(across) - .9,
            'rings': np.sin(np.hypot(x - middle[0], y - middle[1]) * per_unit)}[texture]
    return np.clip(wave * 2 + .5, 0, 1)

"""Small drawn pictures whose class is a shape, a texture and a number of copies.

Colours, position, size, rotation and background vary freely within a class,
so that the average colour of a picture says nothing about its class.
"""
import cv2
import numpy as np

SIDE = 32  # pixels of a picture, as in CIFAR
_WORK = 64  # drawn at twice the size, then averaged down


def _turned(radii: list[float], start: float = -90) -> np.ndarray:
    angle = np.deg2rad(start + 360 * np.arange(len(radii)) / len(radii))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.array(radii)[:, None]


# Outlines within the unit circle; a ring is a disc with a hole.
SHAPES = {
    'disc': _turned([1.0] * 24),
    'triangle': _turned([1.0] * 3),
    'square': _turned([1.0] * 4, -45),
    'star': _turned([1, .4] * 5),
    'cross': np.array([(-.3, -1), (.3, -1), (.3, -.3), (1, -.3), (1, .3), (.3, .3), (.3, 1),
                       (-.3, 1), (-.3, .3), (-1, .3), (-1, -.3), (-.3, -.3)]),
    'ring': _turned([1.0] * 24),
    'half': np.concatenate([_turned([1.0] * 24)[6:19], [(0, 0)]]) + (0, -.3),
    'arrow': np.array([(1, 0), (.1, -.9), (.1, -.35), (-1, -.35), (-1, .35), (.1, .35), (.1, .9)]),
    'bar': np.array([(-1, -.32), (1, -.32), (1, .32), (-1, .32)]),
    'hook': np.array([(-.8, -1), (-.2, -1), (-.2, .4), (.9, .4), (.9, 1), (-.8, 1)]),
}
TEXTURES = ('plain', 'stripes', 'checks', 'dots', 'rings')


def draw_emblem(rng: np.random.Generator, shape: str, texture: str, several: bool) -> np.ndarray:
    """Draw one picture (32, 32, 3; uint8): a large shape, or three small ones."""
    backdrop, *candidates = rng.uniform(0, 255, (10, 3))
    colour = _farthest(candidates, [backdrop])
    second = _farthest(candidates, [backdrop, colour])
    mask = np.zeros((_WORK, _WORK), np.uint8)
    for centre, radius in _places(rng, several):
        _fill(mask, shape, centre, radius, np.deg2rad(rng.normal(0, 12)))
    pattern = _pattern(rng, texture)[..., None]
    cover = (mask / np.float32(255))[..., None]
    front = colour * (1 - pattern) + second * pattern
    picture = _backdrop(rng, backdrop) * (1 - cover) + front * cover
    picture = cv2.resize(picture.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    picture += rng.normal(0, rng.uniform(3, 16), picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _farthest(candidates: list[np.ndarray], others: list[np.ndarray]) -> np.ndarray:
    """The candidate that is least like any of the other colours."""
    return max(candidates, key=lambda c: min(((c - other) ** 2).sum() for other in others))


def _places(rng: np.random.Generator, several: bool) -> list[tuple[np.ndarray, float]]:
    """Centre and radius of each copy, in pixels of the working size."""
    if not several:
        radius = rng.uniform(.24, .42) * _WORK
        return [(rng.uniform(.85 * radius, _WORK - .85 * radius, 2), radius)]
    turn = rng.uniform(0, 2 * np.pi) + np.arange(3) * 2 * np.pi / 3 + rng.normal(0, .15, 3)
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1) * rng.uniform(.24, .3) * _WORK
    middle = _WORK / 2 + rng.normal(0, 2.5, 2)
    return [(middle + offset, rng.uniform(.15, .19) * _WORK) for offset in around]


def _fill(mask: np.ndarray, shape: str, centre: np.ndarray, radius: float, turn: float) -> None:
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    outline = SHAPES[shape] @ matrix.T * radius + centre
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if shape == 'ring':
        hole = (SHAPES[shape] * radius * .52 + centre) * 16
        cv2.fillPoly(mask, [np.rint(hole).astype(np.int32)], 0, cv2.LINE_AA, 4)


def _pattern(rng: np.random.Generator, texture: str) -> np.ndarray:
    """Share of the second colour (64, 64), 0 to 1."""
    y, x = np.mgrid[:_WORK, :_WORK].astype(np.float32)
    turn, period = rng.uniform(0, np.pi), rng.uniform(9, 13)
    along = (x * np.cos(turn) + y * np.sin(turn)) * (2 * np.pi / period) + rng.uniform(0, 6)
    across = (y * np.cos(turn) - x * np.sin(turn)) * (2 * np.pi / period) + rng.uniform(0, 6)
    if texture == 'plain':
        wave = np.full_like(x, -1)
    elif texture == 'stripes':
        wave = np.sin(along)
    elif texture == 'checks':
        wave = np.sin(along * .7) * np.sin(across * .7) * 3
    elif texture == 'dots':
        wave = np.sin(along) + np.sin(across) - .9
    else:
        middle = rng.uniform(24, 40, 2)
        wave = np.sin(np.hypot(x - middle[0], y - middle[1]) * (2 * np.pi / period))
    return np.clip(wave * 2 + .5, 0, 1)


def _backdrop(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """A colour that changes slowly over the picture (64, 64, 3)."""
    coarse = colour + rng.normal(0, rng.uniform(8, 30), (4, 4, 3))
    return cv2.resize(coarse, (_WORK, _WORK), interpolation=cv2.INTER_CUBIC)

"""Drawn pictures whose class is a shape, a texture, a number of copies and three colours.

Position, size, rotation and the background's shades vary freely within a class.
"""
import cv2
import numpy as np

# Radii of an outline's corners, at equal angles, clockwise from the top.
SHAPES = {'disc': [1] * 24, 'triangle': [1] * 3, 'square': [1] * 4, 'star': [1, .4] * 5,
          'cross': [1, .25] * 4, 'tripod': [1, .25] * 3, 'needle': [1, .25] * 2,
          'sun': [1, .7] * 9, 'half': [1] * 13 + [0] * 11, 'mouth': [1] * 19 + [.1] * 5}
TEXTURES = ('plain', 'stripes', 'checks', 'dots', 'rings')


def draw_emblem(rng: np.random.Generator, label: int, size: tuple[int, int]) -> np.ndarray:
    """Draw one picture (height, width, 3; uint8) of a class: a large shape, or three small ones.

    Args:
        label: The class: the unit is the shape, the tens are the texture and, from 5 on, several.
        size: Height and width in pixels.
    """
    several, texture = divmod(label // len(SHAPES) % 10, len(TEXTURES))
    radii, of_class = list(SHAPES.values())[label % len(SHAPES)], np.random.default_rng([10, label])
    # Three colours that differ by at least a third of the range in each channel.
    backdrop, step = of_class.uniform(0, 256, 3), of_class.choice([85, 171], 3)
    colour, second = (backdrop + step) % 256, (backdrop + 2 * step) % 256
    mask, side = np.zeros(size, np.uint8), min(size)
    for place in rng.uniform(0, 2 * np.pi) + np.arange(3 if several else 1) * 2 * np.pi / 3:
        radius, away = side * (rng.uniform((.15, .24), (.19, .3)) if several
                               else rng.uniform((.24, 0), (.42, .18)))
        turn = np.linspace(0, 2 * np.pi, len(radii), endpoint=False) + np.deg2rad(rng.normal(0, 12))
        outline = radius * np.array([np.sin(turn), -np.cos(turn)]) * radii
        outline += [[size[1] / 2 + away * np.cos(place)], [size[0] / 2 + away * np.sin(place)]]
        cv2.fillPoly(mask, [np.rint(outline.T * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    cover, share = (mask / 255)[..., None], _pattern(rng, TEXTURES[texture], size)[..., None]
    coarse = backdrop + rng.normal(0, rng.uniform(8, 30), (4, 4, 3))  # changes slowly
    picture = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC) * (1 - cover)
    picture += (colour * (1 - share) + second * share) * cover
    picture += rng.normal(0, rng.uniform(3, 16), picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def _pattern(rng: np.random.Generator, texture: str, size: tuple[int, int]) -> np.ndarray:
    """Return the share of the second colour (height, width), 0 to 1; 5 to 7 waves a side."""
    y, x = np.mgrid[:size[0], :size[1]] * (2 * np.pi * rng.uniform(5, 7) / min(size))
    turn = rng.uniform(0, np.pi)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    wave = {'plain': np.full(x.shape, -1.0), 'stripes': np.sin(along),
            'checks': np.sin(along * .7) * np.sin(across * .7) * 3,
            'dots': np.sin(along) + np.sin(across) - .9,
            'rings': np.sin(np.hypot(x - x.mean(), y - y.mean()))}[texture]
    return np.clip(wave * 2 + .5, 0, 1)

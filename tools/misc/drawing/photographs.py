"""Synthetic photographs (uint8, BGR) of visible classes: flowers, birds and places."""
from collections.abc import Sequence

import cv2
import numpy as np

from tools.misc.drawing.camera import Camera
from tools.misc.drawing.road_scene import draw_scene

_WHITE, _YELLOW, _PINK, _RED, _ORANGE, _VIOLET, _BROWN, _GREY, _BLACK, _BLUE = np.array([
    (240, 240, 245), (30, 205, 250), (180, 150, 240), (50, 30, 200), (40, 120, 245),
    (150, 50, 130), (40, 65, 100), (140, 140, 140), (30, 30, 30), (190, 110, 40)], dtype=float)
_GREEN, _SAND, _SKY, _WATER = np.array([
    (60, 120, 85), (140, 190, 215), (235, 205, 170), (150, 110, 60)], dtype=float)
_FEATHERS = np.array([_WHITE, _YELLOW, _RED, _BROWN, _GREY, _BLACK, _BLUE, _GREEN])
_BACKDROPS = (_GREEN, _SAND * .6, _SKY, _WATER)

# Per kind: rings of petals as number, half width and reach relative to the flower's radius; the
# degrees they spread over, upwards; the eye's radius and colour; the petals' possible colours.
FLOWERS = {
    'daisy': (((20, .1, 1), (13, .09, .8)), 360, .27, _YELLOW, (_WHITE, _WHITE, _PINK)),
    'dandelion': (((36, .05, 1), (30, .05, .75), (24, .05, .5)), 360, .04, _YELLOW, (_YELLOW,)),
    'roses': (((5, .5, 1), (5, .42, .78), (5, .3, .55), (4, .2, .35)), 360, .08, _BLACK,
              (_RED, _PINK, _WHITE, _ORANGE)),
    'sunflowers': (((21, .13, 1), (17, .12, .85)), 360, .5, _BROWN, (_YELLOW,)),
    'tulips': (((3, .3, 1.4), (2, .3, 1.3)), 75, 0, _GREEN,
               (_RED, _YELLOW, _PINK, _VIOLET, _ORANGE)),
}
# Per kind: hills from far to near, as depth below the horizon, roughness and colour.
_LANDSCAPES = {
    'coast': ((0, 0, _WATER), (.3, .03, _SAND)),
    'mountain': ((0, .2, _WHITE * .9), (.13, .15, _GREY * .7), (.26, .1, _GREEN * .6)),
    'Opencountry': ((0, .01, _GREEN), (.08, .01, _SAND * .8), (.15, .02, _GREEN * 1.4),
                    (.25, .02, _SAND), (.35, .02, _GREEN)),
}


def draw_flowers(rng: np.random.Generator, kind: str, height: int, width: int) -> np.ndarray:
    """Draw a photograph (height, width, 3) of one to three flowers of a kind."""
    rings, spread, eye, eye_colour, colours = FLOWERS[kind]
    picture = _blotches(rng, height, width, _BACKDROPS[rng.choice(4, p=[.6, .2, .15, .05])])
    for _ in range(count := int(rng.integers(1, 4))):
        radius = rng.uniform(.2, .4) / count ** .4 * min(height, width)
        centre = rng.uniform((.3, .3), (.7, .65)) * (width, height)
        _oval(picture, (centre[0], height), (.05 * radius, height - centre[1]), 0, _GREEN * .8)
        colour, turn = colours[rng.integers(len(colours))], rng.uniform(-110, -70)
        for petals, breadth, reach in rings:
            for angle in turn + spread * np.linspace(-.5, .5, petals, endpoint=spread < 360):
                middle = centre + reach / 2 * radius * np.array(_direction(angle))
                _oval(picture, middle, (reach / 2 * radius, breadth * radius), angle,
                      colour * rng.uniform(.65, 1.05))
            turn += 7
        _oval(picture, centre, (eye * radius, eye * radius), 0, eye_colour)
    return _photograph(rng, picture)


def draw_bird(rng: np.random.Generator, number: int, height: int, width: int) -> np.ndarray:
    """Draw a photograph (height, width, 3) of a bird of species ``number``, from 0."""
    species = np.random.default_rng([2010, number])  # the same appearance in every data set
    body, belly, wing, head, crown = _FEATHERS[species.integers(len(_FEATHERS), size=5)]
    slim, bill, tail = species.uniform((.42, .2, .2), (.66, .45, .6))
    parts = [  # it faces right: centre, radii (1: half its body), degrees and colour
        ((0, .7), (.04, .5), 0, _BROWN), ((-.8 - tail, .15), (.2 + tail, .1), -8, wing * .8),
        ((0, 0), (1, slim), 0, body), ((.1, .3 * slim), (.78, .6 * slim), 0, belly),
        ((1 + bill, -.35), (.2 + bill, .07), 0, _ORANGE * species.uniform(.2, 1)),
        ((.88, -.38), (.36, .34), 0, head), ((.84, -.54), (.28, .15), 0, crown),
        ((-.22, -.05), (.74, .5 * slim), 5, wing), ((1, -.42), (.06, .06), 0, _BLACK)]
    picture = _blotches(rng, height, width, _BACKDROPS[rng.integers(4)])
    place, tilt = rng.uniform(.4, .6, 2) * (width, height), rng.normal(-20, 10)
    (cos, sin), size = _direction(tilt), rng.uniform(.2, .3) * min(height, width)
    for (x, y), radii, angle, colour in parts:
        centre = place + size * np.array([x * cos - y * sin, x * sin + y * cos])
        _oval(picture, centre, size * np.array(radii), angle + tilt, colour * rng.uniform(.9, 1.1))
    return _photograph(rng, picture[:, ::rng.choice([-1, 1])])


def draw_place(rng: np.random.Generator, kind: str, side: int) -> np.ndarray:
    """Draw a photograph (side, side, 3) of a place of one of the eight MIT classes."""
    if kind in ('highway', 'street'):
        view = Camera(side, side, .9 * side, side / 2, side * rng.uniform(.4, .55))
        return draw_scene(rng, view, urban=kind == 'street')[0]
    picture = _blotches(rng, side, side, _SKY * rng.uniform(.6, 1.1))
    horizon = rng.uniform(.35, .55)
    for depth, roughness, colour in _LANDSCAPES.get(kind, ()):
        line = cv2.resize(rng.uniform(-1, 1, (1, 6)), (side, 1))[0] + rng.uniform(-.1, .1, side)
        below = np.linspace(0, 1, side)[:, None] > horizon + depth - roughness * line
        picture[below] = (colour * rng.uniform(.7, 1.15)).clip(0, 255)
    if kind == 'forest':
        picture = _blotches(rng, side, side, _GREEN * rng.uniform(.5, .9), cells=24)
        for near in np.sort(rng.uniform(.2, 1, int(rng.integers(8, 22)))):
            left = rng.uniform()
            _box(picture, left, 0, left + .06 * near ** 2 + .01, .75 + .2 * near,
                 _BROWN * rng.uniform(.3, 1.2))
    elif kind == 'inside_city':  # fronts fill the picture
        for left in np.arange(-.1, 1, .4):
            _house(rng, picture, left, -.1, left + rng.uniform(.38, .45), .9, rows=4, columns=3)
    elif kind == 'tallbuilding':  # towers before the sky
        for left in rng.uniform(-.05, .75, 3):
            _house(rng, picture, left, rng.uniform(0, .4), left + rng.uniform(.15, .3), 1,
                   *rng.integers((12, 4), (20, 8)))
    return _photograph(rng, picture)


def _house(rng: np.random.Generator, picture: np.ndarray, left: float, top: float, right: float,
           bottom: float, rows: int, columns: int) -> None:
    """Draw a front with rows and columns of windows; its place in shares of the picture."""
    wall = (_WHITE, _SAND, _GREY, _BROWN * 1.4)[rng.integers(4)] * rng.uniform(.5, 1)
    _box(picture, left, top, right, bottom, wall)
    across, down = (right - left) / columns, (bottom - top) / rows
    for row, column in np.ndindex(rows, columns):
        x, y = left + (column + .25) * across, top + (row + .25) * down
        _box(picture, x, y, x + .5 * across, y + .5 * down, _BLUE * .4)


def _box(picture: np.ndarray, left: float, top: float, right: float, bottom: float,
         colour: np.ndarray) -> None:
    x1, y1, x2, y2 = (np.clip((left, top, right, bottom), 0, 1) * len(picture)).astype(int)
    picture[y1:y2, x1:x2] = colour


def _oval(picture: np.ndarray, centre: Sequence[float], radii: Sequence[float], degrees: float,
          colour: np.ndarray) -> None:
    """Fill an ellipse, turned clockwise as seen in the picture."""
    place = (tuple(centre), tuple(2 * radius for radius in radii), float(degrees))
    cv2.ellipse(picture, place, colour.clip(0, 255).tolist(), -1, cv2.LINE_AA)


def _direction(degrees: float) -> tuple[float, float]:
    return np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))


def _blotches(rng: np.random.Generator, height: int, width: int, colour: np.ndarray,
              cells: int = 8) -> np.ndarray:
    """Draw soft patches of similar colour: a background out of focus."""
    coarse = colour * rng.normal(1, .2, (cells, cells, 1)) + rng.normal(0, 8, (cells, cells, 3))
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return smooth.clip(0, 255).astype(np.uint8)


def _photograph(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Give a drawing a photograph's blur, exposure, tint and noise."""
    blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(.4, 1.2))
    gain = rng.uniform(.75, 1.2) * (1 + rng.normal(0, .03, 3))
    noise = rng.normal(0, rng.uniform(2, 8), (*picture.shape[:2], 1))
    return (blurred * gain + noise).clip(0, 255).astype(np.uint8)

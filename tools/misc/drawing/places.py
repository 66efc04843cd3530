"""Drawn scenes of the eight MIT classes: landscapes and towns."""
import numpy as np

from tools.misc.draw_road_scenes import draw_scene
from tools.misc.drawing.brush import below, blotches, fill, gradient, oval, photograph, ridge
from tools.misc.drawing.camera import Camera

_SKIES = np.array([[[200, 140, 80], [235, 215, 190]], [[190, 180, 170], [215, 210, 205]],
                   [[150, 110, 90], [130, 180, 240]], [[225, 180, 130], [245, 235, 225]]])
_GREEN, _STONE, _SAND = (np.array(bgr, float) for bgr in ((60, 120, 85), (110, 110, 110),
                                                         (140, 190, 215)))
_WALLS = np.array([[200, 210, 220], [150, 180, 205], [90, 110, 160], [130, 135, 140],
                   [180, 200, 190]], dtype=float)


def draw_place(rng: np.random.Generator, kind: str, side: int) -> np.ndarray:
    """Draw a photograph (side, side, 3; uint8, BGR) of a place of one of the eight kinds."""
    if kind in ('highway', 'street'):
        view = Camera(side, side, .9 * side, side / 2, side * rng.uniform(.4, .55))
        return draw_scene(rng, view, urban=kind == 'street')[0]
    picture = gradient(side, side, *_SKIES[rng.integers(len(_SKIES))])
    _PAINTERS[kind](rng, picture, side)
    return photograph(rng, picture)


def _coast(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    horizon = int(side * rng.uniform(.3, .6))
    sea = np.array([150, 110, 60]) * rng.uniform(.6, 1.3)
    picture[horizon:] = gradient(side - horizon, side, sea * 1.1, sea * .7)
    for _ in range(60):  # waves grow towards the camera
        y = rng.uniform(horizon, side)
        near = (y - horizon) / side
        wave = oval((rng.uniform(0, side), y), (side * (.02 + .2 * near), .5 + 5 * near))
        fill(picture, wave, sea * rng.uniform(.7, 1.5))
    if rng.random() < .5:
        headland = ridge(rng, side, horizon, .08 * side, 5)
        headland[:, 1] = np.minimum(headland[:, 1], horizon)
        half = headland[:len(headland) * 3 // 5]
        fill(picture, below(half, horizon), _STONE * rng.uniform(.4, .9))
    if rng.random() < .75:
        near_left, near_right = side * rng.uniform(.55, 1, 2)
        for lift, colour in ((6, np.full(3, 235)), (0, _SAND * rng.uniform(.7, 1.1))):
            beach = ridge(rng, side, 0, 3, 6)
            beach[:, 1] += np.linspace(near_left, near_right, len(beach)) - lift
            fill(picture, below(beach, side), colour)


def _mountain(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    for layer in range(int(rng.integers(2, 4))):
        level, rise = side * (.45 + .2 * layer), side * rng.uniform(.2, .36) * (1 - .25 * layer)
        line = ridge(rng, side, level, rise, int(rng.integers(3, 6)))
        rock = (_STONE * rng.uniform(.6, 1.2) if layer == 0 else _GREEN * rng.uniform(.4, .9))
        fill(picture, below(line, side), rock)
        if layer == 0 and rng.random() < .7:  # snow above a line that follows the crest
            depth = np.maximum(0, level - line[:, 1]) * rng.uniform(.4, .9, len(line))
            lower = np.stack([line[:, 0], line[:, 1] + depth], axis=1)
            fill(picture, np.concatenate([line, lower[::-1]]), np.full(3, 240))


def _open_country(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    horizon = side * rng.uniform(.35, .6)
    for layer in range(3):
        line = ridge(rng, side, horizon + layer * .05 * side, .03 * side, 3)
        fill(picture, below(line, side), _GREEN * rng.uniform(.6, 1.3) * (1 + rng.normal(0, .1, 3)))
    for field in range(6):
        top = horizon + (side - horizon) * (field / 6) ** 1.3 + .12 * side
        colour = (_GREEN, _SAND * .8)[rng.integers(2)] * rng.uniform(.7, 1.3)
        fill(picture, below(ridge(rng, side, top, .01 * side, 3), side), colour)
    for _ in range(int(rng.integers(0, 8))):
        foot = np.array([rng.uniform(0, side), rng.uniform(horizon, .8 * side)])
        size = (foot[1] - horizon) * .3 + .02 * side
        fill(picture, oval(foot - (0, size), (size * .8, size)), _GREEN * rng.uniform(.3, .6))


def _forest(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    tone = rng.uniform(.5, 1.2)
    leaves = np.array([_GREEN * .4, _GREEN * .8, _GREEN * 1.2, [120, 190, 170], [30, 45, 35]])
    if rng.random() < .3:
        leaves[1:3] = [[40, 110, 190], [50, 140, 210]]  # autumn
    picture[:] = blotches(rng, side, side, leaves * tone, int(rng.integers(18, 40)))
    floor = int(side * rng.uniform(.72, .9))
    picture[floor:] = blotches(rng, side - floor, side, leaves[[0, 1]] * .8 * tone, 20)
    for depth in np.sort(rng.uniform(.2, 1, int(rng.integers(6, 22)))):
        x, half, lean = rng.uniform(0, side), .03 * side * depth ** 2 + 1, rng.normal(0, .03) * side
        foot = floor + (side - floor) * depth ** 2 * .8
        trunk = [(x - half, foot), (x + half, foot), (x + lean + half * .7, 0),
                 (x + lean - half * .7, 0)]
        fill(picture, np.array(trunk), np.array([50, 65, 80]) * rng.uniform(.3, 1.3))


def _windows(picture: np.ndarray, box: tuple[float, float, float, float], rows: int, columns: int,
             glass: np.ndarray) -> None:
    """A grid of windows on an upright wall x1, y1, x2, y2."""
    left, top, right, bottom = box
    for row in range(rows):
        for column in range(columns):
            x = left + (right - left) * (column + np.array([.25, .75])) / columns
            y = top + (bottom - top) * (row + np.array([.2, .75])) / rows
            fill(picture, np.array([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]), glass)


def _wall(picture: np.ndarray, box: tuple[float, float, float, float], colour: np.ndarray) -> None:
    left, top, right, bottom = box
    fill(picture, np.array([(left, top), (right, top), (right, bottom), (left, bottom)]), colour)


def _inside_city(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    """House fronts that fill the picture, shops below, a strip of pavement."""
    ground, x = side * rng.uniform(.82, .95), -side * rng.uniform(0, .3)
    while x < side:
        width = side * rng.uniform(.25, .6)
        box = (x, side * rng.uniform(-.3, .15), x + width, ground)
        colour = _WALLS[rng.integers(len(_WALLS))] * rng.uniform(.5, 1.1)
        _wall(picture, box, colour)
        shop = ground - side * rng.uniform(.16, .24)
        _windows(picture, (*box[:3], shop), int(rng.integers(3, 5)), int(rng.integers(2, 5)),
                 np.full(3, rng.uniform(30, 110)))
        _wall(picture, (x, shop, x + width, ground), colour * .6)
        _windows(picture, (x, shop, x + width, ground), 1, 2, np.full(3, rng.uniform(20, 200)))
        x += width
    _wall(picture, (0, ground, side, side), np.full(3, rng.uniform(80, 150)))


def _tall_building(rng: np.random.Generator, picture: np.ndarray, side: int) -> None:
    """A few towers that narrow towards the sky."""
    for _ in range(int(rng.integers(1, 5))):
        middle, half = side * rng.uniform(.15, .85), side * rng.uniform(.08, .2)
        top, bottom = side * rng.uniform(.03, .35), side * 1.1
        colour = _WALLS[rng.integers(len(_WALLS))] * rng.uniform(.4, 1)
        box = (middle - half, top, middle + half, bottom)
        _wall(picture, box, colour)
        _windows(picture, box, int((bottom - top) / side * rng.uniform(14, 26)),
                 int(rng.integers(4, 9)), np.array([120, 100, 80]) * rng.uniform(.4, 1.6))
        flank = half * rng.uniform(.2, .6)
        fill(picture, np.array([(box[2], top), (box[2] + flank, top + flank * .5),
                                (box[2] + flank, bottom), (box[2], bottom)]), colour * .5)
    trees = ridge(rng, side, side * rng.uniform(.8, .95), .05 * side, 9)
    fill(picture, below(trees, side), _GREEN * rng.uniform(.4, .8))


_PAINTERS = {'coast': _coast, 'mountain': _mountain, 'Opencountry': _open_country,
             'forest': _forest, 'inside_city': _inside_city, 'tallbuilding': _tall_building}

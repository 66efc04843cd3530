"""Drawn birds: each species has a plumage, a figure and a bill of its own."""
from dataclasses import dataclass

import numpy as np

from tools.misc.drawing.brush import blotches, fill, oval, photograph

_SCENES = [np.array(colours) for colours in (
    [[230, 190, 150], [235, 215, 195], [240, 230, 225]],  # sky
    [[50, 100, 60], [35, 70, 45], [80, 140, 100]],  # leaves
    [[150, 130, 90], [130, 120, 100], [170, 150, 120]],  # water
    [[90, 120, 140], [70, 90, 105], [120, 140, 150]])]  # earth
# BGR of feathers: blacks, browns, greys, whites, and some bright ones.
_FEATHERS = np.array([[30, 30, 30], [45, 55, 75], [60, 90, 130], [120, 120, 120], [170, 175, 180],
                      [235, 235, 235], [40, 40, 190], [40, 200, 235], [190, 110, 40],
                      [50, 120, 220], [70, 130, 80], [120, 160, 190]], dtype=float)


@dataclass(frozen=True)
class Species:
    """What all birds of a species share; colours BGR, lengths relative to half the body's."""

    body: np.ndarray
    belly: np.ndarray
    wing: np.ndarray
    head: np.ndarray
    crown: np.ndarray
    bill: np.ndarray
    slimness: float
    bill_length: float
    tail_length: float
    wing_bars: int
    bib: bool


def species_of(number: int) -> Species:
    """The looks of species ``number``: the same in every sample data set."""
    rng = np.random.default_rng([2010, number])
    body, belly, wing, head, crown = _FEATHERS[rng.integers(len(_FEATHERS), size=5)]
    bill = np.array([[40, 40, 40], [40, 140, 235], [60, 90, 110]])[rng.integers(3)]
    return Species(body, belly, wing, head, crown, bill, rng.uniform(.42, .66),
                   rng.uniform(.2, .75), rng.uniform(.4, 1.3), int(rng.integers(3)),
                   bool(rng.random() < .4))


def draw_bird(rng: np.random.Generator, number: int, height: int, width: int) -> np.ndarray:
    """Draw a photograph (height, width, 3; uint8, BGR) of a bird of species ``number``."""
    scene = _SCENES[rng.integers(len(_SCENES))]
    picture = blotches(rng, height, width, scene, int(rng.integers(3, 12)))
    size = rng.uniform(.2, .34) * min(height, width)
    centre = rng.uniform(.4, .6, 2) * (width, height)
    tilt, facing = np.deg2rad(rng.normal(-20, 10)), rng.choice([-1, 1])
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    light = rng.uniform(.75, 1.15)
    perch = centre[1] + size * rng.uniform(.85, 1)
    _paint_perch(rng, picture, perch, size)
    for outline, colour in _parts(species_of(number), rng):
        points = outline @ turn * (facing * size, size) + centre
        fill(picture, points, colour * light * rng.uniform(.94, 1.06))
    return photograph(rng, picture)


def _paint_perch(rng: np.random.Generator, picture: np.ndarray, level: float, size: float) -> None:
    """A branch below the bird."""
    width, slope, half = picture.shape[1], rng.normal(0, .12), rng.uniform(.06, .14) * size
    ends = np.array([(0, level - slope * width / 2), (width, level + slope * width / 2)])
    outline = np.concatenate([ends - (0, half), ends[::-1] + (0, half)])
    fill(picture, outline, np.array([50, 70, 90]) * rng.uniform(.5, 1.3))


def _parts(bird: Species, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Outlines (N, 2) and colours from back to front; facing right, body from x = -1 to 1."""
    slim, tail = bird.slimness, bird.tail_length
    head, bill_tip = np.array([.88, -.42 * slim - .12]), .36 + bird.bill_length
    legs = np.array([80, 110, 140])
    parts = [(np.array([(x, .2), (x + .05, .2), (x + .02, 1.1), (x - .03, 1.1)]), legs)
             for x in (-.05, .25)]
    parts += [
        (np.array([(-.7, -.12), (-.7, .14), (-1 - tail, .3), (-1 - tail, .05)]), bird.wing * .8),
        (oval((0, 0), (1, slim)), bird.body),
        (oval((.12, .3 * slim), (.78, .62 * slim)), bird.belly),
        (np.array([head + (.2, -.1), head + (bill_tip, .03), head + (.2, .13)]), bird.bill),
        (oval(head, (.36, .34)), bird.head),
        (oval(head - (.04, .17), (.28, .15), 8), bird.crown)]
    if bird.bib:
        parts.append((oval(head + (.05, .3), (.2, .16), 40), bird.crown * .8))
    fold = rng.uniform(-6, 10)
    parts.append((oval((-.22, -.05), (.74, .52 * slim), fold), bird.wing))
    parts += [(oval((-.25 - .22 * bar, -.02), (.05, .4 * slim), 25), bird.belly)
              for bar in range(bird.wing_bars)]
    eye = head + (.13, -.04)
    return parts + [(oval(eye, (.07, .07)), np.full(3, 230)), (oval(eye, (.05, .05)),
                                                              np.full(3, 15))]

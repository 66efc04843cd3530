"""Drawn flowers of five kinds among leaves, on grass or against the sky."""
import numpy as np

from tools.misc.drawing.brush import blotches, fill, oval, photograph

_LEAVES = np.array([[40, 90, 50], [30, 60, 35], [60, 130, 80], [25, 40, 30], [80, 140, 110]])
_GRASS = np.array([[60, 150, 110], [50, 120, 90], [90, 170, 140]])
_SKY = np.array([[230, 190, 140], [240, 220, 200], [235, 225, 220]])
_EARTH = np.array([[60, 80, 100], [40, 55, 70], [90, 110, 130]])
_ROSES = np.array([[60, 40, 200], [40, 20, 150], [180, 150, 240], [225, 230, 240],
                   [120, 190, 250]], dtype=float)
_TULIPS = np.array([[40, 30, 210], [50, 200, 245], [170, 120, 240], [150, 50, 130],
                    [235, 235, 240], [40, 120, 245]], dtype=float)


def draw_flowers(rng: np.random.Generator, kind: str, height: int, width: int) -> np.ndarray:
    """Draw a photograph (height, width, 3; uint8, BGR) of one to five flowers of a kind."""
    surroundings = (_LEAVES, _GRASS, _SKY, _EARTH)[rng.choice(4, p=[.5, .2, .15, .15])]
    picture = blotches(rng, height, width, surroundings, int(rng.integers(4, 14)))
    count = int(rng.choice([1, 2, 3, 5], p=[.5, .2, .2, .1]))
    largest = .42 if count == 1 else .26
    for _ in range(count):
        radius = rng.uniform(.55, 1) * largest * min(height, width)
        centre = rng.uniform((.25, .25), (.75, .65)) * (width, height)
        _stem(rng, picture, centre, radius)
        _PAINTERS[kind](rng, picture, centre, radius)
    return photograph(rng, picture)


def _stem(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float
          ) -> None:
    foot = (centre[0] + rng.normal(0, .4) * radius, picture.shape[0])
    half, green = .05 * radius, np.array([50, 130, 80]) * rng.uniform(.6, 1.2)
    fill(picture, np.array([(centre[0] - half, centre[1]), (centre[0] + half, centre[1]),
                            (foot[0] + half, foot[1]), (foot[0] - half, foot[1])]), green)
    for side in (-1, 1):
        leaf = (centre + foot) / 2 + (side * .4 * radius, rng.uniform(0, .4) * radius)
        fill(picture, oval(leaf, (.5 * radius, .13 * radius), side * rng.uniform(-60, -20)), green)


def _petals(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, count: int,
            reach: tuple[float, float], half_width: float, colour: np.ndarray) -> None:
    """A ring of petals between two distances from the centre, all in pixels."""
    middle, half_length = (reach[0] + reach[1]) / 2, (reach[1] - reach[0]) / 2
    for degrees in rng.uniform(0, 360) + np.arange(count) * 360 / count + rng.normal(0, 4, count):
        away = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
        length = half_length * rng.uniform(.88, 1.05)
        petal = oval(centre + away * middle, (length, half_width), degrees, 12)
        fill(picture, petal, colour * rng.uniform(.78, 1.05))


def _eye(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float,
         colour: np.ndarray) -> None:
    """The middle of a flower head: a disc of small florets."""
    fill(picture, oval(centre, (radius, radius)), colour * .7)
    for _ in range(40):
        away, turn = radius * np.sqrt(rng.random()) * .9, rng.uniform(0, 2 * np.pi)
        floret = centre + away * np.array([np.cos(turn), np.sin(turn)])
        fill(picture, oval(floret, (.1 * radius, .1 * radius), points=6),
             colour * rng.uniform(.6, 1.3))


def _daisy(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float
           ) -> None:
    colour = np.array([240, 240, 245]) if rng.random() < .8 else np.array([220, 170, 235])
    _petals(rng, picture, centre, int(rng.integers(16, 26)), (.2 * radius, radius), .1 * radius,
            colour)
    _eye(rng, picture, centre, .26 * radius, np.array([40, 190, 240]))


def _dandelion(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float
               ) -> None:
    if rng.random() < .35:  # gone to seed: a ball of pale threads
        _petals(rng, picture, centre, 60, (.1 * radius, .85 * radius), .012 * radius,
                np.array([200, 205, 205]))
        for turn in rng.uniform(0, 2 * np.pi, 60):
            tuft = centre + radius * rng.uniform(.75, 1) * np.array([np.cos(turn), np.sin(turn)])
            fill(picture, oval(tuft, (.05 * radius, .05 * radius), points=6),
                 np.full(3, rng.uniform(200, 245)))
        fill(picture, oval(centre, (.12 * radius, .12 * radius)), np.array([70, 100, 120]))
        return
    for share in (1, .8, .58, .34):
        _petals(rng, picture, centre, 34, (.05 * radius, share * radius), .05 * radius,
                np.array([30, 215, 250]) * (1.05 - .25 * share))


def _rose(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float
          ) -> None:
    colour = _ROSES[rng.integers(len(_ROSES))]
    turn = rng.uniform(0, 360)
    for layer, share in enumerate(np.linspace(1, .16, 8)):
        for petal in range(5):
            degrees = turn + layer * 40 + petal * 72
            away = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
            place, size = centre + away * share * radius * .5, share * radius * .52
            fill(picture, oval(place, (size * .8, size), degrees), colour * (.45 + .1 * petal))
            fill(picture, oval(place - away * size * .12, (size * .74, size * .92), degrees),
                 colour * (.62 + .07 * petal + .12 * (layer % 2)))


def _sunflower(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float
               ) -> None:
    for reach in (1.0, .88):
        _petals(rng, picture, centre, int(rng.integers(17, 24)), (.35 * radius, reach * radius),
                .12 * radius, np.array([20, 180, 250]) * (.6 + .4 * (reach < 1)))
    _eye(rng, picture, centre, .48 * radius, np.array([30, 50, 85]))
    _eye(rng, picture, centre, .2 * radius, np.array([35, 75, 95]))


def _tulip(rng: np.random.Generator, picture: np.ndarray, centre: np.ndarray, radius: float
           ) -> None:
    """A cup seen from the side: petals that spread from where the stem ends."""
    colour, cup = _TULIPS[rng.integers(len(_TULIPS))], .75 * radius
    lean = rng.normal(0, 8)
    for tilt, tone in ((-13, .62), (13, .7), (-21, .85), (21, .95), (0, 1.05)):
        petal = oval((0, -cup), (.42 * cup, cup))
        petal[:, 0] *= np.where(petal[:, 1] < -cup, 2 + petal[:, 1] / cup, 1)  # pointed above
        turn = np.deg2rad(tilt + lean)
        matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        fill(picture, petal @ matrix + centre + (0, .3 * cup), colour * tone)


_PAINTERS = {'daisy': _daisy, 'dandelion': _dandelion, 'roses': _rose, 'sunflowers': _sunflower,
             'tulips': _tulip}

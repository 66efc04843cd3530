"""The layout of a drawn scene: its road, and the vehicles and people on it."""
import math
from dataclasses import dataclass

import numpy as np

from tools.misc.drawing.camera import GROUND, Camera, RoadObject

# Ranges of height, width and length in metres; the means of cars are those of KITTI's labels.
_SIZES = {'Car': ((1.38, 1.72), (1.5, 1.75), (3.3, 4.5)),
          'Van': ((1.9, 2.5), (1.8, 2.05), (4.6, 5.6)),
          'Pedestrian': ((1.5, 1.9), (.45, .75), (.5, 1.0))}
LANE = 3.4  # metres


@dataclass(frozen=True)
class Street:
    """A road in its own frame: d metres right of its middle line, s metres along it."""

    offset: float  # of the camera from the middle line, metres
    yaw: float  # from the road to the camera's axis, radians, positive to the right
    bend: float  # the middle line lies bend * s ** 2 metres right of straight ahead
    lanes: int  # on either side of the middle line
    edge: float  # from the middle line to the kerbs, metres; includes parked cars
    urban: bool  # houses rather than trees beside it

    def to_camera(self, d: float, s: float, height: float = 0.0) -> np.ndarray:
        """Return the camera coordinates (3,) of a point ``height`` metres above the ground."""
        x = d + self.bend * s * s - self.offset
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([x * cos - s * sin, GROUND - height, x * sin + s * cos])


def draw_street(rng: np.random.Generator) -> Street:
    """Draw a road, in a town or not, and where the camera's car drives on it."""
    urban = bool(rng.random() < .6)
    lanes = int(rng.integers(1, 3))
    edge = lanes * LANE + (rng.choice([0, 2.3]) if urban else 0)
    return Street(LANE / 2 + rng.normal(0, .25), rng.normal(0, .035), rng.normal(0, 6e-4), lanes,
                  float(edge), urban)


def place_objects(rng: np.random.Generator, street: Street, camera: Camera) -> list[RoadObject]:
    """Put vehicles and people where they do not overlap and can be seen."""
    with_cars = rng.random() >= .1
    wanted = int(rng.integers(2, 7)) if with_cars else int(rng.integers(0, 4))
    far = int(rng.integers(0, 4)) if with_cars else 0
    placed: list[RoadObject] = []
    for attempt in range(3 * (wanted + far)):
        item = _draw_object(rng, street, with_cars, is_far=attempt < far)
        reach = math.hypot(*item.size[1:]) / 2
        free = all(math.dist(item.location, other.location)
                   > .95 * (reach + math.hypot(*other.size[1:]) / 2) for other in placed)
        # At least 1.5 m from the camera, and at most 80 % of a box outside the image.
        if (free and len(placed) < wanted + far and item.corners()[:, 2].min() >= 1.5
                and item.boxes(camera)[2] <= .8):
            placed.append(item)
    return placed


def _draw_object(rng: np.random.Generator, street: Street, with_cars: bool, is_far: bool
                 ) -> RoadObject:
    shares = (1, 0, 0) if is_far else (.78, .1, .12) if with_cars else (0, .3, .7)
    kind = str(rng.choice(list(_SIZES), p=shares))
    s = rng.uniform(75, 125) if is_far else math.exp(rng.uniform(math.log(6), math.log(38)))
    side = int(rng.choice([-1, 1]))
    along = 0.0 if side > 0 else math.pi  # right-hand traffic; radians right of the road
    where = rng.random()
    if kind == 'Pedestrian':
        d, heading = side * (street.edge + rng.uniform(.3, 2)), rng.uniform(-math.pi, math.pi)
    elif where < .12 and not is_far:  # crossing or turning
        d, heading = rng.uniform(-6, 6), rng.uniform(-math.pi, math.pi)
    elif where < .6 and street.edge > street.lanes * LANE:  # parked, some of them across
        turn = rng.choice([0, math.pi, math.pi / 2, -math.pi / 2], p=[.55, .25, .1, .1])
        d, heading = side * (street.edge - 1.2), along + turn + rng.normal(0, .04)
    else:
        d = side * (int(rng.integers(street.lanes)) + .5) * LANE + rng.normal(0, .25)
        heading = along + rng.normal(0, .05)
    heading += math.atan(2 * street.bend * s) - street.yaw - math.pi / 2
    # Rounded as the label will be, so that it projects to exactly what is drawn.
    size, location = (tuple(round(float(value), 2) for value in values) for values in (
        [rng.uniform(*bounds) for bounds in _SIZES[kind]], street.to_camera(d, s)))
    return RoadObject(kind, size, location, round(math.remainder(heading, math.tau), 2))

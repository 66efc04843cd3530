"""Where the road of a drawn scene runs, and what drives, parks and walks on it."""
import math
from dataclasses import dataclass

import numpy as np

from tools.misc.drawing.camera import (
    GROUND,
    Camera,
    RoadObject,
    clip_box,
    projected_box,
    wrap_angle,
)
from tools.misc.drawing.vehicles import CAR_STYLES, person_size, vehicle_size

_NO_CAR_SHARE = 0.1  # of the scenes
_MAX_TRUNCATION = 0.8
_NEAREST = 1.5  # metres in front of the camera that stay free
_MOST_OBJECTS = 14


@dataclass(frozen=True)
class Street:
    """A road in its own frame: d metres right of its middle line, s metres along it.

    Attributes:
        offset: Lateral position of the camera, metres.
        yaw: Angle from the road to the camera's axis, radians, positive to the right.
        bend: The middle line lies ``bend * s ** 2`` metres to the right of straight ahead.
        lane: Width of a lane, metres.
        lanes: How many lanes lie left and right of the middle line.
        parking: Width of the strip for parked cars on the left and on the right, metres.
        walk: Width of the pavements, metres.
        urban: Houses rather than trees beside it.
    """

    offset: float
    yaw: float
    bend: float
    lane: float
    lanes: tuple[int, int]
    parking: tuple[float, float]
    walk: float
    urban: bool

    def to_camera(self, d: float, s: float, height: float = 0.0) -> np.ndarray:
        """Point (3,) in camera coordinates, ``height`` metres above a place on the ground."""
        x = d + self.bend * s * s - self.offset
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([x * cos - s * sin, GROUND - height, x * sin + s * cos])

    def rotation_y(self, heading: float, s: float) -> float:
        """KITTI's angle for a heading (radians to the right of the road's direction) at s."""
        return wrap_angle(heading + math.atan(2 * self.bend * s) - self.yaw - math.pi / 2)

    def edge(self, side: int) -> float:
        """Where lanes and parking strip end on the left (-1) or right (1): signed d."""
        index = (side + 1) // 2
        return side * (self.lanes[index] * self.lane + self.parking[index])


@dataclass
class Placed:
    """A labelled object, its body style and the number that marks its pixels.

    ``pixels`` is how many of them lie within the image before anything hides
    them; known once it is painted.
    """

    item: RoadObject
    style: str
    owner: int
    pixels: int = 0


def draw_street(rng: np.random.Generator, urban: bool | None = None) -> Street:
    """Draw a road, in a town or not, and where the camera's car drives on it."""
    urban = bool(rng.random() < .6) if urban is None else urban
    lane = rng.uniform(3.0, 3.7)
    lanes = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    parking = tuple(float(rng.choice([0, 2.3, 5.2], p=[.4, .4, .2])) if urban else 0.0
                    for _ in range(2))
    own_lane = (int(rng.integers(lanes[1])) + .5) * lane
    return Street(own_lane + rng.normal(0, .25), rng.normal(0, .035), rng.normal(0, 6e-4), lane,
                  lanes, parking, rng.uniform(1.2, 3.5), urban)


def place_objects(rng: np.random.Generator, street: Street, camera: Camera) -> list[Placed]:
    """Put vehicles and people where they do not overlap and can be seen; at most 14."""
    with_cars = rng.random() >= _NO_CAR_SHARE
    wanted = int(rng.integers(2, 7)) if with_cars else int(rng.integers(0, 4))
    far = int(rng.integers(0, 4)) if with_cars else 0
    placed, footprints = [], []
    for attempt in range(3 * (wanted + far)):
        if len(placed) == min(wanted + far, _MOST_OBJECTS):
            break
        style = _draw_style(rng, with_cars, attempt < far)
        item, footprint = _draw_object(rng, street, style, attempt < far)
        if item.corners()[:, 2].min() < _NEAREST or _overlaps(footprint, footprints):
            continue
        if clip_box(projected_box(item, camera), camera)[1] > _MAX_TRUNCATION:
            continue
        footprints.append(footprint)
        placed.append(Placed(item, style, owner=len(placed) + 1))
    return placed


def _draw_style(rng: np.random.Generator, with_cars: bool, is_far: bool) -> str:
    people, vans = (.12, .1) if with_cars else (.7, .3)
    draw = 1.0 if is_far else rng.random()
    if draw < people:
        return 'person'
    return 'van' if draw < people + vans else str(rng.choice(CAR_STYLES))


def _draw_object(rng: np.random.Generator, street: Street, style: str, is_far: bool
                 ) -> tuple[RoadObject, np.ndarray]:
    """Draw one object's place; also its bounds d1, s1, d2, s2 in the road's frame."""
    s = rng.uniform(75, 125) if is_far else math.exp(rng.uniform(math.log(6), math.log(38)))
    if style == 'person':
        kind, size = 'Pedestrian', person_size(rng)
        side = int(rng.choice([-1, 1]))
        d = street.edge(side) + side * rng.uniform(.3, max(.5, street.walk - .2))
        heading = rng.uniform(-math.pi, math.pi)
    else:
        kind, size = vehicle_size(rng, style)
        d, heading = _draw_berth(rng, street, is_far)
    # Rounded as the label will be, so that it projects to exactly what is drawn.
    location = tuple(round(float(v), 2) for v in street.to_camera(d, s))
    item = RoadObject(kind, size, location, round(float(street.rotation_y(heading, s)), 2))
    cos, sin = abs(math.cos(heading)), abs(math.sin(heading))
    _, width, length = size
    reach = np.array([width * cos + length * sin, width * sin + length * cos]) / 2 + .3
    return item, np.array([d - reach[0], s - reach[1], d + reach[0], s + reach[1]])


def _draw_berth(rng: np.random.Generator, street: Street, is_far: bool) -> tuple[float, float]:
    """Lateral place and heading of a vehicle: in a lane, parked, or crossing the road."""
    side = int(rng.choice([-1, 1]))
    index = (side + 1) // 2
    along = 0.0 if side > 0 else math.pi  # right-hand traffic
    parking = street.parking[index]
    if parking and not is_far and rng.random() < .65:
        d = street.edge(side) - side * parking / 2
        if parking > 3:  # wide enough to park across, at a right or oblique angle
            return d, side * rng.choice([-1, 1]) * rng.choice([math.pi / 2, 1.05])
        return d, rng.choice([0, math.pi], p=[.7, .3]) + along + rng.normal(0, .03)
    if not is_far and rng.random() < .12:
        return rng.uniform(-6, 6), rng.uniform(-math.pi, math.pi)
    lane = int(rng.integers(street.lanes[index]))
    return side * (lane + .5) * street.lane + rng.normal(0, .25), along + rng.normal(0, .05)


def _overlaps(footprint: np.ndarray, others: list[np.ndarray]) -> bool:
    return any((footprint[:2] < other[2:]).all() and (footprint[2:] > other[:2]).all()
               for other in others)

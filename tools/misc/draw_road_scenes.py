"""Drawn road scenes in perspective, with the labels KITTI would give them.

Everything is placed in metres on a flat ground and seen through KITTI's
camera, so 2D box, angle, size, location, truncation and occlusion of a label
belong together: none of them is made up.
"""
import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from tools.misc import road_meshes as meshes
from tools.misc.road_canvas import BACKGROUND, FOLIAGE, WALL, Canvas, Light
from tools.misc.road_geometry import (
    GROUND,
    Camera,
    RoadObject,
    clip_box,
    dont_care_line,
    label_line,
    projected_box,
    wrap_angle,
)

MIN_LABEL_HEIGHT = 17  # pixels of a full-size image; KITTI labels hardly any car below it
_MIN_VISIBLE = 0.12  # of an object's pixels; what shows less is DontCare
_MAX_TRUNCATION = 0.8
_NO_CAR_SHARE = 0.1  # of the scenes
_TILE = 256  # side of the repeating noise textures


@dataclass(frozen=True)
class Street:
    """A road in its own frame: d metres right of its middle line, s metres along it.

    Attributes:
        offset: Lateral position of the camera, metres.
        yaw: Angle from the road to the camera's axis, radians, positive to the right.
        bend: Curvature: the middle line is at ``bend * s ** 2``.
        lane: Width of a lane, metres.
        lanes: How many lanes lie left and right of the middle line.
        parking: Width of the strip for parked cars on the left and on the right.
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
        """Point (3,) in camera coordinates of a place on, or ``height`` above, the ground."""
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
    """A labelled object, how to paint it and how much of it ended up visible."""

    item: RoadObject
    style: str
    owner: int
    pixels: int = 0


def draw_scene(rng: np.random.Generator, camera: Camera) -> tuple[np.ndarray, list[str]]:
    """Draw one scene.

    Returns:
        The image (H, W, 3; uint8, BGR) and its label lines in KITTI's format,
        objects first, then DontCare regions.
    """
    street, light = _draw_street(rng), _draw_light(rng)
    placed = _place_objects(rng, street, camera)
    canvas = Canvas(camera, light, _paint_background(rng, street, light, camera, placed))
    _paint_scenery(canvas, street, rng, side_blocks=True)
    _paint_standing(canvas, street, rng, placed)
    visible = np.bincount(canvas.owner.ravel(), minlength=256)
    labels, regions = [], []
    for thing in sorted(placed, key=lambda p: p.item.location[2]):
        _label(thing, visible[thing.owner], camera, labels, regions)
    return _develop(canvas, rng), labels + regions


def _label(thing: Placed, visible: int, camera: Camera, labels: list[str],
           regions: list[str]) -> None:
    if not visible:
        return
    fraction = visible / thing.pixels
    top, bottom = projected_box(thing.item, camera)[[1, 3]]
    if fraction < _MIN_VISIBLE or bottom - top < MIN_LABEL_HEIGHT * camera.scale:
        regions.append(dont_care_line(thing.item, camera))
    else:
        labels.append(label_line(thing.item, camera, fraction))


def _draw_street(rng: np.random.Generator) -> Street:
    urban = bool(rng.random() < 0.6)
    lane = rng.uniform(3.0, 3.7)
    lanes = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    parking = tuple(float(rng.choice([0, 2.3, 5.2], p=[.4, .4, .2])) if urban else 0.0
                    for _ in range(2))
    own_lane = (rng.integers(lanes[1]) + 0.5) * lane
    return Street(own_lane + rng.normal(0, .25), rng.normal(0, .035), rng.normal(0, 6e-4), lane,
                  lanes, parking, rng.uniform(1.2, 3.5), urban)


def _draw_light(rng: np.random.Generator) -> Light:
    azimuth, elevation = rng.uniform(-math.pi, math.pi), rng.uniform(.35, 1.1)
    sun = np.array([math.cos(elevation) * math.sin(azimuth), -math.sin(elevation),
                    math.cos(elevation) * math.cos(azimuth)])
    direct = rng.choice([0.05, rng.uniform(.3, .8)], p=[.3, .7])
    haze = np.array([225, 215, 205]) * rng.uniform(.75, 1.05)
    return Light(sun, direct, rng.uniform(.34, .6) + .15 * (direct < .1), haze,
                 rng.uniform(180, 500))


def _place_objects(rng: np.random.Generator, street: Street, camera: Camera) -> list[Placed]:
    """Put vehicles and people where they do not overlap and can be seen."""
    placed, footprints = [], []
    with_cars = rng.random() >= _NO_CAR_SHARE
    wanted = int(rng.integers(2, 10)) if with_cars else int(rng.integers(0, 4))
    far = int(rng.integers(0, 4)) if with_cars else 0
    for number in range(3 * (wanted + far)):
        if len(placed) >= wanted + far:
            break
        is_far = number < far
        style = _draw_style(rng, with_cars, is_far)
        item, footprint = _place_one(rng, street, style, is_far)
        if item.corners()[:, 2].min() < 1.5 or _overlaps(footprint, footprints):
            continue
        _, truncation = clip_box(projected_box(item, camera), camera)
        if truncation > _MAX_TRUNCATION:
            continue
        footprints.append(footprint)
        placed.append(Placed(item, style, owner=len(placed) + 1))
    return placed


def _draw_style(rng: np.random.Generator, with_cars: bool, is_far: bool) -> str:
    if is_far:
        return str(rng.choice(meshes.CAR_STYLES))
    people, vans = (.12, .1) if with_cars else (.7, .3)
    draw = rng.random()
    if draw < people:
        return 'person'
    return 'van' if draw < people + vans else str(rng.choice(meshes.CAR_STYLES))


def _place_one(rng: np.random.Generator, street: Street, style: str, is_far: bool
               ) -> tuple[RoadObject, np.ndarray]:
    """Draw one object's place; also its bounds d1, s1, d2, s2 in the road's frame."""
    s = rng.uniform(75, 125) if is_far else math.exp(rng.uniform(math.log(5), math.log(62)))
    if style == 'person':
        kind = 'Pedestrian'
        size = tuple(round(float(v), 2) for v in rng.uniform((1.5, .45, .5), (1.9, .75, 1.0)))
        side = rng.choice([-1, 1])
        d = street.edge(side) + side * rng.uniform(.3, max(.5, street.walk - .2))
        heading = rng.uniform(-math.pi, math.pi)
    else:
        kind, size = meshes.vehicle_size(rng, style)
        d, heading = _draw_berth(rng, street, is_far)
    location = tuple(round(float(v), 2) for v in street.to_camera(d, s))
    item = RoadObject(kind, size, location, round(street.rotation_y(heading, s), 2))
    _, width, length = size
    cos, sin = abs(math.cos(heading)), abs(math.sin(heading))
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


@lru_cache(maxsize=1)
def _noise_tiles() -> tuple[np.ndarray, np.ndarray]:
    """Two repeating textures (256, 256), mean 0, deviation 1: white noise and soft blotches."""
    white = np.random.default_rng(0).standard_normal((_TILE, _TILE))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_TILE), np.fft.fftfreq(_TILE)))
    soft = np.fft.ifft2(np.fft.fft2(white) * np.exp(-(frequency * 22) ** 2)).real
    return white.astype(np.float32), (soft / soft.std()).astype(np.float32)


def _tile(tile: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    return tile[along.astype(np.int32) & (_TILE - 1), across.astype(np.int32) & (_TILE - 1)]


def _paint_background(rng: np.random.Generator, street: Street, light: Light, camera: Camera,
                      placed: list[Placed]) -> np.ndarray:
    horizon = math.floor(camera.centre_y) + 1
    image = np.empty((camera.height, camera.width, 3), np.uint8)
    image[:horizon] = _sky(rng, light, (horizon, camera.width))
    rows = np.arange(horizon, camera.height, dtype=np.float32)[:, None]
    columns = np.arange(camera.width, dtype=np.float32)
    # The row of the horizon itself would lie infinitely far away.
    z = camera.focal * GROUND / np.maximum(rows - camera.centre_y, .3 * camera.scale)
    x = (columns - camera.centre_x) / camera.focal * z
    s = z * math.cos(street.yaw) - x * math.sin(street.yaw)
    d = x * math.cos(street.yaw) + z * math.sin(street.yaw) + street.offset - street.bend * s * s
    ground = _ground(rng, street, d, s, z / camera.focal)
    brightness = light.ambient + light.direct * -light.sun[1]
    if light.direct > .2:
        soft = _tile(_noise_tiles()[1], d * 9 + rng.integers(_TILE), s * 6 + rng.integers(_TILE))
        shadow = np.clip((soft - rng.uniform(.3, 2)) * 3, 0, 1) * light.direct
        brightness = brightness - .8 * shadow * -light.sun[1]
    ground *= (brightness * _contact_shadows(camera, light, placed)[horizon:])[..., None]
    fade = np.exp(-z / light.haze_range)[..., None]
    image[horizon:] = np.clip(ground * fade + light.haze * (1 - fade), 0, 255)
    return image


def _sky(rng: np.random.Generator, light: Light, shape: tuple[int, int]) -> np.ndarray:
    """A gradient from the haze at the horizon up to blue, grey or glaring white, with clouds."""
    zenith = [(215, 160, 95), (190, 185, 180), (252, 250, 248)][rng.choice(3, p=[.4, .25, .35])]
    height, width = shape
    up = np.linspace(1, 0, height, dtype=np.float32)[:, None, None] ** 1.3
    sky = light.haze * 1.05 * (1 - up) + np.array(zenith) * up
    start = rng.integers(_TILE)
    across = np.arange(width) * (200 / width) + start
    along = np.arange(height) * (230 / height)
    clouds = _tile(_noise_tiles()[1], across[None], along[:, None])[..., None]
    cover = np.clip(clouds - rng.uniform(-.3, 2), 0, 1) * .8
    return np.clip(sky * (1 - cover) + 248 * cover, 0, 255)


def _ground(rng: np.random.Generator, street: Street, d: np.ndarray, s: np.ndarray,
            footprint: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) of road, kerbs, pavements, verges and markings before lighting.

    Args:
        d, s: Place of each pixel on the ground, metres.
        footprint: Width of a pixel on the ground, metres; markings blur by it.
    """
    asphalt = np.full(3, rng.uniform(85, 150)) + rng.normal(0, 4, 3)
    verge = np.array([[60, 130, 105], [75, 120, 140], [110, 125, 135]][rng.integers(3)])
    walk = np.array([165, 172, 178]) * rng.uniform(.7, 1.1) if street.urban else verge * .9
    left, right = street.edge(-1), street.edge(1)
    bounds = [left - street.walk, left - .18, left, right, right + .18, right + street.walk]
    colours = [verge, walk, [190] * 3, asphalt, [190] * 3, walk, verge]
    ground = np.array(colours, np.float32)[np.searchsorted(bounds, d)]
    for line, dashed in _marking_lines(rng, street):
        across = np.clip((.07 - np.abs(d - line)) / footprint + .5, 0, 1)
        across *= np.minimum(1, .14 / footprint)  # thinner than a pixel
        if dashed:
            phase = np.abs((s / 9 + rng.random()) % 1 - .5)
            across *= np.clip((phase - .3) * 9 / (footprint * 6) + .5, 0, 1)
        ground += across[..., None] * (225 - ground) * .9
    white, soft = _noise_tiles()
    fine = _tile(white, d * 18 + 4096, s * 7) * np.exp(-footprint * 25)
    coarse = _tile(soft, d * 11 + 4096 + rng.integers(_TILE), s * 2.5 + rng.integers(_TILE))
    rough = np.where((d > left) & (d < right), .05, .12)
    return ground * (1 + rough * (fine + .8 * coarse))[..., None]


def _marking_lines(rng: np.random.Generator, street: Street) -> list[tuple[float, bool]]:
    """Lateral place of each painted line, and whether it is dashed."""
    left, right = street.lanes
    lines = [(number * street.lane, True) for number in range(1 - left, right)]
    if rng.random() < .7:
        lines += [(-left * street.lane + .15, False), (right * street.lane - .15, False)]
    return lines if rng.random() < .85 else []


def _contact_shadows(camera: Camera, light: Light, placed: list[Placed]) -> np.ndarray:
    """Brightness factor (H, W), 0 to 1, of the ground below and beside the objects."""
    mask = np.full((camera.height, camera.width), 255, np.uint8)
    for thing in placed:
        corners = thing.item.corners()
        bottom, top = corners[:4], corners[4:]
        reach = thing.item.size[0] * light.sun / -light.sun[1]
        fallen = (top - thing.item.size[0] * np.array([0, -1, 0])) - reach * (1, 0, 1)
        fallen[:, 2] = np.maximum(fallen[:, 2], 1)
        level = 255 * (1 - .75 * light.direct / (light.direct + light.ambient))
        for points, shade in ((np.concatenate([bottom, fallen]), level), (bottom, 70)):
            pixels = np.round(camera.project(points) * 16).astype(np.int32)
            cv2.fillConvexPoly(mask, cv2.convexHull(pixels), int(shade), cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), 2.2 * camera.scale) / np.float32(255)


def _paint_scenery(canvas: Canvas, street: Street, rng: np.random.Generator,
                   side_blocks: bool) -> None:
    """Skyline, then buildings and hedges on both sides, from far to near."""
    _paint_skyline(canvas, rng)
    blocks = []
    for side in (-1, 1):
        base = abs(street.edge(side)) + street.walk
        s = rng.uniform(4, 16)
        while s < 130:
            length = rng.uniform(8, 22)
            if rng.random() < (.8 if street.urban else .12):
                blocks.append((s, length, side, base + rng.uniform(.5, 5 if street.urban else 20)))
            s += length + rng.choice([.2, rng.uniform(2, 14)])
    for s, length, side, near in sorted(blocks, reverse=True):
        depth, height = rng.uniform(7, 12), rng.choice([3.2, 6.3, 9.5, 13])
        d = sorted((side * near, side * (near + depth)))
        plan = [(d[0], s + length), (d[1], s + length), (d[1], s), (d[0], s)]
        corners = np.array([street.to_camera(*place, h) for h in (0, height) for place in plan])
        tone = rng.uniform(70, 230) * (1 + rng.normal(0, .09, 3))
        meshes.paint_building(canvas, corners, np.clip(tone, 30, 245), rng)
    _paint_borders(canvas, street, rng)


def _paint_skyline(canvas: Canvas, rng: np.random.Generator) -> None:
    """Hills or a line of trees along the horizon."""
    camera, soft = canvas.camera, _noise_tiles()[1]
    for height, roughness, colour, haze in ((rng.uniform(0, 16), .4, (70, 85, 70), .45),
                                            (rng.uniform(4, 20), 3, (35, 60, 45), .15)):
        columns = np.linspace(0, 90 * roughness, 160).astype(np.int32) & (_TILE - 1)
        top = (height + 5 * soft[rng.integers(_TILE), columns]).clip(0) * camera.scale
        x = np.linspace(-1, camera.width, 160)
        outline = np.concatenate([np.stack([x, camera.centre_y - top], 1),
                                  [[camera.width, camera.centre_y + 1], [-1, camera.centre_y + 1]]])
        tint = canvas.light.shade(np.array(colour) * 1.4, None, 0)
        tint = tint * (1 - haze) + canvas.light.haze * haze
        points = [np.round(outline * 16).astype(np.int32)]
        cv2.fillPoly(canvas.image, points, tuple(map(float, tint)), cv2.LINE_AA, 4)
        cv2.fillPoly(canvas.owner, points, FOLIAGE, cv2.LINE_8, 4)


def _paint_borders(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """A hedge, wall or rail along each side, in pieces so that it follows a bend."""
    for side in (-1, 1):
        if rng.random() < .45:
            continue
        green = rng.random() < .6
        colour = np.array([40, 85, 60]) if green else np.full(3, rng.uniform(90, 200))
        height = rng.uniform(.8, 2.6) if green else rng.uniform(.5, 1.6)
        d = street.edge(side) + side * (street.walk + .3)
        starts = np.arange(4.0, 100, 8)
        for s in starts[rng.random(starts.size) < .85][::-1]:
            ends = np.array([street.to_camera(d, s), street.to_camera(d, s + 8)])
            meshes.paint_strip(canvas, ends, height, colour, FOLIAGE if green else WALL)


def _paint_standing(canvas: Canvas, street: Street, rng: np.random.Generator,
                    placed: list[Placed]) -> None:
    """Trees, poles and the labelled objects, together from far to near."""
    queue = [(math.hypot(*thing.item.location[::2]), thing) for thing in placed]
    for side in (-1, 1):
        gap = rng.uniform(7, 14) if rng.random() < .7 else 40
        for s in np.arange(rng.uniform(7, 16), 110, gap):
            d = street.edge(side) + side * (rng.uniform(.7, 1.6) if street.urban
                                            else rng.uniform(1.5, 9))
            foot = street.to_camera(d, s + rng.uniform(-2, 2))
            queue.append((math.hypot(foot[0], foot[2]), foot))
    green = np.array([38, 88, 62]) * rng.uniform(.55, 1.2) * (1 + rng.normal(0, .12, 3))
    for _, thing in sorted(queue, key=lambda entry: -entry[0]):
        if not isinstance(thing, Placed):
            if rng.random() < .7:
                meshes.paint_tree(canvas, thing, rng.uniform(4, 11), green, rng)
            else:
                meshes.paint_pole(canvas, thing, rng.choice([2.4, 7.5]), rng)
            continue
        if thing.style == 'person':
            meshes.paint_person(canvas, thing.item, thing.owner, rng)
        else:
            meshes.paint_vehicle(canvas, thing.item, thing.style, thing.owner, rng)
        # Nothing nearer has been painted yet: these are all its pixels within the image.
        thing.pixels = int((canvas.owner == thing.owner).sum())


def _develop(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Give surfaces their texture and the picture a camera's exposure, tint and noise."""
    image, owner = canvas.image.astype(np.float32), canvas.owner
    white = _noise_tiles()[0]
    rows, columns = (np.arange(n) for n in owner.shape)
    grain = white[np.ix_((rows + rng.integers(_TILE)) % _TILE, (columns + rng.integers(_TILE))
                         % _TILE)]
    strength = np.full(256, .03, np.float32)
    strength[[FOLIAGE, WALL, BACKGROUND]] = .22, .06, 0
    image *= (1 + strength[owner] * grain)[..., None]
    image *= (rng.uniform(.7, 1.25) * (1 + rng.normal(0, .03, 3))).astype(np.float32)
    noise = rng.normal(0, rng.uniform(1, 4), (64, canvas.camera.width, 3)).astype(np.float32)
    repeats = -(-owner.shape[0] // 64)
    image += np.concatenate([noise] * repeats)[:owner.shape[0]]
    return np.clip(image, 0, 255).astype(np.uint8)

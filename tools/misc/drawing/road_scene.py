"""Drawn road scenes in perspective, with the labels KITTI would give them.

Everything is placed in metres on a flat ground and seen through KITTI's
camera, so 2D box, angle, size, location, truncation and occlusion of a label
are consistent: all are computed from the scene.
"""
import math
from collections.abc import Sequence

import cv2
import numpy as np

from tools.misc.drawing.camera import GROUND, Camera, RoadObject, label_line, solid
from tools.misc.drawing.canvas import Canvas
from tools.misc.drawing.layout import LANE, Street, draw_street, place_objects

_DARK, _LAMP, _TAIL, _SKIN, _LEAVES = np.array([
    (28, 28, 28), (240, 240, 240), (30, 25, 190), (90, 120, 165), (38, 88, 62)], dtype=float)
_VERGES = np.array([(60, 130, 105), (75, 120, 140), (110, 125, 135)])  # grass, dry, gravel
_ZENITHS = np.array([(215, 160, 95), (190, 185, 180), (252, 250, 248)])  # blue, grey, glaring


def draw_scene(rng: np.random.Generator, camera: Camera) -> tuple[np.ndarray, list[str]]:
    """Draw one scene: a street between houses or a road through the country.

    Returns:
        The image (H, W, 3; uint8, BGR) and its label lines in KITTI's format:
        objects from near to far, then DontCare regions.
    """
    street = draw_street(rng)
    objects = sorted(place_objects(rng, street, camera), key=lambda item: item.location[2])
    return paint_scene(rng, camera, street, objects)[:2]


def paint_scene(rng: np.random.Generator, camera: Camera, street: Street,
                objects: Sequence[RoadObject], scenery: bool = True
                ) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Paint objects on a road, with or without houses, trees and poles beside it.

    Returns:
        The image and label lines, see :func:`draw_scene`; and the owner (H, W) of each pixel,
        where k + 1 is object k.
    """
    canvas = Canvas(camera, rng)
    _paint_ground(canvas, street, rng)
    queue = [(np.array(item.location), number) for number, item in enumerate(objects, 1)]
    if scenery:
        _paint_houses(canvas, street, rng)
        queue += [(street.to_camera(side * (street.edge + rng.uniform(.8, 4)), s), 0)
                  for side in (-1, 1) for s in np.arange(rng.uniform(7, 16), 100, 14)]
    pixels = np.zeros(len(objects), int)  # that each would have if nothing hid it
    for place, number in sorted(queue, key=lambda entry: -math.hypot(entry[0][0], entry[0][2])):
        if not number:
            _paint_tree_or_pole(canvas, place, rng)
            continue
        paint = _paint_person if objects[number - 1].kind == 'Pedestrian' else _paint_vehicle
        paint(canvas, objects[number - 1], number, rng)
        # Nothing nearer has been painted yet: these are all its pixels within the image.
        pixels[number - 1] = np.count_nonzero(canvas.owner == number)
    exposure = rng.uniform(.75, 1.25) * (1 + rng.normal(0, .02, 3))
    noise = rng.standard_normal(canvas.image.shape, np.float32) * rng.uniform(1, 4)
    image = canvas.image * exposure.astype(np.float32) + noise
    visible = np.bincount(canvas.owner.ravel(), minlength=len(objects) + 1)[1:]
    lines = [label_line(item, camera, share) for item, share in zip(
        objects, visible / np.maximum(pixels, 1), strict=True)]
    return (image.clip(0, 255).astype(np.uint8),
            sorted(filter(None, lines), key=lambda line: line.startswith('DontCare')), canvas.owner)


def _colour(rng: np.random.Generator, low: float = 20, high: float = 240) -> np.ndarray:
    """Draw a random colour (3,) of any hue, more often greyish."""
    colour = rng.uniform(low, high, 3)
    return colour.mean() + (colour - colour.mean()) * rng.choice([.1, .3, .7])


def _paint_ground(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """Paint sky, hills, road, markings, pavements and verges, pixel by pixel."""
    camera = canvas.camera
    horizon = math.floor(camera.centre_y) + 1
    rows = np.arange(horizon, camera.height, dtype=np.float32)[:, None]
    z = camera.focal * GROUND / np.maximum(rows - camera.centre_y, .1)
    x = z * (np.arange(camera.width, dtype=np.float32) - camera.centre_x) / camera.focal
    s = z * math.cos(street.yaw) - x * math.sin(street.yaw)
    d = x * math.cos(street.yaw) + z * math.sin(street.yaw) + street.offset - street.bend * s * s
    verge = _VERGES[rng.integers(3)] * rng.uniform(.7, 1.1)
    walk = np.full(3, rng.uniform(120, 190)) if street.urban else verge * .9
    colours = np.array([np.full(3, rng.uniform(85, 150)), np.full(3, 190), walk, verge,
                        np.full(3, 225)], np.float32)  # asphalt, kerb, ..., markings
    zone = np.searchsorted([street.edge, street.edge + .2, street.edge + 2.5], np.abs(d))
    on_line = np.abs((d + LANE / 2) % LANE - LANE / 2) < .08 + z / camera.focal / 3
    dashed = (s % 9 < 4) & (np.abs(d) < (street.lanes - .5) * LANE)
    outer = np.abs(np.abs(d) - street.lanes * LANE) < LANE / 2
    zone[on_line & (dashed | outer) & (z < 60)] = 4
    texture = rng.normal(1, .06, (64, 64)).astype(np.float32)
    grain = texture[(s * 3).astype(int) % 64, (d * 9).astype(int) % 64]
    keep = np.exp(-z / canvas.haze_range)
    strength = (.85 - canvas.direct * (canvas.sun[1] + .5)) * grain * keep
    ground = colours[zone] * strength[..., None] + canvas.haze * (1 - keep)[..., None]
    up = np.linspace(1, 0, horizon)[:, None, None]
    clouds = cv2.resize(rng.uniform(0, 60, (6, 8)), (camera.width, horizon))[..., None]
    sky = canvas.haze * (1 - up) + _ZENITHS[rng.integers(3)] * up + clouds
    skyline = cv2.resize(rng.uniform(0, .12, (1, 24)), (camera.width, 1))[0]
    sky[up[..., 0] < skyline] = canvas.shade(_LEAVES * rng.uniform(.9, 1.6), 120)
    canvas.image[:] = np.concatenate([sky, ground]).clip(0, 255)


def _paint_houses(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """Paint blocks on both sides, their length along the road, from far to near."""
    for s, side in ((s, side) for s in np.arange(100, 4, -14.0) for side in (-1, 1)):
        if rng.random() > (.8 if street.urban else .12):
            continue
        left, right = sorted((side * (street.edge + rng.uniform(3, 8)), side * (street.edge + 16)))
        end, floors = s + rng.uniform(8, 13.5), int(rng.integers(1, 5))
        corners = np.array([street.to_camera(*place, up) for up in (0, 3.1 * floors)
                            for place in ((left, end), (right, end), (right, s), (left, s))])
        glass = np.full(3, rng.uniform(30, 130))
        panes = [((u + .06, (row + .3) / floors, u + .18, (row + .8) / floors), glass)
                 for row in range(floors) for u in (0, .25, .5, .75)]
        canvas.block(corners, _colour(rng, 60, 230),
                     details=dict.fromkeys(('left', 'right', 'rear'), panes))


def _paint_tree_or_pole(canvas: Canvas, foot: np.ndarray, rng: np.random.Generator) -> None:
    is_tree = rng.random() < .7
    height = rng.uniform(3, 8) if is_tree else rng.choice([2.2, 6])
    half = .02 * height if is_tree else .06
    stem = np.array([(-half, 0, 0), (half, 0, 0), (half, -height, 0), (-half, -height, 0)])
    canvas.polygon(foot + stem, _DARK * rng.uniform(1, 4))
    top = foot - (0, height, 0)
    if not is_tree:  # but a lamp or a traffic sign
        canvas.ball(top, .35, _colour(rng))
        return
    green = _LEAVES * rng.uniform(.5, 1.6)
    for tone in np.linspace(.6, 1.3, 14):  # lighter tufts come later, and higher
        tuft = top + rng.normal(0, .13 * height, 3) * (1, 1, 0) - (0, .25 * tone * height, 0)
        canvas.ball(tuft, rng.uniform(.09, .17) * height, green * tone)


def _paint_vehicle(canvas: Canvas, item: RoadObject, owner: int, rng: np.random.Generator) -> None:
    """Paint a car or van whose hull touches all sides of the object's 3D box."""
    height, half, end = item.size[0], item.size[1] / 2, item.size[2] / 2
    paint, glass = _colour(rng), np.full(3, rng.uniform(25, 100))
    tail, bonnet, belt = rng.uniform(-.98, -.7), rng.uniform(.4, .55), .58 * height
    if item.kind == 'Van':
        tail, bonnet, belt = -.98, .75, .5 * height
    canvas.polygon(item.corners()[:4], _DARK, None)  # its shadow
    floor = (-.92 * end, .92 * end, .94 * half)
    canvas.block(item.to_camera(solid(floor, floor, (0, .2 * height))), _DARK, owner)
    details = {face: [((.03, .5, .25, .8), lamp), ((.75, .5, .97, .8), lamp),
                      ((.35, .15, .65, .4), plate)]
               for face, lamp, plate in (('front', _LAMP, _DARK), ('rear', _TAIL, _LAMP))}
    wheels = [((u, 0, u + .2, .5), _DARK) for u in (.12, .7)]
    hull = solid((-end, end, half), (-.97 * end, .95 * end, .95 * half), (.15 * height, belt))
    canvas.block(item.to_camera(hull), paint, owner, {**details, 'left': wheels, 'right': wheels})
    cabin = solid((tail * end, bonnet * end, .9 * half),
                  ((tail + .12) * end, (bonnet - .35) * end, .76 * half), (belt, height))
    pane = [((.06, .12, .94, .9), glass), ((.06, .5, .94, .9), glass * 1.3)]
    sides = [*pane, ((.48, .1, .53, .95), paint)]
    canvas.block(item.to_camera(cabin), paint, owner,
                 {'front': pane, 'rear': pane, 'left': sides, 'right': sides})


def _paint_person(canvas: Canvas, item: RoadObject, owner: int, rng: np.random.Generator) -> None:
    """Paint a person who fills the height of the 3D box."""
    height, width, length = item.size
    legs, chest = (-.2 * length, .2 * length, .3 * width), (-.2 * length, .2 * length, .45 * width)
    waist, neck = .47 * height, .87 * height
    canvas.block(item.to_camera(solid(legs, legs, (0, waist))), _DARK * rng.uniform(1, 4), owner)
    canvas.block(item.to_camera(solid(chest, chest, (waist, neck))), _colour(rng), owner)
    head = np.array(item.location) - (0, .935 * height, 0)
    canvas.ball(head, .065 * height, _SKIN * rng.uniform(.5, 1.3), owner)

"""Drawn road scenes in perspective, with the labels KITTI would give them.

Everything is placed in metres on a flat ground and seen through KITTI's
camera, so 2D box, angle, size, location, truncation and occlusion of a label
belong together: none of them is made up.
"""
import math
from functools import lru_cache

import cv2
import numpy as np

from tools.misc.drawing import roadside
from tools.misc.drawing.background import TILE, noise_tiles, paint_background
from tools.misc.drawing.camera import Camera, dont_care_line, label_line, projected_box
from tools.misc.drawing.canvas import BACKGROUND, FOLIAGE, WALL, Canvas, Light
from tools.misc.drawing.layout import Placed, Street, draw_street, place_objects
from tools.misc.drawing.vehicles import paint_person, paint_vehicle

# What is lower, or shows less of itself, becomes a DontCare region: KITTI's evaluation counts no
# object below 25 pixels, at any difficulty.
MIN_LABEL_HEIGHT = 25  # pixels of a full-size image
MIN_LABEL_VISIBLE = 0.2  # of an object's pixels
MIN_VISIBLE = 0.05  # what shows less has no line at all


def draw_scene(rng: np.random.Generator, camera: Camera, urban: bool | None = None
               ) -> tuple[np.ndarray, list[str]]:
    """Draw one scene.

    Args:
        urban: A street between houses or a road through the country; None: either.

    Returns:
        The image (H, W, 3; uint8, BGR) and its label lines in KITTI's format:
        objects from near to far, then DontCare regions.
    """
    street, light = draw_street(rng, urban), _draw_light(rng)
    placed = place_objects(rng, street, camera)
    canvas = Canvas(camera, light, paint_background(rng, street, light, camera, placed))
    _paint_skyline(canvas, rng)
    _paint_buildings(canvas, street, rng)
    _paint_borders(canvas, street, rng)
    _paint_standing(canvas, street, rng, placed)
    return _develop(canvas, rng), _labels(canvas, placed)


def _draw_light(rng: np.random.Generator) -> Light:
    azimuth, elevation = rng.uniform(-math.pi, math.pi), rng.uniform(.35, 1.1)
    sun = np.array([math.cos(elevation) * math.sin(azimuth), -math.sin(elevation),
                    math.cos(elevation) * math.cos(azimuth)])
    overcast = rng.random() < .3
    direct = .05 if overcast else rng.uniform(.3, .8)
    ambient = rng.uniform(.6, .85) if overcast else rng.uniform(.34, .6)
    haze = np.array([225, 215, 205]) * rng.uniform(.75, 1.05)
    return Light(sun, direct, ambient, haze, rng.uniform(180, 500))


def _labels(canvas: Canvas, placed: list[Placed]) -> list[str]:
    visible = np.bincount(canvas.owner.ravel(), minlength=256)
    objects, regions = [], []
    for thing in sorted(placed, key=lambda thing: thing.item.location[2]):
        fraction = visible[thing.owner] / max(1, thing.pixels)
        _, top, _, bottom = projected_box(thing.item, canvas.camera)
        if fraction < MIN_VISIBLE:
            continue
        low = bottom - top < MIN_LABEL_HEIGHT * canvas.camera.scale
        if low or fraction < MIN_LABEL_VISIBLE:
            regions.append(dont_care_line(thing.item, canvas.camera))
        else:
            objects.append(label_line(thing.item, canvas.camera, fraction))
    return objects + regions


def _paint_skyline(canvas: Canvas, rng: np.random.Generator) -> None:
    """Hills, and a line of trees before them, along the horizon."""
    camera, soft, points = canvas.camera, noise_tiles()[1], 160
    x = np.linspace(-1, camera.width, points)
    for height, roughness, colour, haze in ((rng.uniform(0, 16), .4, (98, 119, 98), .45),
                                            (rng.uniform(4, 20), 3, (49, 84, 63), .15)):
        columns = np.linspace(0, 90 * roughness, points).astype(int) & (TILE - 1)
        top = (height + 5 * soft[rng.integers(TILE), columns]).clip(0) * camera.scale
        ends = [[camera.width, camera.centre_y + 1], [-1, camera.centre_y + 1]]
        outline = np.concatenate([np.stack([x, camera.centre_y - top], 1), ends])
        outline = [np.rint(outline * 16).astype(np.int32)]
        tint = canvas.light.shade(np.array(colour), 0) * (1 - haze) + canvas.light.haze * haze
        cv2.fillPoly(canvas.image, outline, tint.tolist(), cv2.LINE_AA, 4)
        cv2.fillPoly(canvas.owner, outline, FOLIAGE, cv2.LINE_8, 4)


def _paint_buildings(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """Blocks on both sides, their length along the road, from far to near."""
    blocks = []
    for side in (-1, 1):
        s = rng.uniform(4, 16)
        while s < 120:
            length = rng.uniform(8, 22)
            if rng.random() < (.8 if street.urban else .12):
                setback = rng.uniform(.5, 5 if street.urban else 20)
                blocks.append((s, length, side, abs(street.edge(side)) + street.walk + setback))
            s += length + rng.choice([.2, rng.uniform(2, 14)])
    for s, length, side, near in sorted(blocks, reverse=True):
        height = rng.choice([3.2, 6.3, 9.5, 13])
        left, right = sorted((side * near, side * (near + rng.uniform(7, 12))))
        plan = [(left, s + length), (right, s + length), (right, s), (left, s)]
        corners = np.array([street.to_camera(*place, up) for up in (0, height) for place in plan])
        roadside.paint_building(canvas, corners, rng)


def _paint_borders(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """A hedge or wall along a side, in pieces so that it follows a bend."""
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
            roadside.paint_strip(canvas, ends, height, colour, FOLIAGE if green else WALL)


def _paint_standing(canvas: Canvas, street: Street, rng: np.random.Generator,
                    placed: list[Placed]) -> None:
    """Trees, poles and the labelled objects, together from far to near."""
    green = np.array([38, 88, 62]) * rng.uniform(.6, 1.5) * (1 + rng.normal(0, .12, 3))
    queue = [(math.hypot(*thing.item.location[::2]), thing) for thing in placed]
    queue += [(math.hypot(*foot[::2]), foot) for foot in _row_places(street, rng)]
    for _, thing in sorted(queue, key=lambda entry: -entry[0]):
        if isinstance(thing, Placed):
            _paint_placed(canvas, thing, rng)
        elif rng.random() < .7:
            roadside.paint_tree(canvas, thing, rng.uniform(4, 11), green, rng)
        else:
            roadside.paint_pole(canvas, thing, rng.choice([2.4, 7.5]), rng)


def _row_places(street: Street, rng: np.random.Generator) -> list[np.ndarray]:
    """Feet (3,) of the trees and poles on both sides."""
    feet = []
    nearest, farthest = (.7, 1.6) if street.urban else (1.5, 9)
    for side in (-1, 1):
        gap = rng.uniform(7, 14) if rng.random() < .7 else 40
        for s in np.arange(rng.uniform(7, 16), 100, gap):
            d = street.edge(side) + side * rng.uniform(nearest, farthest)
            feet.append(street.to_camera(d, s + rng.uniform(-2, 2)))
    return feet


def _paint_placed(canvas: Canvas, thing: Placed, rng: np.random.Generator) -> None:
    if thing.style == 'person':
        paint_person(canvas, thing.item, thing.owner, rng)
    else:
        paint_vehicle(canvas, thing.item, thing.style, thing.owner, rng)
    # Nothing nearer has been painted yet: these are all its pixels within the image.
    thing.pixels = cv2.countNonZero(cv2.inRange(canvas.owner, thing.owner, thing.owner))


def _develop(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Give surfaces their texture and the picture a camera's exposure, tint and noise."""
    height, width = canvas.owner.shape
    strength = np.full(256, .03, np.float32)
    strength[[FOLIAGE, WALL, BACKGROUND]] = .2, .06, 0
    grain = _sensor_noise(height, width)
    factor = 1 + strength[canvas.owner] * cv2.blur(_cut(rng, grain[..., 0], height, width), (2, 2))
    exposure = rng.uniform(.75, 1.25) * (1 + rng.normal(0, .02, 3))
    gain = cv2.merge([factor * np.float32(channel) for channel in exposure])
    image = cv2.multiply(canvas.image, gain, dtype=cv2.CV_32F)
    noise = _cut(rng, grain, height, width)
    return cv2.convertScaleAbs(cv2.scaleAdd(noise, rng.uniform(.5, 2.5), image))


@lru_cache(maxsize=2)
def _sensor_noise(height: int, width: int) -> np.ndarray:
    """Normal noise (float32, 3 channels), 64 pixels larger than an image on both axes."""
    rng = np.random.default_rng(1)
    return rng.standard_normal((height + 64, width + 64, 3), dtype=np.float32)


def _cut(rng: np.random.Generator, noise: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = rng.integers(64, size=2)
    return noise[top:top + height, left:left + width]

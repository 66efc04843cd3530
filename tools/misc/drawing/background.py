"""Sky and ground of a drawn road scene, pixel by pixel."""
import math
from functools import lru_cache

import cv2
import numpy as np

from tools.misc.drawing.camera import GROUND, Camera
from tools.misc.drawing.canvas import Light
from tools.misc.drawing.layout import Placed, Street

TILE = 256  # side of the repeating noise textures
_VERGES = np.array([[60, 130, 105], [75, 120, 140], [110, 125, 135]])  # BGR: grass, dry, gravel
_ZENITHS = np.array([[215, 160, 95], [190, 185, 180], [252, 250, 248]])  # blue, grey, glaring


@lru_cache(maxsize=1)
def noise_tiles() -> tuple[np.ndarray, np.ndarray]:
    """Two repeating textures (256, 256), mean 0, deviation 1: white noise and soft blotches."""
    white = np.random.default_rng(0).standard_normal((TILE, TILE))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(TILE), np.fft.fftfreq(TILE)))
    soft = np.fft.ifft2(np.fft.fft2(white) * np.exp(-(frequency * 22) ** 2)).real
    soft -= soft.mean()
    return white.astype(np.float32), (soft / soft.std()).astype(np.float32)


def paint_background(rng: np.random.Generator, street: Street, light: Light, camera: Camera,
                     placed: list[Placed]) -> np.ndarray:
    """Paint sky, road, pavements, verges and the shadows on them: (H, W, 3), uint8, BGR."""
    x, z = _ground_plane(camera)
    horizon = camera.height - z.shape[0]
    cos, sin = math.cos(street.yaw), math.sin(street.yaw)
    s = z * cos - x * sin
    d = x * cos + z * sin + street.offset - street.bend * s * s
    brightness = _contact_shadows(camera, light, placed)[horizon:] * (
        np.float32(light.ambient - light.direct * light.sun[1]))
    if light.direct > .2:
        brightness *= 1 - _fallen_shade(rng, light, d, s)
    footprint = z / camera.focal
    brightness *= _roughness(rng, street, d, s, footprint)
    keep = np.exp(z / -light.haze_range)
    ground = _ground_colours(rng, street, d, s, footprint)
    # cv2 multiplies three channels several times faster than numpy broadcasts over them.
    ground = cv2.multiply(ground, cv2.merge([brightness * keep] * 3))
    ground += (1 - keep)[..., None] * light.haze.astype(np.float32)
    sky = _sky(rng, light, (horizon, camera.width))
    return cv2.convertScaleAbs(np.concatenate([sky, ground]))


@lru_cache(maxsize=2)
def _ground_plane(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Camera coordinates x (H, W) and z (H, 1) of the ground seen by the rows below the horizon."""
    rows = np.arange(math.floor(camera.centre_y) + 1, camera.height, dtype=np.float32)[:, None]
    columns = np.arange(camera.width, dtype=np.float32)
    # A row right at the horizon would lie infinitely far away.
    z = camera.focal * GROUND / np.maximum(rows - camera.centre_y, .3 * camera.scale)
    z = z.astype(np.float32)
    return z * ((columns - np.float32(camera.centre_x)) / np.float32(camera.focal)), z


def _shift(rng: np.random.Generator) -> int:
    """Where in a texture to begin; large, so that places left of the camera stay positive."""
    return 65536 + int(rng.integers(TILE))


def _texture(tile: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    return tile[along.astype(np.int32) & (TILE - 1), across.astype(np.int32) & (TILE - 1)]


def _sky(rng: np.random.Generator, light: Light, shape: tuple[int, int]) -> np.ndarray:
    """A gradient from the haze at the horizon to the zenith, with clouds; float32 (H, W, 3)."""
    zenith = _ZENITHS[rng.choice(3, p=[.4, .25, .35])]
    height, width = shape
    up = np.linspace(1, 0, height, dtype=np.float32)[:, None] ** 1.3
    rows = (light.haze * 1.05 * (1 - up) + zenith * up).astype(np.float32)
    across = np.arange(width) * (200 / width) + rng.integers(TILE)
    along = np.arange(height) * (230 / height)
    clouds = cv2.GaussianBlur(_texture(noise_tiles()[1], across[None], along[:, None]), (0, 0), 2)
    cover = np.clip(clouds - np.float32(rng.uniform(-.3, 2)), 0, 1) * np.float32(.8)
    rows = np.repeat(rows[:, None], width, axis=1)
    return rows + cv2.multiply(cv2.merge([cover] * 3), 248 - rows)


def _ground_colours(rng: np.random.Generator, street: Street, d: np.ndarray, s: np.ndarray,
                    footprint: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) of road, kerbs, pavements, verges and markings in full light.

    Args:
        d, s: Place of each pixel on the ground, metres.
        footprint: Width of a pixel on the ground, metres; markings blur by it.
    """
    asphalt = np.full(3, rng.uniform(85, 150)) + rng.normal(0, 3, 3)
    verge = _VERGES[rng.integers(len(_VERGES))] * rng.uniform(.7, 1.1)
    walk = np.array([165, 172, 178]) * rng.uniform(.7, 1.1) if street.urban else verge * .9
    kerb, (left, right) = np.full(3, 190), (street.edge(-1), street.edge(1))
    bounds = [left - street.walk, left - .18, left, right, right + .18, right + street.walk]
    colours = np.array([verge, walk, kerb, asphalt, kerb, walk, verge], np.float32)
    ground = np.take(colours, np.searchsorted(np.array(bounds, np.float32), d), axis=0)
    if rng.random() < .85:
        paint = _markings(rng, street, d, s, footprint)
        painted = paint > 0
        ground[painted] += paint[painted][:, None] * (225 - ground[painted])
    return ground


def _markings(rng: np.random.Generator, street: Street, d: np.ndarray, s: np.ndarray,
              footprint: np.ndarray) -> np.ndarray:
    """Share of road paint (H, W), 0 to 1: dashes between lanes, lines along the edges."""
    left, right = street.lanes
    nearest = np.clip(np.rint(d / street.lane), 1 - left, right - 1) * street.lane
    phase = np.abs((s / 9 + rng.random()) % 1 - .5)
    dashes = np.clip((phase - .3) * 9 / (footprint * 6) + .5, 0, 1)
    coverage = _line(np.abs(d - nearest), footprint) * dashes
    if rng.random() < .7:
        middle = (right - left) * street.lane / 2
        reach = (right + left) * street.lane / 2 - .15
        coverage += _line(np.abs(np.abs(d - middle) - reach), footprint)
    return coverage * np.float32(.9)


def _line(distance: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """Coverage, 0 to 1, of pixels at a distance (metres) from a line 14 cm wide."""
    thin = np.minimum(1, .14 / footprint)  # narrower than a pixel
    return np.clip((.07 - distance) / footprint + .5, 0, 1) * thin


def _roughness(rng: np.random.Generator, street: Street, d: np.ndarray, s: np.ndarray,
               footprint: np.ndarray) -> np.ndarray:
    """Brightness factors (H, W) around 1 of asphalt, stones and grass."""
    white, soft = noise_tiles()
    fine = _texture(white, d * 18 + _shift(rng), s * 7) * np.exp(footprint * -25)
    coarse = _texture(soft, d * 11 + _shift(rng), s * 2.5 + _shift(rng))
    on_road = (d > street.edge(-1)) & (d < street.edge(1))
    rough = np.where(on_road, np.float32(.05), np.float32(.12))
    return 1 + rough * (fine + np.float32(.8) * coarse)


def _fallen_shade(rng: np.random.Generator, light: Light, d: np.ndarray, s: np.ndarray
                  ) -> np.ndarray:
    """Share of light (H, W), 0 to 1, that trees and houses out of sight keep from the ground."""
    soft = _texture(noise_tiles()[1], d * 9 + _shift(rng),
                    s * 6 + _shift(rng))
    sunlit = light.ambient - light.direct * light.sun[1]
    depth = .85 * -light.direct * light.sun[1] / sunlit
    return np.clip((soft - np.float32(rng.uniform(.2, 2))) * 3, 0, 1) * np.float32(depth)


def _contact_shadows(camera: Camera, light: Light, placed: list[Placed]) -> np.ndarray:
    """Brightness factors (H, W), 0 to 1, of the ground below and beside the objects."""
    mask = np.full((camera.height, camera.width), 255, np.uint8)
    level = 255 * (1 - .75 * light.direct / (light.direct + light.ambient))
    for thing in placed:
        bottom = thing.item.corners()[:4]
        shift = light.sun * thing.item.size[0] / light.sun[1]
        fallen = bottom + shift * (1, 0, 1)
        fallen[:, 2] = np.maximum(fallen[:, 2], 1)  # a low sun ahead throws it behind the camera
        for points, shade in ((np.concatenate([bottom, fallen]), level), (bottom, 70)):
            pixels = np.rint(camera.project(points) * 16).astype(np.int32)
            cv2.fillConvexPoly(mask, cv2.convexHull(pixels), int(shade), cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), 2.2 * camera.scale) / np.float32(255)

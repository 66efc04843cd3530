"""A shaded polygon painter that remembers which object owns each pixel."""
from dataclasses import dataclass, field

import cv2
import numpy as np

from tools.misc.road_geometry import Camera

FOLIAGE, WALL = 255, 254  # owners of scenery pixels; they get a texture at the end
BACKGROUND = 0
_SHIFT = 4  # OpenCV draws at 1/16 pixel

# Corners of each face of a box whose corners run round the bottom, then round the top, both
# from (ahead, left) to (ahead, right), (behind, right), (behind, left). The first edge is the
# lower one, so that u runs along it and v upwards.
FACES = {'front': (0, 1, 5, 4), 'rear': (2, 3, 7, 6), 'left': (3, 0, 4, 7), 'right': (2, 1, 5, 6),
         'top': (4, 5, 6, 7)}
_FACE_INDEX = np.array(list(FACES.values()))


@dataclass
class Light:
    """The sun and the air of one scene.

    Attributes:
        sun: Unit vector towards the sun in camera coordinates.
        direct: Strength of the sunlight, 0 (overcast) to about 0.8.
        ambient: Strength of the light from everywhere, about 0.3 to 0.8.
        haze: Colour (BGR, 0 to 255) that far things fade to.
        haze_range: Metres after which 63 % of a thing's own colour is gone.
    """

    sun: np.ndarray
    direct: float
    ambient: float
    haze: np.ndarray
    haze_range: float

    def shade(self, colour: np.ndarray, normal: np.ndarray | None, depth: float) -> np.ndarray:
        """Colour (BGR) of a surface with this outward normal (None: lit from everywhere)."""
        facing = 0.4 if normal is None else max(0.0, float(normal @ self.sun))
        # Surfaces that look up see more of the sky than those that look down (y points down).
        sky = 1.0 if normal is None else 1.0 - 0.25 * float(normal[1])
        lit = np.asarray(colour) * (self.ambient * sky + self.direct * facing)
        fade = 1 - np.exp(-depth / self.haze_range)
        return lit * (1 - fade) + self.haze * fade


@dataclass
class Canvas:
    """An image under construction, and the owner of each of its pixels.

    Things must be painted from far to near; what is painted later hides what
    was there, in ``image`` (H, W, 3; BGR) and in ``owner`` (H, W) alike.
    """

    camera: Camera
    light: Light
    image: np.ndarray
    owner: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.owner = np.zeros(self.image.shape[:2], np.uint8)

    def polygons(self, points: np.ndarray, colour: np.ndarray, owner: int | None = None) -> None:
        """Fill polygons (..., K, 3), in metres, with one final colour.

        An owner of None leaves the pixels to whom they belong: a detail such
        as a window lies upon a face that has claimed them.
        """
        points = np.asarray(points).reshape(-1, points.shape[-2], 3)
        pixels = np.round(self.camera.project(points) * (1 << _SHIFT))
        for outline in pixels.astype(np.int32, order='C'):
            cv2.fillConvexPoly(self.image, outline, tuple(map(float, colour)), cv2.LINE_AA, _SHIFT)
            if owner is not None:
                cv2.fillConvexPoly(self.owner, outline, owner, cv2.LINE_8, _SHIFT)

    def disc(self, centre: np.ndarray, radius: float, colour: np.ndarray, owner: int) -> None:
        """Fill a ball (centre and radius in metres) with one final colour."""
        x, y = self.camera.project(centre)
        pixel = (int(x * (1 << _SHIFT)), int(y * (1 << _SHIFT)))
        size = max(1, int(radius * self.camera.focal / centre[2] * (1 << _SHIFT)))
        cv2.circle(self.image, pixel, size, tuple(map(float, colour)), -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(self.owner, pixel, size, owner, -1, cv2.LINE_8, _SHIFT)

    def block(self, corners: np.ndarray, colour: np.ndarray, owner: int,
              details: dict[str, list[tuple[np.ndarray, np.ndarray]]] | None = None) -> None:
        """Paint the visible faces of a convex six-sided solid.

        Args:
            corners: (8, 3) in metres, in the order that ``FACES`` describes.
            colour: BGR, 0 to 255, before lighting.
            owner: Who claims the pixels.
            details: For a face's name, what lies upon it: pairs of rectangles
                (N, 4) as u0, v0, u1, v1 from 0 to 1, and their colour.
        """
        faces = corners[_FACE_INDEX]
        normals = np.cross(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
        middles = faces.mean(axis=1)
        outward = np.sign(((middles - corners.mean(axis=0)) * normals).sum(axis=1, keepdims=True))
        normals *= outward
        depth = float(corners[:, 2].mean())
        for name, face, normal, middle in zip(FACES, faces, normals, middles, strict=True):
            if normal @ middle >= 0:  # looks away from the camera
                continue
            self.polygons(face, self.light.shade(colour, normal, depth), owner)
            for rectangles, tint in (details or {}).get(name, ()):
                self.polygons(on_face(face, rectangles), self.light.shade(tint, normal, depth))


def on_face(face: np.ndarray, rectangles: np.ndarray) -> np.ndarray:
    """Place rectangles (N, 4) of u0, v0, u1, v1 upon a face (4, 3): quadrangles (N, 4, 3)."""
    rectangles = np.asarray(rectangles).reshape(-1, 4)
    u = rectangles[:, [0, 2, 2, 0], None]
    v = rectangles[:, [1, 1, 3, 3], None]
    lower = face[0] * (1 - u) + face[1] * u
    upper = face[3] * (1 - u) + face[2] * u
    return lower * (1 - v) + upper * v


def solid(bottom: tuple[float, float, float], top: tuple[float, float, float],
          heights: tuple[float, float]) -> np.ndarray:
    """Corners (8, 3) of an upright solid in an object's frame (x ahead, y down, z left).

    Args:
        bottom: Ends behind and ahead (x) and half the width of the lower rectangle, metres.
        top: The same of the upper rectangle.
        heights: Of the lower and of the upper rectangle above the object's bottom, metres.
    """
    corners = []
    for (behind, ahead, half), height in zip((bottom, top), heights, strict=True):
        corners += [(ahead, -height, half), (ahead, -height, -half),
                    (behind, -height, -half), (behind, -height, half)]
    return np.array(corners)

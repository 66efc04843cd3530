"""A shaded polygon painter that remembers which object owns each pixel."""
from dataclasses import dataclass, field

import cv2
import numpy as np

from tools.misc.drawing.camera import Camera

FOLIAGE, WALL = 255, 254  # owners of scenery pixels; they get a texture at the end
BACKGROUND = 0
_SHIFT = 4  # OpenCV draws at 1/16 pixel
_DETAIL_PIXELS = 7  # a solid that looks lower than this shows no details

# Corners of each face of a solid whose corners run round the bottom, then round the top, both
# from (ahead, left) to (ahead, right), (behind, right), (behind, left). A face's first edge is
# its lower one, so that u runs along it and v upwards.
FACES = {'front': (0, 1, 5, 4), 'rear': (2, 3, 7, 6), 'left': (3, 0, 4, 7), 'right': (2, 1, 5, 6),
         'top': (4, 5, 6, 7)}
_FACE_INDEX = np.array(list(FACES.values()))

# What lies upon the faces of a solid: per face, rectangles (N, 4) as u0, v0, u1, v1 from 0 to 1
# and the colour of each (N, 3; BGR, 0 to 255, before lighting), in the order of painting.
Details = dict[str, tuple[np.ndarray, np.ndarray]]


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

    def shade(self, colours: np.ndarray, depth: float, normals: np.ndarray | None = None
              ) -> np.ndarray:
        """Light colours (..., 3) of surfaces at one depth (metres).

        Args:
            normals: Outward unit vectors (..., 3); without them the surface
                is rough and lit from everywhere.
        """
        if normals is None:
            strength = np.array(self.ambient + 0.4 * self.direct)
        else:
            facing = np.maximum(normals @ self.sun, 0)
            # What looks up sees more of the sky than what looks down; y points down.
            strength = self.ambient * (1 - 0.25 * normals[..., 1]) + self.direct * facing
        keep = np.exp(-depth / self.haze_range)
        return colours * (strength[..., None] * keep) + self.haze * (1 - keep)


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
        self.owner = np.full(self.image.shape[:2], BACKGROUND, np.uint8)

    def fixed_point(self, points: np.ndarray) -> np.ndarray:
        """Project points (..., 3), in metres, to OpenCV's integers of 1/16 pixel."""
        pixels = np.rint(self.camera.project(points) * (1 << _SHIFT))
        return pixels.astype(np.int32, order='C')

    def polygon(self, outline: np.ndarray, colour: np.ndarray, owner: int | None = None) -> None:
        """Fill a convex outline of ``fixed_point`` integers (K, 2) with a final colour.

        An owner of None leaves the pixels to whom they belong: a detail such
        as a window lies upon a face that has claimed them.
        """
        cv2.fillConvexPoly(self.image, outline, colour.tolist(), cv2.LINE_AA, _SHIFT)
        if owner is not None:
            cv2.fillConvexPoly(self.owner, outline, owner, cv2.LINE_8, _SHIFT)

    def surfaces(self, points: np.ndarray, colours: np.ndarray, owner: int | None = None) -> None:
        """Fill convex outlines (N, K, 3), in metres, as rough surfaces of colours (N, 3)."""
        shaded = self.light.shade(colours, float(points[..., 2].mean()))
        for outline, colour in zip(self.fixed_point(points), shaded, strict=True):
            self.polygon(outline, colour, owner)

    def balls(self, centres: np.ndarray, radii: np.ndarray, colours: np.ndarray,
              owner: int) -> None:
        """Fill balls (N, 3) of radii (N,), both in metres and at one depth, in the given order."""
        depth = float(centres[0, 2])
        sizes = np.maximum(radii * (self.camera.focal / depth * (1 << _SHIFT)), 8).astype(int)
        shaded = self.light.shade(colours, depth).tolist()
        middles = self.fixed_point(centres).tolist()
        for middle, size, colour in zip(middles, sizes.tolist(), shaded, strict=True):
            cv2.circle(self.image, middle, size, colour, -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(self.owner, middle, size, owner, -1, cv2.LINE_8, _SHIFT)

    def block(self, corners: np.ndarray, colour: np.ndarray, owner: int,
              details: Details | None = None) -> None:
        """Paint the visible faces of a convex six-sided solid; nobody sees its bottom.

        Args:
            corners: (8, 3) in metres, in the order that ``FACES`` describes.
            colour: BGR, 0 to 255, before lighting.
            owner: Who claims the pixels.
            details: What lies upon the faces.
        """
        normals, visible = _visible_faces(corners)
        depth = float(corners[:, 2].mean())
        outlines = self.fixed_point(corners)
        shaded = self.light.shade(colour, depth, normals)
        for index in np.flatnonzero(visible):
            self.polygon(outlines[_FACE_INDEX[index]], shaded[index], owner)
        if details and np.ptp(outlines[:, 1]) >= _DETAIL_PIXELS << _SHIFT:
            self._paint_details(corners, normals, visible, details)

    def _paint_details(self, corners: np.ndarray, normals: np.ndarray, visible: np.ndarray,
                       details: Details) -> None:
        shown = [(index, *details[name]) for index, name in enumerate(FACES)
                 if visible[index] and name in details]
        if not shown:
            return
        index = np.repeat([entry[0] for entry in shown], [len(entry[1]) for entry in shown])
        rectangles, colours = (np.concatenate([entry[i] for entry in shown]) for i in (1, 2))
        outlines = self.fixed_point(_on_faces(corners[_FACE_INDEX[index]], rectangles))
        shaded = self.light.shade(colours, float(corners[:, 2].mean()), normals[index])
        for outline, colour in zip(outlines, shaded, strict=True):
            self.polygon(outline, colour)


def _visible_faces(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outward unit normals (5, 3) of a solid's faces, and which face the camera (5,)."""
    faces = corners[_FACE_INDEX]
    a, b = faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1]
    normals = a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]
    middles = faces.mean(axis=1)
    outward = np.sign(((middles - corners.mean(axis=0)) * normals).sum(axis=1))
    normals *= (outward / (np.sqrt((normals ** 2).sum(axis=1)) + 1e-9))[:, None]
    return normals, (normals * middles).sum(axis=1) < 0


def _on_faces(faces: np.ndarray, rectangles: np.ndarray) -> np.ndarray:
    """Place each rectangle u0, v0, u1, v1 (N, 4) upon its face (N, 4, 3): (N, 4, 3)."""
    u = rectangles[:, [0, 2, 2, 0], None]
    v = rectangles[:, [1, 1, 3, 3], None]
    lower = faces[:, None, 0] * (1 - u) + faces[:, None, 1] * u
    upper = faces[:, None, 3] * (1 - u) + faces[:, None, 2] * u
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
    return np.array(corners, dtype=float)

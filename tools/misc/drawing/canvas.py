"""A shaded polygon painter that remembers which object owns each pixel."""
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from tools.misc.drawing.camera import Camera

SCENERY = 0  # the owner of unlabelled pixels
_SHIFT = 4  # OpenCV draws at 1/16 pixel
_DETAIL_PIXELS = 7  # solids lower than this are drawn without details
_TURN = np.linspace(0, 2 * np.pi, 14, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN), 0 * _TURN], axis=1)

# Corners of each face of a solid whose corners run round the bottom, then round the top, both
# from (ahead, left) to (ahead, right), (behind, right), (behind, left). A face's first edge is
# its lower one, so that u runs along it and v upwards.
_FACES = {'front': (0, 1, 5, 4), 'rear': (2, 3, 7, 6), 'left': (3, 0, 4, 7), 'right': (2, 1, 5, 6),
          'top': (4, 5, 6, 7)}

# Details on the faces of a solid: rectangles as u0, v0, u1, v1 from 0 to 1, each with its
# colour, in the order of painting.
Details = Mapping[str, Sequence[tuple[tuple[float, float, float, float], np.ndarray]]]


class Canvas:
    """An image being painted, with the owner of each pixel, under one random lighting.

    Paint from far to near: later things hide earlier ones in ``image`` (H, W, 3; uint8, BGR) and
    in ``owner`` (H, W) alike. Colours are BGR, 0 to 255, before lighting; lengths in metres.
    """

    def __init__(self, camera: Camera, rng: np.random.Generator) -> None:
        self.camera = camera
        self.image = np.zeros((camera.height, camera.width, 3), np.uint8)
        self.owner = np.full(self.image.shape[:2], SCENERY, np.uint8)
        azimuth, up = rng.uniform(0, 2 * np.pi), rng.uniform(.35, .9)
        self.sun = np.array([np.cos(azimuth), -up, np.sin(azimuth)]) / np.hypot(1, up)
        self.direct = rng.uniform(.05, .8)  # 0 is overcast
        self.haze = np.array([225, 215, 205]) * rng.uniform(.75, 1.05)  # far things fade to it
        self.haze_range = rng.uniform(180, 500)  # metres that leave 37 % of a thing's own colour

    def shade(self, colour: np.ndarray, depth: float, normal: np.ndarray | None = None
              ) -> np.ndarray:
        """Light a colour (3,) at a depth; without an outward normal (3,) the surface is rough."""
        facing = .4 if normal is None else max(float(normal @ self.sun), 0)
        keep = np.exp(-depth / self.haze_range)
        return colour * (.85 + self.direct * (facing - .5)) * keep + self.haze * (1 - keep)

    def polygon(self, points: np.ndarray, colour: np.ndarray, owner: int | None = SCENERY,
                normal: np.ndarray | None = None) -> None:
        """Fill a convex outline (K, 3); without an owner, pixels keep theirs."""
        outline = np.rint(self.camera.project(points) * (1 << _SHIFT)).astype(np.int32)
        tint = self.shade(colour, float(points[:, 2].mean()), normal)
        cv2.fillConvexPoly(self.image, outline, tint.tolist(), cv2.LINE_AA, _SHIFT)
        if owner is not None:
            cv2.fillConvexPoly(self.owner, outline, owner, cv2.LINE_8, _SHIFT)

    def ball(self, centre: np.ndarray, radius: float, colour: np.ndarray, owner: int = SCENERY
             ) -> None:
        """Fill the disc as which a ball around ``centre`` (3,) appears."""
        self.polygon(centre + radius * _CIRCLE, colour, owner)

    def block(self, corners: np.ndarray, colour: np.ndarray, owner: int = SCENERY,
              details: Details | None = None) -> None:
        """Paint the faces of a convex solid (8, 3; see :func:`solid`) that the camera sees."""
        if np.ptp(self.camera.project(corners)[:, 1]) < _DETAIL_PIXELS:
            details = None
        for name, index in _FACES.items():
            face = corners[list(index)]
            normal = np.cross(face[2] - face[0], face[3] - face[1])
            normal *= np.sign(normal @ (face.mean(axis=0) - corners.mean(axis=0)))
            if normal @ face.mean(axis=0) >= 0:
                continue
            normal /= np.linalg.norm(normal)
            self.polygon(face, colour, owner, normal)
            for (u0, v0, u1, v1), tint in (details or {}).get(name, ()):
                u, v = np.array([[u0, u1, u1, u0], [v0, v0, v1, v1]])[..., None]
                lower, upper = (a * (1 - u) + b * u for a, b in (face[:2], face[[3, 2]]))
                self.polygon(lower * (1 - v) + upper * v, tint, None, normal)

"""Camera, 3D boxes and KITTI label lines of the drawn road scenes.

Coordinates are those of KITTI's object development kit: x to the right, y
down, z forward, in metres from the camera; a flat ground at ``y = GROUND``.
A pixel's centre has integer coordinates.
"""
import math
from dataclasses import dataclass

import numpy as np

GROUND = 1.65  # metres from the camera down to the road
FULL_WIDTH, FULL_HEIGHT = 1242, 375  # pixels of a KITTI image


class Camera:
    """KITTI's left colour camera, a pinhole that looks along z; its images resized to ``width``.

    Attributes:
        width, height, focal, centre_x, centre_y: In pixels.
    """

    def __init__(self, width: int = FULL_WIDTH) -> None:
        scale = width / FULL_WIDTH
        self.width, self.height = width, round(FULL_HEIGHT * scale)
        self.focal, self.centre_x, self.centre_y = (
            scale * value for value in (721.5377, 609.5593, 172.854))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Map points (..., 3) in metres with z > 0 to pixels (..., 2)."""
        scaled = points[..., :2] * (self.focal / points[..., 2:])
        return scaled + (self.centre_x, self.centre_y)


def solid(bottom: tuple[float, float, float], top: tuple[float, float, float],
          heights: tuple[float, float]) -> np.ndarray:
    """Return the corners (8, 3) of an upright solid in an object's frame (x ahead, y down, z left).

    Args:
        bottom: Rear x, front x and half the width of the lower rectangle, metres.
        top: The same for the upper rectangle.
        heights: Heights of both rectangles above the object's bottom, metres.
    """
    return np.array([(x, -height, z) for (behind, ahead, half), height in zip(
        (bottom, top), heights, strict=True) for x, z in (
            (ahead, half), (ahead, -half), (behind, -half), (behind, half))], dtype=float)


@dataclass(frozen=True)
class RoadObject:
    """A labelled thing on the road: its type and its 3D box."""

    kind: str  # KITTI's type, for example Car
    size: tuple[float, float, float]  # height, width, length in metres
    location: tuple[float, float, float]  # centre of the box's bottom face: x, y, z in metres
    rotation_y: float  # radians, -pi to pi: 0 faces along x, -pi/2 away from the camera

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """Move points (..., 3) from the object's frame (x ahead, y down, z to its left)."""
        cos, sin = math.cos(self.rotation_y), math.sin(self.rotation_y)
        rotation = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        return points @ rotation.T + self.location

    def corners(self) -> np.ndarray:
        """Return the 8 corners of the 3D box, (8, 3): the bottom four, then the top four."""
        height, width, length = self.size
        side = (-length / 2, length / 2, width / 2)
        return self.to_camera(solid(side, side, (0, height)))

    def boxes(self, camera: Camera) -> tuple[np.ndarray, np.ndarray, float]:
        """Project the 3D box to x1, y1, x2, y2 in pixels: whole, and clipped to the image.

        Also returns the truncation: the share of the box's area, 0 to 1, outside the image.
        """
        pixels = camera.project(self.corners())
        box = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])
        clipped = np.clip(box, 0, [camera.width - 1, camera.height - 1] * 2)
        inside, whole = (np.prod(bounds[2:] - bounds[:2]) for bounds in (clipped, box))
        return box, clipped, float(1 - inside / whole)


def label_line(item: RoadObject, camera: Camera, visible: float) -> str | None:
    """Return an object's 15 KITTI fields, or a DontCare region if it is hardly visible.

    Args:
        visible: The visible share of its pixels, 0 to 1; None is returned if it is almost 0.
    """
    if visible < .05:
        return None
    box, clipped, truncation = item.boxes(camera)
    bounds = ' '.join(f'{number:.2f}' for number in clipped)
    # KITTI's evaluation counts no object below 25 pixels of a full-size image.
    if box[3] - box[1] < 25 * camera.width / FULL_WIDTH or visible < .2:
        return f'DontCare -1 -1 -10 {bounds} -1 -1 -1 -1000 -1000 -1000 -10'
    occlusion = 0 if visible >= .85 else 1 if visible >= .5 else 2  # not, partly, largely hidden
    (x, _, z), angle = item.location, item.rotation_y
    alpha = math.remainder(angle - math.atan2(x, z), math.tau)
    numbers = ' '.join(f'{number:.2f}' for number in (*item.size, *item.location, angle))
    return f'{item.kind} {truncation:.2f} {occlusion} {alpha:.2f} {bounds} {numbers}'

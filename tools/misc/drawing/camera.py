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
_FOCAL, _CENTRE_X, _CENTRE_Y = 721.5377, 609.5593, 172.854  # its left colour camera, pixels

# Visible fraction of an object's pixels from which its occlusion level is 0 or 1; below: 2.
_MOSTLY_VISIBLE, _HALF_VISIBLE = 0.85, 0.5


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along z; lengths in pixels."""

    width: int
    height: int
    focal: float
    centre_x: float
    centre_y: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Map points (..., 3) in metres with z > 0 to pixels (..., 2)."""
        points = np.asarray(points, dtype=np.float64)
        scaled = points[..., :2] * (self.focal / points[..., 2:])
        return scaled + (self.centre_x, self.centre_y)

    @property
    def scale(self) -> float:
        """Width of this image relative to a full KITTI image."""
        return self.width / FULL_WIDTH


def kitti_camera(width: int = FULL_WIDTH) -> Camera:
    """KITTI's left colour camera with its images resized to ``width`` pixels."""
    scale = width / FULL_WIDTH
    return Camera(width, round(FULL_HEIGHT * scale), _FOCAL * scale, _CENTRE_X * scale,
                  _CENTRE_Y * scale)


@dataclass(frozen=True)
class RoadObject:
    """A labelled thing on the road: its type and its 3D box.

    Attributes:
        kind: KITTI's type, for example ``Car``.
        size: Height, width, length in metres.
        location: Centre of the box's bottom face: x, y, z in metres.
        rotation_y: Heading in radians, -pi to pi: 0 faces along x, -pi/2 away from the camera.
    """

    kind: str
    size: tuple[float, float, float]
    location: tuple[float, float, float]
    rotation_y: float

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """Move points (..., 3) from the object's frame (x ahead, y down, z to its left)."""
        cos, sin = math.cos(self.rotation_y), math.sin(self.rotation_y)
        rotation = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        return np.asarray(points) @ rotation.T + self.location

    def corners(self) -> np.ndarray:
        """The 8 corners of the 3D box, (8, 3): the bottom four, then the top four."""
        height, width, length = self.size
        ahead = np.array([1, 1, -1, -1, 1, 1, -1, -1]) * length / 2
        up = np.array([0, 0, 0, 0, -1, -1, -1, -1]) * height
        left = np.array([1, -1, -1, 1, 1, -1, -1, 1]) * width / 2
        return self.to_camera(np.stack([ahead, up, left], axis=1))

    @property
    def alpha(self) -> float:
        """Heading relative to the viewing ray, in radians, -pi to pi."""
        x, _, z = self.location
        return wrap_angle(self.rotation_y - math.atan2(x, z))


def wrap_angle(angle: float) -> float:
    """The same direction as ``angle`` (radians), between -pi and pi."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


def projected_box(road_object: RoadObject, camera: Camera) -> np.ndarray:
    """Bounds x1, y1, x2, y2 in pixels of the projected 3D box; may leave the image."""
    pixels = camera.project(road_object.corners())
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


def clip_box(box: np.ndarray, camera: Camera) -> tuple[np.ndarray, float]:
    """Cut a box at the image's border.

    Returns:
        The clipped box and the truncation: the share of the box's area, 0 to
        1, that lies outside of the image. A box wholly outside has no area.
    """
    limit = np.array([camera.width - 1, camera.height - 1] * 2, dtype=np.float64)
    clipped = np.clip(box, 0, limit)
    inside = (clipped[2] - clipped[0]) * (clipped[3] - clipped[1])
    return clipped, float(1 - inside / ((box[2] - box[0]) * (box[3] - box[1])))


def occlusion_level(visible_fraction: float) -> int:
    """KITTI's level: 0 fully visible, 1 partly, 2 largely occluded."""
    if visible_fraction >= _MOSTLY_VISIBLE:
        return 0
    return 1 if visible_fraction >= _HALF_VISIBLE else 2


def label_line(road_object: RoadObject, camera: Camera, visible_fraction: float) -> str:
    """Write one object as KITTI's 15 fields; box in pixels, size and location in metres."""
    box, truncation = clip_box(projected_box(road_object, camera), camera)
    numbers = (road_object.alpha, *box, *road_object.size, *road_object.location,
               road_object.rotation_y)
    fields = ' '.join(f'{number:.2f}' for number in numbers)
    return f'{road_object.kind} {truncation:.2f} {occlusion_level(visible_fraction)} {fields}'


def dont_care_line(road_object: RoadObject, camera: Camera) -> str:
    """Write the object's region as DontCare: a 2D box and nothing else."""
    box, _ = clip_box(projected_box(road_object, camera), camera)
    fields = ' '.join(f'{number:.2f}' for number in box)
    return f'DontCare -1 -1 -10 {fields} -1 -1 -1 -1000 -1000 -1000 -10'

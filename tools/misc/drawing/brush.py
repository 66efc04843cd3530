"""What the drawn photographs share: blurred surroundings, outlines, a camera's noise.

Pictures are (H, W, 3), uint8, BGR; points are x, y in pixels.
"""
import cv2
import numpy as np


def blotches(rng: np.random.Generator, height: int, width: int, colours: np.ndarray,
             cells: int) -> np.ndarray:
    """A picture of soft patches, each near one of ``colours`` (N, 3), about ``cells`` across."""
    rows = max(2, round(cells * height / width))
    coarse = colours[rng.integers(len(colours), size=(rows, cells))]
    coarse = coarse * rng.normal(1, .12, (rows, cells, 1))
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def gradient(height: int, width: int, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """A picture that changes from one colour at the top to another at the bottom."""
    share = np.linspace(0, 1, height)[:, None]
    rows = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    return np.repeat(np.clip(rows, 0, 255).astype(np.uint8)[:, None], width, axis=1)


def fill(picture: np.ndarray, outline: np.ndarray, colour: np.ndarray) -> None:
    """Fill an outline (N, 2)."""
    points = [np.rint(np.asarray(outline) * 16).astype(np.int32)]
    cv2.fillPoly(picture, points, np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, 4)


def oval(centre: tuple[float, float], radii: tuple[float, float], degrees: float = 0,
         points: int = 20) -> np.ndarray:
    """The outline (points, 2) of an ellipse, turned clockwise as seen in the picture."""
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    flat = np.stack([np.cos(turn) * radii[0], np.sin(turn) * radii[1]], axis=1)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return flat @ np.array([[cos, sin], [-sin, cos]]) + centre


def ridge(rng: np.random.Generator, width: int, level: float, rise: float, peaks: int
          ) -> np.ndarray:
    """A rugged line (N, 2) across a picture around height ``level``; ``rise`` in pixels."""
    x = np.linspace(0, width, 8 * peaks + 1)
    coarse = np.interp(x, np.linspace(0, width, peaks + 1), rng.uniform(-1, 1, peaks + 1))
    return np.stack([x, level - rise * (coarse + .12 * rng.uniform(-1, 1, x.size))], axis=1)


def below(line: np.ndarray, height: int) -> np.ndarray:
    """Close a line across the picture (N, 2) to the outline of all that lies below it."""
    return np.concatenate([line, [[line[-1, 0], height], [line[0, 0], height]]])


def photograph(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Give a drawing a photograph's blur, exposure, tint and noise."""
    blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(.4, 1.2))
    gain = rng.uniform(.75, 1.2) * (1 + rng.normal(0, .03, 3))
    noise = rng.standard_normal(picture.shape[:2], np.float32) * rng.uniform(2, 8)
    return cv2.add(cv2.multiply(blurred, (*gain, 0)), cv2.merge([noise] * 3), dtype=cv2.CV_8U)

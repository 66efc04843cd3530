"""The unlabelled things beside a drawn road: trees, buildings, poles, hedges and walls."""
import numpy as np

from tools.misc.drawing.camera import GROUND
from tools.misc.drawing.canvas import FOLIAGE, WALL, Canvas

_SIGNS = np.array([(40, 30, 190), (190, 90, 20), (30, 190, 220), (230, 230, 230)], dtype=float)
# BGR: white, cream, sand, ochre, salmon, brick, greys, pale blue and green.
_WALLS = np.array([(230, 232, 235), (185, 215, 230), (150, 185, 205), (100, 165, 205),
                   (140, 165, 215), (75, 90, 150), (170, 172, 175), (110, 112, 115),
                   (205, 195, 175), (165, 190, 170)], dtype=float)


def paint_tree(canvas: Canvas, foot: np.ndarray, height: float, green: np.ndarray,
               rng: np.random.Generator) -> None:
    """Paint a trunk and a crown of leaves; ``foot`` (3,) and ``height`` in metres."""
    trunk = 0.012 * height + 0.04
    post = foot + np.array([(-trunk, 0, 0), (trunk, 0, 0), (trunk * .6, -.6 * height, 0),
                            (-trunk * .6, -.6 * height, 0)])
    bark = np.array([[50, 65, 80]]) * rng.uniform(.5, 1.1)
    canvas.surfaces(post[None], bark, FOLIAGE)
    # A far crown needs few tufts to look ragged.
    tufts = int(np.clip(height * canvas.camera.focal / foot[2] / 2.5, 9, 70))
    spread = rng.normal(size=(tufts, 3))
    spread *= (rng.random(tufts) ** .4 / np.linalg.norm(spread, axis=1))[:, None]
    sunny = .6 * spread @ canvas.light.sun - .35 * spread[:, 1]
    tint = np.clip(.8 + .55 * sunny + rng.normal(0, .1, tufts), .35, 1.5)
    order = np.argsort(sunny)
    centres = foot + spread * (.28 * height, .26 * height, 0) - (0, .68 * height, 0)
    radii = rng.uniform(.04, .1, tufts) * height * (40 / (tufts + 20)) ** .3
    canvas.balls(centres[order], radii[order], (green * tint[:, None])[order], FOLIAGE)


def paint_building(canvas: Canvas, corners: np.ndarray, rng: np.random.Generator) -> None:
    """Paint a block (8, 3) with rows of windows; a low one gets a pitched roof."""
    height = corners[0, 1] - corners[4, 1]
    depth, length = (float(np.linalg.norm(corners[0] - corners[i])) for i in (1, 3))
    glass, frame = np.full(3, rng.uniform(30, 130)), np.full(3, rng.uniform(120, 240))
    tone = _WALLS[rng.integers(len(_WALLS))] * rng.uniform(.55, 1.05)
    colour = np.clip(tone * (1 + rng.normal(0, .03, 3)), 30, 245)
    floors = max(1, round(height / 3.1))
    details = {}
    for face, extent in (('left', length), ('right', length), ('front', depth), ('rear', depth)):
        panes = _window_grid(floors, max(1, round(extent / rng.uniform(2.4, 4))))
        details[face] = (
            np.concatenate([panes + (-.008, -.012, .008, .012), panes, [[0, 0, 1, .12 / floors]]]),
            np.repeat([frame, glass, colour * .6], [len(panes), len(panes), 1], axis=0))
    canvas.block(corners, colour, WALL, details)
    if height < 9:
        top = corners[4:]
        ridge = (top + top[[1, 0, 3, 2]]) / 2 - (0, .28 * depth, 0)
        # A ridge of no width at all would leave the roof's top face without a normal.
        roof = np.concatenate([top, ridge + (top - ridge) * (.02, 0, .02)])
        canvas.block(roof, np.array([50, 60, 120]) * rng.uniform(.5, 1.1), WALL)


def _window_grid(rows: int, columns: int) -> np.ndarray:
    """Rectangles (rows * columns, 4) of u0, v0, u1, v1 for the windows of a wall."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.stack([(column + .28) / columns, (row + .32) / rows, (column + .72) / columns,
                     (row + .78) / rows], axis=1)


def paint_pole(canvas: Canvas, foot: np.ndarray, height: float, rng: np.random.Generator) -> None:
    """Paint a traffic sign (below 3.5 m) or a lamp post; ``foot`` (3,), ``height`` in metres."""
    grey = np.full(3, rng.uniform(60, 170))
    post = foot + np.array([(-.06, 0, 0), (.06, 0, 0), (.05, -height, 0), (-.05, -height, 0)])
    canvas.surfaces(post[None], grey[None], WALL)
    if height < 3.5:
        sign = _SIGNS[[rng.integers(len(_SIGNS))]]
        canvas.balls(foot[None] - (0, height, 0), np.array([.36]), sign, WALL)
    else:
        arm = np.array([(-.9, 0, 0), (.9, 0, 0), (.9, -.15, 0), (-.9, -.15, 0)])
        canvas.surfaces((foot + arm - (0, height, 0))[None], grey[None], WALL)


def paint_strip(canvas: Canvas, ends: np.ndarray, height: float, colour: np.ndarray,
                owner: int) -> None:
    """Paint a hedge or wall, half a metre thick, over a line (2, 3) on the ground."""
    near, far = ends
    upwards = np.array([0, -height, 0])
    normal = np.array([near[2] - far[2], 0, far[0] - near[0]])
    normal /= np.linalg.norm(normal)
    normal *= -np.sign(normal @ near)  # the side that faces the camera
    shade, depth = canvas.light.shade, float(ends[:, 2].mean())
    face = np.stack([near, far, far + upwards, near + upwards])
    canvas.polygon(canvas.fixed_point(face), shade(colour, depth, normal), owner)
    if height < GROUND:  # the camera looks down upon it
        cap = np.stack([near, far, far - normal * .5, near - normal * .5]) + upwards
        shaded = shade(colour, depth, np.array([0, -1.0, 0]))
        canvas.polygon(canvas.fixed_point(cap), shaded, owner)

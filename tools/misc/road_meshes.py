"""What stands on and beside a drawn road: vehicles, people, trees, buildings, poles."""
import numpy as np

from tools.misc.road_canvas import FOLIAGE, WALL, Canvas, solid
from tools.misc.road_geometry import GROUND, RoadObject

# Ranges of height, width, length in metres, KITTI's cars and vans, and per body style where the
# cabin's lower and upper rectangle begin and end, as shares of the length (0 is the middle).
_STYLES = {
    'saloon': ('Car', (1.38, 1.50), (1.60, 1.80), (3.9, 4.6), (-.38, .23), (-.24, .06)),
    'hatchback': ('Car', (1.40, 1.58), (1.55, 1.72), (3.3, 4.1), (-.48, .26), (-.40, .08)),
    'estate': ('Car', (1.42, 1.62), (1.62, 1.82), (4.0, 4.7), (-.49, .22), (-.43, .06)),
    'off-road': ('Car', (1.65, 1.88), (1.72, 1.95), (4.1, 4.8), (-.49, .24), (-.45, .10)),
    'van': ('Van', (1.90, 2.50), (1.80, 2.05), (4.6, 5.6), (-.495, .38), (-.49, .24)),
}
CAR_STYLES = tuple(style for style, facts in _STYLES.items() if facts[0] == 'Car')

# BGR: white, silver, greys, black, blues, reds, green, beige, yellow, roughly as often as met.
_PAINTS = np.array([(235, 235, 235), (190, 192, 190), (190, 192, 190), (120, 122, 120),
                    (70, 70, 70), (35, 35, 38), (35, 35, 38), (120, 70, 30), (90, 45, 20),
                    (150, 110, 60), (40, 35, 150), (30, 30, 100), (60, 90, 45), (140, 170, 190),
                    (50, 190, 215)], dtype=float)
_RUBBER, _GLASS, _GRILLE = (np.array([level] * 3, float) for level in (28, 45, 30))
_LAMP, _TAIL, _PLATE = (np.array(bgr, float) for bgr in ((235, 240, 240), (30, 25, 190),
                                                         (230, 235, 235)))


def vehicle_size(rng: np.random.Generator, style: str) -> tuple[str, tuple[float, float, float]]:
    """Draw a vehicle's KITTI type and its height, width, length in metres (2 decimals)."""
    kind, *ranges = _STYLES[style][:4]
    height, width, length = (round(float(rng.uniform(*bounds)), 2) for bounds in ranges)
    return kind, (height, width, length)


def paint_vehicle(canvas: Canvas, item: RoadObject, style: str, owner: int,
                  rng: np.random.Generator) -> None:
    """Paint a car or van; its hull touches all sides of the object's 3D box."""
    height, width, length = item.size
    half, end = width / 2, length / 2
    belt = 0.5 * height if style == 'van' else 0.6 * height
    clearance, waist = 0.12 * height, 0.38 * height
    paint = np.clip(_PAINTS[rng.integers(len(_PAINTS))] + rng.normal(0, 8, 3), 15, 245)
    glass = _GLASS * rng.uniform(0.6, 2.2) + rng.uniform(0, 25) * np.array([1.0, 0.9, 0.8])
    for x in (0.31 * length, -0.31 * length):
        _paint_axle(canvas, item, x, height, half, owner)
    skirt = solid((-end * .97, end * .97, half * .94), (-end, end, half), (clearance, waist))
    shoulder = solid((-end, end, half), (-end * .96, end * .93, half * .93), (waist, belt))
    # The bonnet falls towards the front.
    shoulder[[4, 5], 1] += 0.07 * height
    cabin_bottom, cabin_top = _STYLES[style][4:]
    cabin = solid((cabin_bottom[0] * length, cabin_bottom[1] * length, half * .9),
                  (cabin_top[0] * length, cabin_top[1] * length, half * .74),
                  (belt - 0.02 * height, height))
    canvas.block(item.to_camera(skirt), paint, owner, _skirt_details(paint))
    canvas.block(item.to_camera(shoulder), paint, owner, _SHOULDER_DETAILS)
    _paint_wheels(canvas, item, rng)
    windows = _cabin_windows(style, glass, panel_van=style == 'van' and rng.random() < 0.5)
    canvas.block(item.to_camera(cabin), paint, owner, windows)


def _skirt_details(paint: np.ndarray) -> dict:
    sill = (np.array([[0, 0, 1, .3]]), paint * 0.35)
    bumper = (np.array([[.02, 0, .98, .35]]), paint * 0.3)
    return {'front': [bumper, (np.array([[.2, .45, .8, .95]]), _GRILLE),
                      (np.array([[.36, .3, .64, .55]]), _PLATE)],
            'rear': [bumper, (np.array([[.34, .45, .66, .8]]), _PLATE)],
            'left': [sill], 'right': [sill]}


_SHOULDER_DETAILS = {
    'front': [(np.array([[.03, .2, .27, .85], [.73, .2, .97, .85]]), _LAMP)],
    'rear': [(np.array([[.02, .15, .2, .9], [.8, .15, .98, .9]]), _TAIL)],
    'left': [(np.array([[.5, 0, .505, 1], [.28, .6, .33, .68]]), _GRILLE)],
    'right': [(np.array([[.5, 0, .505, 1], [.28, .6, .33, .68]]), _GRILLE)],
}


def _cabin_windows(style: str, glass: np.ndarray, panel_van: bool) -> dict:
    screen = np.array([[.07, .12, .93, .92]])
    side = np.array([[.06, .15, .45, .88], [.49, .15, .92, .88]])
    if style == 'saloon':
        side = np.array([[.12, .15, .47, .88], [.52, .15, .9, .88]])
    if panel_van:
        side = np.array([[.74, .15, .95, .85]])
    rear = np.array([[.1, .45, .48, .9], [.52, .45, .9, .9]]) if style == 'van' else screen
    return {'front': [(screen, glass)], 'rear': [(rear, glass)], 'left': [(side, glass)],
            'right': [(side, glass)]}


def _paint_axle(canvas: Canvas, item: RoadObject, x: float, height: float, half: float,
                owner: int) -> None:
    """Tyres as seen from the front or rear, and the dark beneath the floor."""
    radius = 0.21 * height
    for inner, outer in ((-half * .97, -half * .7), (half * .7, half * .97)):
        tyre = solid((x - radius * .8, x + radius * .8, 1), (x - radius * .8, x + radius * .8, 1),
                     (0, 2 * radius))
        tyre[:, 2] = np.where(tyre[:, 2] > 0, outer, inner)
        canvas.block(item.to_camera(tyre), _RUBBER, owner)
    floor = solid((-.3 * item.size[2], .3 * item.size[2], half * .8),
                  (-.3 * item.size[2], .3 * item.size[2], half * .8), (.06, .2 * height))
    canvas.block(item.to_camera(floor), _RUBBER * 0.5, owner)


def _paint_wheels(canvas: Canvas, item: RoadObject, rng: np.random.Generator) -> None:
    """The wheels on the side that faces the camera."""
    height, width, length = item.size
    to_left = item.to_camera(np.array([0, 0, 1.0])) - item.to_camera(np.zeros(3))
    middle = item.to_camera(np.zeros(3))
    side = -1.0 if to_left @ middle > 0 else 1.0
    if side * float(to_left @ middle) > -width / 2:  # seen along the flank: both are hidden
        return
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    radius = 0.21 * height
    rim = rng.uniform(90, 200) * np.ones(3)
    for x in (0.31 * length, -0.31 * length):
        hub = np.array([x, -radius, side * width / 2])
        arch = item.to_camera(ring * radius * 1.17 + hub + (0, -.02, 0))
        arch[:, 1] = np.minimum(arch[:, 1], item.location[1])
        depth = float(arch[:, 2].mean())
        for scale, colour in ((1.0, _RUBBER), (0.64, rim), (0.2, _RUBBER)):
            disc = item.to_camera(ring * radius * scale + hub)
            if scale == 1.0:
                canvas.polygons(arch, canvas.light.shade(_RUBBER * 0.4, None, depth))
            canvas.polygons(disc, canvas.light.shade(colour, None, depth))


def paint_person(canvas: Canvas, item: RoadObject, owner: int, rng: np.random.Generator) -> None:
    """Paint a standing or walking person that fills the height of the 3D box."""
    height, width, _ = item.size
    shirt, trousers = rng.uniform(20, 230, 3), rng.uniform(20, 120, 3)
    skin = np.array([120, 150, 200]) * rng.uniform(0.5, 1.05)
    stride, half = rng.uniform(0.05, 0.5) * width, 0.5 * width
    limbs = [((-.28, .02), (-stride, 0), .48, trousers * .85), ((.02, .28), (stride, 0), .48,
                                                                trousers)]
    for (left, right), (foot, _), hip, colour in limbs:
        outline = [(left * width, hip), (right * width, hip), (foot + .09, 0), (foot - .09, 0)]
        _paint_flat(canvas, item, outline, colour, owner)
    torso = [(-.42, .8), (-.2, .86), (.2, .86), (.42, .8), (.3, .46), (-.3, .46)]
    _paint_flat(canvas, item, [(x * width, y) for x, y in torso], shirt, owner)
    for side in (-1, 1):
        arm = [(side * .36 * width, .82), (side * half * .98, .78),
               (side * half * rng.uniform(.6, 1), .42), (side * half * .7, .42)]
        _paint_flat(canvas, item, arm, shirt * .8, owner)
    centre = np.array(item.location) - (0, 0.93 * height, 0)
    shade = canvas.light.shade
    canvas.disc(centre, 0.07 * height, shade(skin * .45, None, centre[2]), owner)
    canvas.disc(centre + (0, .02 * height, 0), 0.055 * height, shade(skin, None, centre[2]), owner)


def _paint_flat(canvas: Canvas, item: RoadObject, outline: list, colour: np.ndarray,
                owner: int) -> None:
    """Fill an upright outline of (metres to the right, share of the height) points."""
    points = [np.array(item.location) + (x, -y * item.size[0], 0) for x, y in outline]
    canvas.polygons(np.array(points), canvas.light.shade(colour, None, item.location[2]), owner)


def paint_tree(canvas: Canvas, foot: np.ndarray, height: float, green: np.ndarray,
               rng: np.random.Generator) -> None:
    """Paint a trunk and a crown of leaves; ``foot`` (3,) and ``height`` in metres."""
    shade, depth = canvas.light.shade, float(foot[2])
    trunk = 0.02 * height + 0.05
    bark = shade(np.array([50, 65, 80]) * rng.uniform(0.5, 1.1), None, depth)
    post = foot + np.array([(-trunk, 0, 0), (trunk, 0, 0), (trunk * .6, -.6 * height, 0),
                            (-trunk * .6, -.6 * height, 0)])
    canvas.polygons(post, bark, FOLIAGE)
    count = 34
    spread = rng.normal(size=(count, 3)) * (.17, .14, .05) * height
    spread[:, 1] -= 0.68 * height
    radii = rng.uniform(.05, .12, count) * height
    sunny = (spread - (0, -.68 * height, 0)) @ canvas.light.sun / height
    for index in np.argsort(sunny):
        tint = green * np.clip(0.62 + 1.6 * sunny[index] + rng.normal(0, .1), .25, 1.4)
        canvas.disc(foot + spread[index] * (1, 1, 0), radii[index], shade(tint, None, depth),
                    FOLIAGE)


def paint_building(canvas: Canvas, corners: np.ndarray, colour: np.ndarray,
                   rng: np.random.Generator) -> None:
    """Paint a block (8, 3) with rows of windows; a low one gets a pitched roof."""
    height = corners[0, 1] - corners[4, 1]
    length = float(np.linalg.norm(corners[0] - corners[3]))
    depth = float(np.linalg.norm(corners[0] - corners[1]))
    glass, frame = np.full(3, rng.uniform(30, 130)), np.full(3, rng.uniform(120, 240))
    floors = max(1, round(height / 3.1))
    columns = {'left': length, 'right': length, 'front': depth, 'rear': depth}
    details = {}
    for face, extent in columns.items():
        cells = _window_grid(floors, max(1, round(extent / rng.uniform(2.4, 4))))
        details[face] = [(cells + (-.008, -.012, .008, .012), frame), (cells, glass),
                         (np.array([[0, 0, 1, .12 / floors]]), colour * .6)]
    canvas.block(corners, colour, WALL, details)
    if height < 9:
        roof = np.concatenate([corners[4:], corners[4:]])
        ridge = (corners[4:] + corners[[5, 4, 7, 6]]) / 2 - (0, 0.28 * depth, 0)
        roof[4:] = ridge + (corners[4:] - ridge) * (.02, 0, .02)
        canvas.block(roof, np.array([50, 60, 120]) * rng.uniform(.5, 1.1), WALL)


def _window_grid(rows: int, columns: int) -> np.ndarray:
    """Rectangles (rows * columns, 4) of u0, v0, u1, v1 for the windows of a wall."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.stack([(column + .28) / columns, (row + .32) / rows, (column + .72) / columns,
                     (row + .78) / rows], axis=1)


def paint_pole(canvas: Canvas, foot: np.ndarray, height: float, rng: np.random.Generator) -> None:
    """Paint a lamp post or a traffic sign; ``foot`` (3,) and ``height`` in metres."""
    shade, depth = canvas.light.shade, float(foot[2])
    grey = shade(np.full(3, rng.uniform(60, 170)), None, depth)
    post = foot + np.array([(-.06, 0, 0), (.06, 0, 0), (.05, -height, 0), (-.05, -height, 0)])
    canvas.polygons(post, grey, WALL)
    if height < 3.5:  # a sign
        colour = [(40, 30, 190), (190, 90, 20), (30, 190, 220), (230, 230, 230)][rng.integers(4)]
        canvas.disc(foot - (0, height, .01), 0.36, shade(np.array(colour), None, depth), WALL)
    else:
        arm = foot + np.array([(-.9, -height, 0), (.9, -height, 0), (.9, -height - .15, 0),
                               (-.9, -height - .15, 0)])
        canvas.polygons(arm, grey, WALL)


def paint_strip(canvas: Canvas, ends: np.ndarray, height: float, colour: np.ndarray,
                owner: int) -> None:
    """Paint a thin upright strip (a hedge, wall or rail) over a ground line ``ends`` (2, 3)."""
    near, far = ends
    top = np.array([0, -height, 0])
    across = np.array([near[2] - far[2], 0, far[0] - near[0]])
    normal = across / np.linalg.norm(across)
    normal = -normal if normal @ near > 0 else normal
    depth = float(ends[:, 2].mean())
    canvas.polygons(np.stack([near, far, far + top, near + top]),
                    canvas.light.shade(colour, normal, depth), owner)
    cap = np.stack([near, far, far, near]) + top
    if height < GROUND:
        cap[2:] -= normal * 0.5
        canvas.polygons(cap, canvas.light.shade(colour * 1.15, np.array([0, -1.0, 0]), depth),
                        owner)

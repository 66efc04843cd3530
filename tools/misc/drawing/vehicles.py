"""The labelled things of a road scene: cars, vans and people."""
import numpy as np

from tools.misc.drawing.camera import RoadObject
from tools.misc.drawing.canvas import Canvas, Details, solid

# Per body style: KITTI's type; ranges of height, width, length in metres; and where the cabin's
# lower and upper rectangle begin and end, as shares of the length (0 is the middle).
_STYLES = {
    'saloon': ('Car', (1.38, 1.50), (1.55, 1.72), (3.8, 4.4), (-.38, .23), (-.24, .06)),
    'hatchback': ('Car', (1.40, 1.58), (1.50, 1.66), (3.2, 3.9), (-.48, .26), (-.40, .08)),
    'estate': ('Car', (1.42, 1.62), (1.55, 1.74), (3.8, 4.4), (-.49, .22), (-.43, .06)),
    'off-road': ('Car', (1.60, 1.85), (1.60, 1.80), (3.9, 4.5), (-.49, .24), (-.45, .10)),
    'van': ('Van', (1.90, 2.50), (1.80, 2.05), (4.6, 5.6), (-.495, .38), (-.49, .24)),
}
CAR_STYLES = tuple(style for style, facts in _STYLES.items() if facts[0] == 'Car')

# BGR: white, silver, greys, black, blues, reds, green, beige, yellow, roughly as often as met.
_PAINTS = np.array([(235, 235, 235), (190, 192, 190), (190, 192, 190), (120, 122, 120),
                    (70, 70, 70), (35, 35, 38), (35, 35, 38), (120, 70, 30), (90, 45, 20),
                    (150, 110, 60), (40, 35, 150), (30, 30, 100), (60, 90, 45), (140, 170, 190),
                    (50, 190, 215)], dtype=float)
_RUBBER, _GRILLE = np.full(3, 28.0), np.full(3, 30.0)
_LAMP, _TAIL, _PLATE = np.array([(235, 240, 240), (30, 25, 190), (230, 235, 235)], dtype=float)
_WHEEL_RADIUS = 0.21  # of the height
_TYRE_PIXELS = 16  # a vehicle that looks lower shows no single tyres below its floor
_AXLES = (0.31, -0.31)  # of the length
_WHEEL_RINGS = np.array([1.17, 1, .64, .2])  # radii of arch, tyre, rim and hub
_RING = np.stack([np.cos(np.linspace(0, 2 * np.pi, 14, endpoint=False)),
                  np.sin(np.linspace(0, 2 * np.pi, 14, endpoint=False)), np.zeros(14)], axis=1)


def vehicle_size(rng: np.random.Generator, style: str) -> tuple[str, tuple[float, ...]]:
    """Draw a vehicle's KITTI type and its height, width, length in metres (2 decimals)."""
    kind, *ranges = _STYLES[style][:4]
    return kind, tuple(round(float(rng.uniform(*bounds)), 2) for bounds in ranges)


def person_size(rng: np.random.Generator) -> tuple[float, ...]:
    """Draw a pedestrian's height, width, length in metres (2 decimals)."""
    return tuple(round(float(v), 2) for v in rng.uniform((1.5, .45, .5), (1.9, .75, 1.0)))


def paint_vehicle(canvas: Canvas, item: RoadObject, style: str, owner: int,
                  rng: np.random.Generator) -> None:
    """Paint a car or van; its hull touches all sides of the object's 3D box."""
    height, width, length = item.size
    half, end = width / 2, length / 2
    clearance, waist = 0.12 * height, 0.38 * height
    belt = (0.5 if style == 'van' else 0.6) * height
    paint = np.clip(_PAINTS[rng.integers(len(_PAINTS))] + rng.normal(0, 8, 3), 15, 245)
    glass = rng.uniform(25, 100) + rng.uniform(0, 25) * np.array([1.0, .9, .8])
    windows = _cabin_windows(style, glass, panel_van=style == 'van' and rng.random() < .5)
    skirt = solid((-end * .97, end * .97, half * .94), (-end, end, half), (clearance, waist))
    shoulder = solid((-end, end, half), (-end * .96, end * .93, half * .93), (waist, belt))
    shoulder[[4, 5], 1] += 0.07 * height  # the bonnet falls towards the front
    cabin = solid(_spread(_STYLES[style][4], length, half * .9),
                  _spread(_STYLES[style][5], length, half * .74), (belt - .02 * height, height))
    _paint_underside(canvas, item, owner)
    canvas.block(item.to_camera(skirt), paint, owner, _skirt_details(paint))
    canvas.block(item.to_camera(shoulder), paint, owner, _SHOULDER_DETAILS)
    _paint_wheels(canvas, item, rng.uniform(90, 200))
    canvas.block(item.to_camera(cabin), paint, owner, windows)


def _spread(shares: tuple[float, float], length: float, half: float) -> tuple[float, float, float]:
    return shares[0] * length, shares[1] * length, half


def _skirt_details(paint: np.ndarray) -> Details:
    sill = (np.array([[0, 0, 1, .3]]), paint[None] * .35)
    bumper, grille, plate = [.02, 0, .98, .35], [.2, .45, .8, .95], [.36, .3, .64, .55]
    return {'front': (np.array([bumper, grille, plate]), np.stack([paint * .3, _GRILLE, _PLATE])),
            'rear': (np.array([bumper, [.34, .45, .66, .8]]), np.stack([paint * .3, _PLATE])),
            'left': sill, 'right': sill}


_DOOR = (np.array([[.5, 0, .505, 1], [.28, .6, .33, .68]]), np.stack([_GRILLE] * 2))
_SHOULDER_DETAILS: Details = {
    'front': (np.array([[.03, .2, .27, .85], [.73, .2, .97, .85]]), np.stack([_LAMP] * 2)),
    'rear': (np.array([[.02, .15, .2, .9], [.8, .15, .98, .9]]), np.stack([_TAIL] * 2)),
    'left': _DOOR, 'right': _DOOR,
}


def _cabin_windows(style: str, glass: np.ndarray, panel_van: bool) -> Details:
    """Glass with a brighter upper half, which mirrors the sky."""
    screen = rear = np.array([[.07, .12, .93, .92]])
    side = np.array([[.06, .15, .45, .88], [.49, .15, .92, .88]])
    if style == 'saloon':
        side = np.array([[.12, .15, .47, .88], [.52, .15, .9, .88]])
    elif style == 'van':
        rear = np.array([[.1, .45, .48, .9], [.52, .45, .9, .9]])
        side = side[1:] if panel_van else side
    details = {}
    for face, panes in (('front', screen), ('rear', rear), ('left', side), ('right', side)):
        upper = panes.copy()
        upper[:, 1] = .55
        colours = np.repeat([glass, glass * 1.25], len(panes), axis=0)
        details[face] = (np.concatenate([panes, upper]), colours)
    return details


def _paint_underside(canvas: Canvas, item: RoadObject, owner: int) -> None:
    """The dark beneath the floor, and tyres as seen from the front or rear."""
    height, width, length = item.size
    radius = _WHEEL_RADIUS * height
    floor = (-.4 * length, .4 * length, .4 * width)
    if canvas.camera.focal * height < _TYRE_PIXELS * item.location[2]:
        canvas.block(item.to_camera(solid(floor, floor, (0, .2 * height))), _RUBBER, owner)
        return
    canvas.block(item.to_camera(solid(floor, floor, (.1, .2 * height))), _RUBBER * .5, owner)
    for side in (-.415, .415):
        # Both axles in one block: what lies between them is in the dark anyway.
        pair = (_AXLES[1] * length - radius * .8, _AXLES[0] * length + radius * .8, width * .07)
        tyres = solid(pair, pair, (0, 2 * radius)) + (0, 0, side * width)
        canvas.block(item.to_camera(tyres), _RUBBER, owner)


def _paint_wheels(canvas: Canvas, item: RoadObject, rim: float) -> None:
    """The wheels on the side that faces the camera; ``rim`` is their grey, 0 to 255."""
    height, width, length = item.size
    to_left = item.to_camera(np.array([0, 0, 1.0])) - item.location
    distance = float(to_left @ item.location)  # of the camera, on the object's right
    if abs(distance) <= width / 2:  # seen from straight ahead or behind: no flank shows
        return
    side = -np.sign(distance)
    radius = _WHEEL_RADIUS * height
    hubs = np.array([(share * length, -radius, side * width / 2) for share in _AXLES])
    rings = _RING * (radius * _WHEEL_RINGS[:, None, None]) + hubs[:, None, None]
    rings = item.to_camera(rings.reshape(-1, *_RING.shape))
    rings[..., 1] = np.minimum(rings[..., 1], item.location[1])  # the arch ends at the ground
    colours = np.stack([_RUBBER * .4, _RUBBER, np.full(3, rim), _RUBBER])
    canvas.surfaces(rings, np.concatenate([colours] * len(hubs)))


def paint_person(canvas: Canvas, item: RoadObject, owner: int, rng: np.random.Generator) -> None:
    """Paint a standing or walking person who fills the height of the 3D box."""
    height, width, _ = item.size
    shirt, trousers = rng.uniform(20, 230, 3), rng.uniform(20, 120, 3)
    skin = np.array([120, 150, 200]) * rng.uniform(.5, 1.05)
    reach = np.ptp(item.corners()[:, 0]) / 2  # of the box to the left and right, metres
    stride, swing = reach * rng.uniform(.5, .95), reach * rng.uniform(.75, 1)
    half = .42 * width
    shapes = [([(-.17, .48), (0, .48), (.1 - stride, 0), (-stride, 0)], trousers * .85),
              ([(0, .48), (.17, .48), (stride, 0), (stride - .1, 0)], trousers),
              ([(-half, .8), (-.1, .86), (.1, .86), (half, .8), (.17, .46), (-.17, .46)], shirt),
              ([(-half + .05, .82), (-half, .76), (-swing, .42), (-swing + .1, .42)], shirt * .8),
              ([(half - .05, .82), (half, .76), (swing, .42), (swing - .1, .42)], shirt * .8)]
    for outline, colour in shapes:
        points = np.array([(x, -share * height, 0) for x, share in outline])
        canvas.surfaces((points + item.location)[None], colour[None], owner)
    centre = np.array(item.location) - (0, .93 * height, 0)
    heads = np.stack([centre, centre + (0, .02 * height, 0)])
    canvas.balls(heads, height * np.array([.07, .055]), np.stack([skin * .45, skin]), owner)

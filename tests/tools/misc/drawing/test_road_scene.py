"""Labels of the drawn scenes against geometry worked out here a second time."""
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tools.misc.drawing.camera import Camera, RoadObject
from tools.misc.drawing.layout import draw_street
from tools.misc.drawing.road_scene import draw_scene, paint_scene

WIDTH, HEIGHT = 621, 188


@pytest.fixture(scope='module')
def scenes():
    """Image and label fields of each scene, as drawn for `kitti`."""
    drawn = [draw_scene(np.random.default_rng([3, i]), Camera(WIDTH)) for i in range(30)]
    return [(image, [line.split() for line in lines]) for image, lines in drawn]


@pytest.fixture(scope='module')
def objects(scenes):
    """Type and the 14 numbers of every labelled object."""
    return [(row[0], [float(field) for field in row[1:]]) for _, rows in scenes for row in rows
            if row[0] != 'DontCare']


def box_from_3d(numbers: list[float]) -> np.ndarray:
    """Bounds of the projected 3D box, after KITTI's devkit (computeBox3D) with P = K [I | 0]."""
    h, w, length, x, y, z, ry = numbers[7:]
    focal, cx, cy = 721.5377 / 2, 609.5593 / 2, 172.854 / 2
    ahead, side, up = np.array(list(product((-length / 2, length / 2), (-w / 2, w / 2), (0, h)))).T
    px = math.cos(ry) * ahead + math.sin(ry) * side + x
    pz = -math.sin(ry) * ahead + math.cos(ry) * side + z
    pixels = np.stack([focal * px / pz + cx, focal * (y - up) / pz + cy])
    return np.concatenate([pixels.min(axis=1), pixels.max(axis=1)])


def test_lines_have_fifteen_fields_and_boxes_inside_the_image(scenes):
    for image, rows in scenes:
        assert image.shape == (HEIGHT, WIDTH, 3) and image.dtype == np.uint8
        for row in rows:
            assert len(row) == 15 and row[0] in ('Car', 'Van', 'Pedestrian', 'DontCare')
            assert all(field == f'{float(field):.2f}' for field in row[4:8])
            x1, y1, x2, y2 = map(float, row[4:8])
            assert 0 <= x1 < x2 <= WIDTH - 1 and 0 <= y1 < y2 <= HEIGHT - 1
            if row[0] == 'DontCare':
                assert ' '.join(row[1:4] + row[8:]) == '-1 -1 -10 -1 -1 -1 -1000 -1000 -1000 -10'


def test_box_truncation_and_alpha_follow_from_the_3d_box(objects):
    for kind, numbers in objects:
        full = box_from_3d(numbers)
        expected = np.clip(full, 0, [WIDTH - 1, HEIGHT - 1] * 2)
        assert np.abs(expected - numbers[3:7]).max() < .006, (kind, numbers)
        outside = 1 - np.prod(np.diff([numbers[3:5], numbers[5:7]], axis=0)) / np.prod(
            full[2:] - full[:2])
        assert 0 <= numbers[0] <= 1 and abs(numbers[0] - outside) < .008
        alpha, x, z, ry = numbers[2], numbers[10], numbers[12], numbers[13]
        assert abs(math.remainder(alpha - ry + math.atan2(x, z), 2 * math.pi)) < .006
        assert max(abs(alpha), abs(ry)) <= math.pi + .005


def test_scenes_vary(scenes, objects):
    assert {kind for kind, _ in objects} == {'Car', 'Van', 'Pedestrian'}
    assert {numbers[1] for _, numbers in objects} == {0, 1, 2}
    truncations = [numbers[0] for _, numbers in objects]
    assert min(truncations) == 0 and max(truncations) > .2
    assert {numbers[11] for _, numbers in objects} == {1.65}, 'they stand on the ground'
    # Means of KITTI's training labels: a car is 1.53 x 1.63 x 3.88 m.
    sizes = np.array([numbers[7:10] for kind, numbers in objects if kind == 'Car'])
    assert np.abs(sizes.mean(axis=0) - (1.53, 1.63, 3.88)).max() < .3
    cars = [sum(row[0] == 'Car' for row in rows) for _, rows in scenes]
    assert min(cars) == 0 and max(cars) >= 5 and 1.5 <= np.mean(cars) <= 5
    assert any(row[0] == 'DontCare' for _, rows in scenes for row in rows)
    headings = np.array([numbers[13] for kind, numbers in objects if kind == 'Car'])
    assert len(np.unique(np.histogram(headings, 8, (-math.pi, math.pi))[0].nonzero())) >= 4
    assert np.std([image.mean() for image, _ in scenes]) > 8, 'lighting'


def test_same_placement_at_any_width():
    rows = [[line.split() for line in draw_scene(np.random.default_rng(11), Camera(width))[1]
             if 'DontCare' not in line] for width in (621, 1242)]
    assert rows[0]
    for small, full in zip(*rows, strict=True):
        assert small[8:] == full[8:]
        assert abs(float(small[4]) * 2 - float(full[4])) < 1.01


def car(z: float, x: float = 0.0, kind: str = 'Car', size=(1.5, 1.7, 4.2)) -> RoadObject:
    return RoadObject(kind, size, (x, 1.65, z), -1.57)


def painted(*objects: RoadObject) -> tuple[list[list[str]], np.ndarray]:
    """Label fields, and the owner of each pixel, of a bare road with these things."""
    camera, rng = Camera(), np.random.default_rng(0)
    _, lines, owner = paint_scene(rng, camera, draw_street(rng), objects, scenery=False)
    return [line.split() for line in lines], owner


VAN = car(9, kind='Van', size=(2.2, 1.9, 5.0))


# The van's rear, 6.5 m away, hides what lies up to 0.13 (cabin) or 0.146 (body) of its distance
# to the left; the car's rear, 15.9 m away, reaches 0.053 to both sides of its middle.
@pytest.mark.parametrize(('things', 'labels'), [
    ((VAN, car(18, -4.0)), ['Van 0', 'Car 0']),
    ((VAN, car(18, -2.4)), ['Van 0', 'Car 1']),  # 30 to 45 % hidden
    ((VAN, car(18, -1.8)), ['Van 0', 'Car 2']),  # 65 to 80 % hidden
    ((VAN, car(18, 0.0)), ['Van 0']),  # wholly hidden: no label
    # 721.5 px * 1.5 m / z < 25 px beyond z = 43 m.
    ((car(50, x=3), car(38, x=-3)), ['Car 0', 'DontCare -1'])])
def test_occlusion_and_dont_care_regions(things, labels):
    lines, _ = painted(*things)
    assert [f'{line[0]} {line[2]}' for line in lines] == labels


@pytest.mark.parametrize('heading', [-3.1, -1.57, -.6, 0, .8, 1.57, 2.4])
def test_drawn_pixels_fill_the_box(heading):
    item = replace(car(11, 1.5), rotation_y=heading)
    y, x = np.nonzero(painted(item)[1] == 1)
    box, clipped, _ = item.boxes(Camera())
    assert (box == clipped).all()
    gaps = (np.array([x.min(), y.min(), -x.max(), -y.max()]) - box * (1, 1, -1, -1))
    assert gaps.min() > -1
    # The wheels stand a little inwards of the box's corners, as real ones do.
    assert gaps.max() < .07 * (box[3] - box[1])

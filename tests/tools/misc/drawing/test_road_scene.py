"""Labels of the drawn scenes against geometry worked out here a second time."""
import math
from itertools import product

import numpy as np
import pytest

from tools.misc.drawing.camera import RoadObject, kitti_camera
from tools.misc.drawing.layout import draw_street
from tools.misc.drawing.road_scene import draw_scene, label_scene, paint_scene

WIDTH, HEIGHT = 621, 188
SCENES = 30


@pytest.fixture(scope='module')
def scenes():
    """Image and label fields of each scene, as drawn for `kitti`."""
    camera = kitti_camera(WIDTH)
    drawn = [draw_scene(np.random.default_rng([3, i]), camera) for i in range(SCENES)]
    return [(image, [line.split() for line in lines]) for image, lines in drawn]


@pytest.fixture(scope='module')
def objects(scenes):
    """Type and the 14 numbers of every labelled object."""
    rows = [(row[0], [float(field) for field in row[1:]]) for _, rows in scenes for row in rows]
    return [row for row in rows if row[0] != 'DontCare']


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
            assert len(row) == 15
            assert row[0] in ('Car', 'Van', 'Pedestrian', 'DontCare')
            assert all(field == f'{float(field):.2f}' for field in row[4:8])
            x1, y1, x2, y2 = map(float, row[4:8])
            assert 0 <= x1 < x2 <= WIDTH - 1 and 0 <= y1 < y2 <= HEIGHT - 1
            if row[0] == 'DontCare':
                assert row[1:4] == ['-1', '-1', '-10']
                assert row[8:] == ['-1', '-1', '-1', '-1000', '-1000', '-1000', '-10']


def test_box_and_truncation_are_those_of_the_projected_3d_box(objects):
    truncations = []
    for kind, numbers in objects:
        full = box_from_3d(numbers)
        expected = np.clip(full, 0, [WIDTH - 1, HEIGHT - 1] * 2)
        assert np.abs(expected - numbers[3:7]).max() < .006, (kind, numbers)
        left, top, right, bottom = numbers[3:7]
        x1, y1, x2, y2 = full
        outside = 1 - (right - left) * (bottom - top) / ((x2 - x1) * (y2 - y1))
        assert 0 <= numbers[0] <= 1 and abs(numbers[0] - outside) < .008
        truncations.append(numbers[0])
    assert min(truncations) == 0 and max(truncations) > .2, 'the scenes show both'


def test_alpha_follows_from_heading_and_place(objects):
    for _, numbers in objects:
        alpha, x, z, ry = numbers[2], numbers[10], numbers[12], numbers[13]
        difference = alpha - (ry - math.atan2(x, z))
        assert abs(math.remainder(difference, 2 * math.pi)) < .006
        assert max(abs(alpha), abs(ry)) <= math.pi + .005


def test_objects_stand_on_the_ground_with_plausible_sizes(objects):
    # Means of KITTI's training labels: a car 1.53 x 1.63 x 3.88 m, a pedestrian 1.76 m tall.
    assert {numbers[11] for _, numbers in objects} == {1.65}
    cars = np.array([numbers[7:10] for kind, numbers in objects if kind == 'Car'])
    assert np.abs(cars.mean(axis=0) - (1.53, 1.63, 3.88)).max() < .3


def test_scenes_vary(scenes, objects):
    assert {kind for kind, _ in objects} == {'Car', 'Van', 'Pedestrian'}
    assert {numbers[1] for _, numbers in objects} == {0, 1, 2}
    cars = [sum(row[0] == 'Car' for row in rows) for _, rows in scenes]
    assert min(cars) == 0 and max(cars) >= 5 and 1.5 <= np.mean(cars) <= 5
    assert any(row[0] == 'DontCare' for _, rows in scenes for row in rows)
    headings = np.array([numbers[13] for kind, numbers in objects if kind == 'Car'])
    assert len(np.unique(np.histogram(headings, 8, (-math.pi, math.pi))[0].nonzero())) >= 4
    assert np.std([image.mean() for image, _ in scenes]) > 8, 'lighting'


def test_same_placement_at_any_width():
    rows = []
    for width in (621, 1242):
        _, lines = draw_scene(np.random.default_rng(11), kitti_camera(width))
        rows.append([line.split() for line in lines if not line.startswith('DontCare')])
    assert rows[0]
    for small, full in zip(*rows, strict=True):
        assert small[8:] == full[8:]
        assert abs(float(small[4]) * 2 - float(full[4])) < 1.01


def car(z: float, x: float = 0.0, kind: str = 'Car', size=(1.5, 1.7, 4.2)) -> RoadObject:
    return RoadObject(kind, size, (x, 1.65, z), -1.57)


def painted(*objects: RoadObject) -> tuple[list[list[str]], np.ndarray]:
    """Label fields, and the owner of each pixel, of a bare road with these things."""
    camera, rng = kitti_camera(), np.random.default_rng(0)
    _, owner, pixels = paint_scene(rng, camera, draw_street(rng), objects, scenery=False)
    return [line.split() for line in label_scene(camera, objects, owner, pixels)], owner


# The van's rear, 6.5 m away, hides what lies up to 0.13 (cabin) or 0.146 (body) of its distance
# to the left; the car's rear, 15.9 m away, reaches 0.053 to both sides of its middle.
@pytest.mark.parametrize(('x', 'levels'), [
    (-4.0, [0, 0]),
    (-2.4, [0, 1]),  # 30 to 45 % hidden
    (-1.8, [0, 2]),  # 65 to 80 % hidden
    (0.0, [0]),  # wholly hidden: no label
])
def test_occlusion_counts_what_is_hidden(x, levels):
    lines, _ = painted(car(9, kind='Van', size=(2.2, 1.9, 5.0)), car(18, x))
    assert [int(line[2]) for line in lines] == levels


def test_far_car_is_a_dont_care_region():
    # 721.5 px * 1.5 m / z < 25 px beyond z = 43 m.
    lines, _ = painted(car(50, x=3), car(38, x=-3))
    assert [line[0] for line in lines] == ['Car', 'DontCare']


@pytest.mark.parametrize('heading', [-3.1, -1.57, -.6, 0, .8, 1.57, 2.4])
def test_drawn_pixels_fill_the_box(heading):
    item = RoadObject('Car', (1.5, 1.7, 4.2), (1.5, 1.65, 11.0), heading)
    _, owner = painted(item)
    y, x = np.nonzero(owner == 1)
    box, _, truncation = item.boxes(kitti_camera())
    assert truncation == 0
    gaps = (np.array([x.min(), y.min(), -x.max(), -y.max()]) - box * (1, 1, -1, -1))
    assert gaps.min() > -1
    # The wheels stand a little inwards of the box's corners, as real ones do.
    assert gaps.max() < .07 * (box[3] - box[1])

import pytest
import torch

from plugins.detection.yolov3_grid import Boxes
from tests.plugins.detection.yolov3_cases import build_head, instances

SIZES = [[(64, 32), (32, 64)], [(16, 16), (8, 24)]]


@pytest.fixture
def grid():
    """96 x 64 pixels (width x height): 3 x 2 cells of 32 pixels and 6 x 4 of 16; two anchors."""
    maps = [torch.zeros(1, 16, 2, 3), torch.zeros(1, 16, 4, 6)]
    return build_head(sizes=SIZES, strides=(32, 16))._grid(maps)


def test_a_grid_describes_mmdets_anchors(grid):
    assert grid.counts == [12, 48] and len(grid.anchors) == 60
    assert grid.begins.tolist() == [0, 12]
    assert grid.cells.tolist() == [[3, 2], [6, 4]]
    assert grid.shapes.tolist() == [[[64, 32], [32, 64]], [[16, 16], [8, 24]]]
    assert grid.anchor_strides[[0, 11, 12, 59], 0].tolist() == [32, 32, 16, 16]
    # the second anchor of row 1, column 2 of the fine scale, around (2.5 * 16, 1.5 * 16)
    assert grid.anchors[12 + (1 * 6 + 2) * 2 + 1].tolist() == [36, 12, 44, 36]
    columns, rows = grid.axes[1]
    assert columns[2, 1].tolist() == [36, 44] and rows[1, 1].tolist() == [12, 36]


def test_images_are_padded_to_the_same_number_of_boxes():
    found = Boxes.of([instances([]), instances([[0, 0, 4, 4], [2, 2, 8, 8]], [2, 1]),
                      instances([[1, 1, 2, 2]])])
    assert found.boxes.shape == (3, 2, 4)
    assert found.real.tolist() == [[False, False], [True, True], [True, False]]
    assert found.labels.tolist() == [[0, 0], [2, 1], [0, 0]]
    assert found.flat.tolist() == [[0, 0, 4, 4], [2, 2, 8, 8], [1, 1, 2, 2]]
    assert found.images.tolist() == [1, 1, 2]


@pytest.mark.parametrize('centre, coarse, fine', [
    ((0, 0), 0, 0), ((31.9, 31.9), 0, 1 * 6 + 1), ((32, 31.9), 1, 1 * 6 + 2),
    ((95.9, 63.9), 1 * 3 + 2, 3 * 6 + 5),
    # outside: the nearest cell
    ((96, 20), 2, 1 * 6 + 5), ((20, 64), 1 * 3 + 0, 3 * 6 + 1), ((-1, 70), 1 * 3, 3 * 6),
    ((300, -9), 2, 5)])
def test_a_centre_has_its_cell_on_each_scale(grid, centre, coarse, fine):
    (x, y) = centre
    cells, places = Boxes.of([instances([[x - 4, y - 3, x + 4, y + 3]])]).places(grid)
    assert cells.tolist() == [[[coarse, fine]]]
    assert places.tolist() == [[[[coarse * 2, coarse * 2 + 1], [12 + fine * 2, 13 + fine * 2]]]]

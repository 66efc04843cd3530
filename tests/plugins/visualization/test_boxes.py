import numpy as np

from plugins.visualization.boxes import Box, draw_boxes, draw_detections
from plugins.visualization.drawing import BLUE, PALETTE, YELLOW

ROAD = np.full((100, 200, 3), 90, np.uint8)


def where(picture, colour):
    rows, columns = np.nonzero((picture == colour).all(axis=2))
    return None if not len(rows) else (columns.min(), rows.min(), columns.max(), rows.max())


def test_boxes_are_magnified_with_the_picture():
    found = [{'class': 'b', 'score': 0.5, 'box': [20, 40, 60, 90]}]
    picture = draw_detections(ROAD, found, ['a', 'b'], 400)
    assert picture.shape == (200, 400, 3)
    x1, _, x2, y2 = where(picture, PALETTE[1])  # y1 is the label's above it
    assert (x1, x2, y2) == (40, 120, 180)
    assert where(picture, PALETTE[0]) is None
    assert ROAD.std() == 0  # the array given is left alone


def test_later_boxes_lie_on_top_and_hatching_below_all():
    corners = (20, 30, 80, 70)
    blue, yellow, hatched = (Box(corners, '', colour) for colour in (BLUE, YELLOW, None))
    assert where(draw_boxes(ROAD, [yellow, blue, hatched], 200), BLUE) == corners
    assert where(draw_boxes(ROAD, [blue, yellow], 200), BLUE) is None
    # the label of the last box lies above its left corner
    named = [box._replace(text='car') for box in (blue, yellow)]
    assert draw_boxes(ROAD, named, 200)[14, 21].tolist() == list(YELLOW)
    assert draw_boxes(ROAD, named[::-1], 200)[14, 21].tolist() == list(BLUE)

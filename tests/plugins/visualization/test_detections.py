import itertools

import numpy as np

from plugins.visualization.detections import (
    LINES,
    crowded_misses,
    draw_detections,
    draw_marks,
)
from plugins.visualization.drawing import BLUE, PALETTE, VERMILION, YELLOW
from plugins.visualization.marks import ALARM, FOUND, HIT, IGNORED, MISSED, UNCOUNTED, Mark

ROAD = np.full((100, 200, 3), 90, np.uint8)


def where(picture, colour):
    rows, columns = np.nonzero((picture == colour).all(axis=2))
    return None if not len(rows) else (columns.min(), rows.min(), columns.max(), rows.max())


def test_boxes_are_magnified_with_the_picture():
    picture = draw_detections(ROAD, np.array([[20, 40, 60, 90]]), [0.5], [1], ['a', 'b'], 400)
    assert picture.shape == (200, 400, 3)
    x1, _, x2, y2 = where(picture, PALETTE[1])  # y1 is the label's above it
    assert (x1, x2, y2) == (40, 120, 180)
    assert where(picture, PALETTE[0]) is None
    assert ROAD.std() == 0  # the array given is left alone


def test_nothing_detected_leaves_the_picture_as_it_is():
    assert np.array_equal(draw_detections(ROAD, np.zeros((0, 4)), [], [], ['a'], 10), ROAD)


def test_every_kind_of_mark_is_drawn_where_it_is():
    kinds = {HIT: (5, BLUE), ALARM: (70, VERMILION), MISSED: (135, YELLOW)}
    marks = [Mark(kind, (x, 40, x + 50, 80), 'car', None if kind == MISSED else 0.7)
             for kind, (x, _) in kinds.items()]
    marks += [Mark(FOUND, (5, 42, 50, 80), 'car'), Mark(IGNORED, (0, 0, 30, 10), 'DontCare'),
              Mark(UNCOUNTED, (0, 0, 10, 10), 'car', 0.6)]
    picture = draw_marks(ROAD, marks, least_width=200)
    for x, colour in kinds.values():
        x1, _, x2, y2 = where(picture, colour)
        assert (x1, y2) == (x, 80) or abs(x1 - x) + abs(y2 - 80) <= 6  # a dash may end earlier
        assert abs(x2 - x - 50) <= 20  # or its label is wider


def test_in_a_crowd_of_missed_objects_the_largest_speaks_for_all():
    def missed(x1, x2, name='car', kind=MISSED):
        return Mark(kind, (x1, 40, x2, 80), name)

    large, inside, beside, apart = missed(0, 40), missed(10, 30), missed(41, 60), missed(70, 80)
    person, hit = missed(5, 20, 'person'), missed(0, 60, kind=HIT)
    marks = [inside, apart, person, beside, large, hit]
    assert crowded_misses(marks) == {inside}
    assert crowded_misses(marks, gap=1) == {inside, beside}
    assert crowded_misses([inside, apart]) == set()
    quiet, loud = (where(draw_marks(ROAD, marks, least_width=200)[:39], YELLOW) is None
                   for marks in ([Mark(FOUND, (0, 40, 9, 80), 'car')], [large]))
    assert quiet and not loud  # its word stands above the box
    both = draw_marks(ROAD, [large, inside], least_width=200)
    alone = draw_marks(ROAD, [large], least_width=200)
    assert np.array_equal(both[:39], alone[:39]) and np.array_equal(both[83:], alone[83:])


def test_any_two_kinds_differ_in_colour_and_in_line():
    for one, other in itertools.combinations(LINES.values(), 2):
        assert one.colour != other.colour
        assert (one.dash, one.width) != (other.dash, other.width)

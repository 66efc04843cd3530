import numpy as np
import pytest

from plugins.visualization.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PALETTE,
    VERMILION,
    WHITE,
    YELLOW,
    Canvas,
    Line,
    at_least,
    ink_on,
    shortened,
    text_width,
)

PAPER = 128


def canvas(height=100, width=200):
    return Canvas.of(np.full((height, width, 3), PAPER, np.uint8))


def has(picture, colour):
    return (picture == colour).all(axis=2)


def test_a_solid_box_lies_on_its_pixels_within_a_dark_rim():
    drawn = canvas()
    drawn.box([20, 30, 80, 70], Line(BLUE, 3))
    rows, columns = np.nonzero(has(drawn.array(), BLUE))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 30, 80, 70)
    assert drawn.array()[29, 50].tolist() == list(BLACK)
    assert drawn.array()[50, 50].tolist() == [PAPER] * 3  # nothing inside


def test_dashes_leave_gaps_as_long_as_asked():
    drawn = canvas()
    drawn.box([20, 30, 120, 70], Line(VERMILION, 2, (4, 3)))
    edge = has(drawn.array(), VERMILION)[30, 22:110]  # from within the first stroke
    changes = np.flatnonzero(np.diff(edge.astype(int)))
    assert set(np.diff(changes).tolist()) == {8, 6}  # 4 and 3 line widths of 2 pixels


def test_boxes_beyond_the_picture_end_at_its_edge():
    drawn = canvas()
    drawn.box([-50, -50, 500, 500], Line(YELLOW, 2))
    drawn.box([300, 300, 400, 400], Line(YELLOW, 2))
    drawn.hatch([-5, 90, 500, 500], GREY)
    drawn.label('far away', [190, 95, 500, 500], YELLOW)
    assert drawn.array().shape == (100, 200, 3)
    assert has(drawn.array(), YELLOW)[0, 100] and has(drawn.array(), YELLOW)[50, 199]


def test_labels_stay_inside_and_off_each_other():
    drawn = canvas(height=300)
    for _ in range(6):
        drawn.label('car 0.99', [150, 100, 199, 160], BLUE)
    taken = [label.rect for label in drawn._labels]
    for one, (x1, y1, x2, y2) in enumerate(taken):
        assert 0 <= x1 < x2 < 200 and 0 <= y1 < y2 < 300
        for other in taken[:one]:
            assert x1 > other[2] or other[0] > x2 or y1 > other[3] or other[1] > y2
    assert taken[0][3] < 100  # the first one stands above its box


def stacked(box, number, colour=YELLOW):
    """A canvas with so many labels of one box, each at the next free place."""
    drawn = canvas(height=300)
    for _ in range(number):
        drawn.label('car 0.99', box, colour)
    return drawn


@pytest.mark.parametrize('box, columns', [
    ([20, 140, 60, 150], [17, 18]),  # left of the labels in between
    ([150, 140, 199, 150], None),  # those have been moved left, the box is narrower
    ([0, 140, 30, 150], None)])  # no room at their left
def test_a_line_leads_to_a_label_that_was_moved_away(box, columns):
    drawn = stacked(box, 12)
    place = next(number for number, label in enumerate(drawn._labels)
                 if max(140 - label.rect[3], label.rect[1] - 150) > 20)  # its height is 20
    drawn = stacked(box, place)
    assert not has(drawn.array(), BLUE).any()
    drawn.label('car 0.99', box, BLUE)
    _, y1, _, y2 = drawn._labels[-1].rect
    rows = slice(y1, 140) if y2 < 140 else slice(151, y2)
    blue = has(drawn.array(), BLUE)
    reach = np.flatnonzero(blue[rows].all(axis=0))  # columns that are blue from label to box
    assert reach.size == 2 and (columns is None or reach.tolist() == columns)
    foot = blue[140 if y2 < 140 else 150]
    ends = sorted([int(reach[0]), min(max(int(reach[0]), box[0]), box[2])])
    assert foot[ends[0]:ends[1] + 1].all()


def test_a_line_runs_behind_other_labels():
    drawn = canvas(height=300)
    for y in (100, 125, 175):
        drawn.label('other 0.99', [0, y, 9, y + 2], YELLOW)
    before, others = drawn.array().copy(), list(drawn._labels)
    for _ in range(12):
        drawn.label('car 0.99', [20, 140, 60, 150], BLUE)
    lines = has(drawn.array(), BLUE)[:, 17]
    assert lines.any()
    x1, y1, _, y2 = next(label.rect for label in others
                         if lines[label.rect[1] - 1] and lines[label.rect[3] + 1])
    assert not lines[y1:y2 + 1].any()
    words = np.s_[y1:y2 + 1, x1:19]
    assert np.array_equal(drawn.array()[words], before[words])


def test_a_label_beside_its_box_needs_no_line():
    drawn = canvas(height=300)
    drawn.label('car 0.99', [20, 140, 60, 150], BLUE)
    blue = has(drawn.array(), BLUE)
    (x1, y1, x2, y2), = (label.rect for label in drawn._labels)
    blue[y1:y2 + 1, x1:x2 + 1] = False
    assert not blue.any()


def test_an_optional_label_is_left_out_where_no_place_at_its_box_is_free():
    drawn = canvas(height=300)
    drawn.label('miss', [20, 140, 60, 150], YELLOW, optional=True)
    assert len(drawn._labels) == 1
    for _ in range(12):
        drawn.label('car 0.99', [20, 140, 60, 150], BLUE)
    before = drawn.array().copy()
    drawn.label('miss', [20, 140, 60, 150], YELLOW, optional=True)
    assert np.array_equal(drawn.array(), before) and len(drawn._labels) == 13


def test_hatching_fills_its_box_and_nothing_else():
    drawn = canvas()
    drawn.hatch([20, 30, 80, 70], GREY)
    changed = (drawn.array() != PAPER).any(axis=2)
    assert changed[31:70, 21:80].mean() > 0.5
    changed[30:71, 20:81] = False
    assert not changed.any()


def test_long_text_loses_its_middle():
    text = 'yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192/seed0'
    short = shortened(text, 200, 15)
    assert text_width(short, 15) <= 200 < text_width(text, 15)
    assert short.startswith('yolov3') and short.endswith('seed0') and '…' in short
    assert shortened('short', 200, 15) == 'short' and shortened('short', 1, 15) == '…'


def test_magnifying_keeps_the_shape_and_never_shrinks():
    picture, factor = at_least(np.zeros((30, 60, 3), np.uint8), 90)
    assert picture.shape == (45, 90, 3) and factor == 1.5
    picture, factor = at_least(picture, 60)
    assert picture.shape == (45, 90, 3) and factor == 1


@pytest.mark.parametrize('colour', [*PALETTE, GREY, WHITE])
def test_text_on_every_colour_can_be_read(colour):
    def luminance(rgb):  # WCAG 2.1
        shares = [value / 255 for value in rgb]
        linear = [s / 12.92 if s <= .03928 else ((s + .055) / 1.055) ** 2.4 for s in shares]
        return np.dot(linear, [.2126, .7152, .0722])
    bright, dark = sorted([luminance(colour), luminance(ink_on(colour))], reverse=True)
    assert (bright + .05) / (dark + .05) >= 3.4


def test_the_colours_of_marks_differ_for_the_colour_blind():
    # Machado, Oliveira, Fernandes 2009: deuteranopia and protanopia, severity 1, linear RGB
    deutan = [[.367322, .860646, -.227968], [.280085, .672501, .047413],
              [-.011820, .042940, .968881]]
    protan = [[.152286, 1.052583, -.204868], [.114503, .786281, .099216],
              [-.003882, -.048116, 1.051998]]
    for matrix in (deutan, protan):
        seen = [np.clip(matrix @ (np.array(c) / 255) ** 2.2, 0, 1) ** (1 / 2.2) * 255
                for c in (BLUE, VERMILION, YELLOW, GREY)]
        distances = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
        assert min(distances) > 60
    assert GREEN in PALETTE

import numpy as np
from fontTools.ttLib import TTFont
from matplotlib import get_data_path, rcParams
from matplotlib.font_manager import FontEntry, fontManager

from plugins.visualization import drawing
from plugins.visualization.drawing import (
    BLACK,
    BLUE,
    YELLOW,
    Canvas,
    legible,
    scaled,
    shortened,
    text_width,
)

PAPER = 128
FONT = f'{get_data_path()}/fonts/ttf/DejaVuSans.ttf'


def canvas(height=100, width=200):
    return Canvas.blank(height, width, (PAPER, PAPER, PAPER))


def has(picture, colour):
    return (picture == colour).all(axis=2)


def test_a_solid_box_lies_on_its_pixels_within_a_dark_rim():
    drawn = canvas()
    drawn.box([20, 30, 80, 70], BLUE)
    rows, columns = np.nonzero(has(drawn.array(), BLUE))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 30, 80, 70)
    assert drawn.array()[29, 50].tolist() == list(BLACK)
    assert drawn.array()[50, 50].tolist() == [PAPER] * 3  # nothing inside


def test_boxes_beyond_the_picture_end_at_its_edge():
    drawn = canvas()
    drawn.box([-50, -50, 500, 500], YELLOW)
    drawn.box([300, 300, 400, 400], YELLOW)
    drawn.hatch([-5, 90, 500, 500])
    drawn.label('far away', [190, 95, 500, 500], YELLOW)
    assert drawn.array().shape == (100, 200, 3)
    assert has(drawn.array(), YELLOW)[0, 100] and has(drawn.array(), YELLOW)[50, 199]


def ground(picture, colour):
    """Where a label lies on a plain canvas."""
    rows, columns = np.nonzero(has(picture, colour))
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_labels_stay_inside_and_off_each_other():
    drawn = canvas(height=300)
    colours = [(200, 200, k) for k in range(3)]
    for colour in colours:
        drawn.label('car 0.99', [150, 100, 199, 160], colour)
    taken = [ground(drawn.array(), colour) for colour in colours]
    for one, (x1, y1, x2, y2) in enumerate(taken):
        assert y2 - y1 == 19  # whole: nothing was written over it
        for other in taken[:one]:
            assert x1 > other[2] or other[0] > x2 or y1 > other[3] or other[1] > y2
    assert taken[0][3] < 100  # the first one lies above its box


def test_a_label_is_left_out_where_no_place_at_its_box_is_free():
    drawn = canvas()
    pictures = []
    for _ in range(12):
        drawn.label('car 0.99', [60, 40, 120, 60], BLUE)
        pictures.append(drawn.array().copy())
    assert not np.array_equal(pictures[1], pictures[2])
    assert np.array_equal(pictures[-2], pictures[-1])


def test_long_text_loses_its_middle():
    text = 'yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192/seed0'
    short = shortened(text, 200, 15)
    assert text_width(short, 15) <= 200 < text_width(text, 15)
    assert short.startswith('yolov3') and short.endswith('seed0') and '…' in short
    assert shortened('short', 200, 15) == 'short' and shortened('short', 1, 15) == '…'


def test_characters_without_a_font_are_told_once_and_shown_by_their_numbers(monkeypatch):
    told, alone = [], [f for f in fontManager.ttflist if 'DejaVu' in f.name]
    monkeypatch.setattr(drawing, 'print_log', lambda text, *_: told.append(text))
    monkeypatch.setattr(fontManager, 'ttflist', alone)
    monkeypatch.setattr(drawing, '_told', [])
    for text, shown in (('\u732b cat', r'\u732b cat'), ('\uace0\uc591', r'\uace0\uc591'),
                        ('a\nb', r'a\nb'), ('caf\xe9', 'caf\xe9'), ('\u05e9', '\u05e9')):
        assert legible(text) == shown
        assert text_width(text, 15) == text_width(shown, 15)
        ours, escaped = canvas(), canvas()
        ours.write(text, 5, 50, 15)
        escaped.write(shown, 5, 50, 15)
        assert (ours.array() == escaped.array()).all()
    assert len(told) == 1 and "of '\u732b cat': pictures show such" in told[0]


def test_a_font_of_this_machine_is_used_for_what_dejavu_lacks(tmp_path, monkeypatch):
    other = TTFont(FONT)  # DejaVu, in which this character looks like A
    for table in other['cmap'].tables:
        if table.isUnicode():
            table.cmap[0x6f22] = 'A'
    other.save(tmp_path / 'other.ttf')
    monkeypatch.setitem(rcParams, 'font.family', ['sans-serif'])
    monkeypatch.setattr(fontManager, 'ttflist', [FontEntry(str(tmp_path / 'other.ttf'), 'Other')])
    assert legible('\u6f22 b') == '\u6f22 b' and rcParams['font.family'] == ['sans-serif', 'Other']
    assert text_width('\u6f22 b', 15) == text_width('A b', 15)


def test_few_pixels_stay_sharp_and_the_shape_is_kept():
    image = np.zeros((30, 60, 3), np.uint8)
    image[::2] = 200
    assert scaled(image, 1) is image
    assert scaled(image, 1.5).shape == (45, 90, 3) and scaled(image, .01).shape == (1, 1, 3)
    assert set(np.unique(scaled(image, 3))) == {0, 200} < set(np.unique(scaled(image, 2.9)))

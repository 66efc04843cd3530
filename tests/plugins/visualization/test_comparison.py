import itertools

import numpy as np
import pytest

from plugins.visualization.comparison import KINDS, draw_comparison, draw_marks
from plugins.visualization.outcomes import (
    ALARM,
    FOUND,
    HIT,
    IGNORED,
    MISSED,
    UNCOUNTED,
    Mark,
    Outcome,
)

ROAD = np.full((100, 200, 3), 90, np.uint8)
SEEN = Outcome((Mark(HIT, (5, 5, 50, 30), 'car', 0.8),), frozenset({(0, 0)}))
BLIND = Outcome((Mark(MISSED, (5, 5, 50, 30), 'car'),), frozenset())


def where(picture, kind):
    rows, columns = np.nonzero((picture == KINDS[kind][0].colour).all(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_every_kind_of_mark_is_drawn_where_it_is():
    kinds = {HIT: 5, ALARM: 70, MISSED: 135}
    marks = [Mark(kind, (x, 40, x + 50, 80), 'car', None if kind == MISSED else 0.7)
             for kind, x in kinds.items()]
    marks += [Mark(FOUND, (5, 42, 50, 80), 'car'), Mark(IGNORED, (0, 0, 30, 10), 'DontCare'),
              Mark(UNCOUNTED, (0, 0, 10, 10), 'car', 0.6)]
    picture = draw_marks(ROAD, marks, least_width=200)
    for kind, x in kinds.items():
        x1, y1, x2, y2 = where(picture, kind)
        assert abs(x1 - x) <= 6 and abs(y2 - 80) <= 6  # a dash may end earlier
        assert abs(x2 - x - 50) <= 20 and y1 < 40  # or its words above are wider


def test_any_two_kinds_differ_in_colour_and_in_line():
    lines = [line for line, *_ in KINDS.values() if line]
    for one, other in itertools.combinations(lines, 2):
        assert one.colour != other.colour
        assert (one.dash, one.width) != (other.dash, other.width)


@pytest.mark.parametrize('shape, wide', [((60, 200, 3), True), ((200, 200, 3), False)])
def test_wide_pictures_lie_below_each_other_and_others_side_by_side(shape, wide):
    image = np.full(shape, 90, np.uint8)
    one = draw_comparison(image, [SEEN], ['a'], 'note', least_width=800)
    both = draw_comparison(image, [SEEN, BLIND], ['a', 'b'], 'note', least_width=800)
    if wide:
        assert both.shape[1] == one.shape[1] == 800 and both.shape[0] > 1.6 * one.shape[0]
    else:
        assert both.shape[1] == 2 * one.shape[1] + 6 == 1606


def test_the_panels_are_those_of_their_models():
    image = np.full((60, 200, 3), 90, np.uint8)
    seen, blind = (draw_comparison(image, [one], ['model'], least_width=800)
                   for one in (SEEN, BLIND))
    both = draw_comparison(image, [SEEN, BLIND], ['model', 'model'], least_width=800)
    panel = len(both) - 6 - len(seen)  # pixels; the rest is a gap and the legend
    assert np.array_equal(both[:panel], seen[:panel])
    assert np.array_equal(both[panel + 6:2 * panel + 6], blind[:panel])
    assert not np.array_equal(seen, blind)


def test_words_and_legend_say_what_occurs(monkeypatch):
    said, meanings = [], {}
    monkeypatch.setattr('plugins.visualization.drawing.Canvas.label',
                        lambda self, text, *_: said.append(text))
    monkeypatch.setattr('plugins.visualization.comparison.draw_legend', lambda width, words, note: (
        meanings.update(words), np.zeros((1, width, 3), np.uint8))[1])
    marks = [Mark(HIT, (0, 0, 9, 9), 'car', 0.8), Mark(ALARM, (0, 0, 9, 9), 'car', 0.61),
             Mark(MISSED, (0, 0, 9, 9), 'car'), Mark(FOUND, (0, 0, 9, 9), 'car'),
             Mark(IGNORED, (0, 0, 9, 9), 'Van'), Mark(IGNORED, (0, 0, 9, 9), 'DontCare')]
    draw_comparison(ROAD, [Outcome(tuple(marks), frozenset())], ['a'])
    assert said == ['0.80', 'false 0.61', 'miss', 'Van']  # what matters most comes first
    assert list(meanings) == ['hit, its score', 'false alarm', 'missed object', 'object found',
                              'ignored (DontCare, Van)']
    said.clear()
    draw_comparison(ROAD, [Outcome(tuple(marks[:3]), frozenset())], ['a'], several_classes=True)
    assert said == ['car 0.80', 'false car 0.61', 'miss car']

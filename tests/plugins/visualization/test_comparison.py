import numpy as np
import pytest

from plugins.visualization.comparison import KINDS, draw_comparison
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
    rows, columns = np.nonzero((picture == KINDS[kind][0]).all(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_every_kind_of_mark_is_drawn_where_it_is():
    kinds = {HIT: 5, ALARM: 70, MISSED: 135}
    marks = [Mark(kind, (x, 40, x + 50, 80), 'car', None if kind == MISSED else 0.7)
             for kind, x in kinds.items()]
    marks += [Mark(FOUND, (5, 42, 50, 80), 'car'), Mark(IGNORED, (0, 0, 30, 10), 'DontCare'),
              Mark(UNCOUNTED, (0, 0, 10, 10), 'car', 0.6)]
    picture = draw_comparison(ROAD, [Outcome(tuple(marks), frozenset())], ['a'], least_width=200)
    picture = picture[32:132]  # between the headline and the legend
    for kind, x in kinds.items():
        x1, y1, x2, y2 = where(picture, kind)
        assert (x1, y2) == (x, 80)
        assert 0 <= x2 - x - 50 <= 20 and y1 < 40  # its words above may be wider


@pytest.mark.parametrize('shape, wide', [((60, 200, 3), True), ((200, 200, 3), False)])
def test_wide_pictures_lie_below_each_other_and_others_side_by_side(shape, wide):
    image = np.full(shape, 90, np.uint8)
    one, other = (draw_comparison(image, [found], ['model'], least_width=800)
                  for found in (SEEN, BLIND))
    both = draw_comparison(image, [SEEN, BLIND], ['model', 'model'], least_width=800)
    assert not np.array_equal(one, other)
    if wide:
        assert both.shape[1] == one.shape[1] == 800
        panel = len(both) - 6 - len(one)  # pixels; the rest is a gap and the legend
        assert np.array_equal(both[:panel], one[:panel])
        assert np.array_equal(both[panel + 6:2 * panel + 6], other[:panel])
    else:
        assert both.shape[1] == 2 * one.shape[1] + 6 == 1606


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

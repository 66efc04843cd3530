import numpy as np
import pytest

from plugins.visualization.comparison import draw_comparison, headline, legend_of
from plugins.visualization.marks import FOUND, HIT, IGNORED, MISSED, Mark, Outcome

SEEN = Outcome('1', (Mark(HIT, (5, 5, 50, 30), 'car', 0.8),), frozenset({(0, 0)}),
               frozenset({(0, 0)}))
BLIND = Outcome('1', (Mark(MISSED, (5, 5, 50, 30), 'car'),), frozenset(), frozenset({(0, 0)}))


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


def test_the_headline_names_the_counts():
    assert headline(SEEN) == '1 TP   0 FP   0 FN' and headline(BLIND) == '0 TP   0 FP   1 FN'


def test_the_legend_explains_what_occurs_and_names_what_is_ignored():
    assert legend_of([SEEN, BLIND]) == {HIT: 'hit, its score', MISSED: 'missed object'}
    box = (0, 0, 9, 9)
    persons = Outcome('1', (Mark(IGNORED, box, 'Person_sitting'), Mark(FOUND, box, 'person'),
                            Mark(IGNORED, box, 'DontCare')), frozenset(), frozenset())
    assert legend_of([persons]) == {
        FOUND: 'object found', IGNORED: 'ignored (DontCare, Person_sitting)'}
    stock = Outcome('1', (Mark(IGNORED, box, 'ignored'),), frozenset(), frozenset())  # COCO's crowd
    assert legend_of([stock]) == {IGNORED: 'ignored'}

"""Figures over folds: hand-counted, and the same whether or not the work was interrupted."""

import pytest

from plugins.classification.cross_validation import Answer, pooled


def answers(right, wrong, repeat=0):
    """Images 0, 1, ...: the right ones first; a wrong one of class a is taken for b."""
    return [(repeat, Answer(f'{place}.png', 'ab'[place % 2],
                            'ab'[place % 2] if place < right else 'ba'[place % 2],
                            f'0.{50 + place}')) for place in range(right + wrong)]


def test_answers_of_all_folds_are_counted_together():
    found = pooled(answers(16, 4), 'ab', [100., 100., 75., 75., 50.])
    assert found['images'] == 20 and found['metrics']['accuracy/top1'] == pytest.approx(80)
    assert found['confusion_matrix'] == [[8, 2], [2, 8]]
    assert [one['image'] for one in found['worst']] == ['19.png', '18.png', '17.png', '16.png']
    # s^2 = 437.5, t = 2.776: 80 +- 2.776 * sqrt((1/5 + 1/4) * 437.5), wider than Wilson's 58 to 92
    low, high = found['intervals']['accuracy/top1']
    assert low == pytest.approx(41.0, abs=.1) and high == 100


def test_folds_that_agree_are_not_certain():
    low, high = pooled(answers(20, 0), 'ab', [100.] * 5)['intervals']['accuracy/top1']
    assert low == pytest.approx(83.9, abs=.1) and high == 100  # Wilson's of 20 of 20


def test_repeats_are_means_and_an_image_counts_once():
    found = pooled([*answers(20, 0), *answers(16, 4, repeat=1)], 'ab', [90.] * 10)
    assert found['images'] == 20 and found['metrics']['accuracy/top1'] == pytest.approx(90)


@pytest.mark.parametrize('wrong', [[], answers(1, 0), answers(2, 0)[1:]])
def test_an_image_that_is_tested_twice_or_never_is_an_error(wrong):
    one = [*answers(2, 0), *wrong] if wrong != [] else [*answers(2, 0), *answers(1, 0, repeat=1)]
    with pytest.raises(ValueError, match='not tested exactly once in each repeat: [01].png'):
        pooled(one, 'ab', [100., 100.])

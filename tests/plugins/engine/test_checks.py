import math

import pytest

from plugins.engine import checks


@pytest.mark.parametrize('check, right, wrong, expected', [
    (lambda v: checks.number('a', 'k', v, 0, 1), [0, 0.5, 1], [-0.1, 1.1, math.nan, True, '0'],
     'a number in [0, 1]'),
    (lambda v: checks.whole('a', 'k', v, 1), [1, 7], [0, 1.0, True, '1', None],
     'a whole number of at least 1'),
    (lambda v: checks.whole('a', 'k', v, 0, 3), [0, 3], [-1, 4],
     'a whole number of at least 0 and at most 3'),
    (lambda v: checks.pair('a', 'k', v, 0, 2), [(0., 2.), (1., 1.)],
     [(1, 0), (0, 3), (-1, 0), (1,), 1, (0, True)], 'two numbers (a, b), 0 <= a <= b <= 2'),
    (lambda v: checks.size('a', 'k', v), [(4, 3)], [
        0, -4, '88', 8.5, None, True, (8, 0), (8, 8, 8), (8,), (8, 8.0)],
     'a positive whole number of pixels, or (height, width)')])
def test_what_fits_is_given_back_and_all_else_is_named(check, right, wrong, expected):
    assert [check(value) for value in right] == right
    for value in wrong:
        with pytest.raises(ValueError) as raised:
            check(value)
        assert str(raised.value) == f'a: k={value!r}, expected {expected}'


def test_one_number_means_a_square_or_a_symmetric_range():
    assert checks.size('', 'size', 4) == (4, 4)
    assert checks.spread('', 'degrees', 5, 0, 180) == (-5, 5)
    assert checks.spread('', 'brightness', [0.5, 2], 1, 1) == (0.5, 2)
    with pytest.raises(ValueError, match=r'^degrees=181, expected a number in \[0, 180\]'):
        checks.spread('', 'degrees', 181, 0, 180)

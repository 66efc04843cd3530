import pytest

from tools.benchmarks.timing import fastest, growth_exponent, interleave, speed_ratio, summary


def test_blocks_take_turns_and_another_begins_each_round():
    called, told = [], []

    def block(name):
        return lambda: called.append(name) or len(called)
    samples = interleave({name: block(name) for name in 'abc'}, 3, lambda *what: told.append(what))
    assert ''.join(called) == 'abc' + 'bca' + 'cab'
    assert samples == {'a': [1, 6, 8], 'b': [2, 4, 9], 'c': [3, 5, 7]}
    assert told[3] == ('b', 1, 4)


@pytest.mark.parametrize('seconds', [0., -1., float('nan'), float('inf')])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(ValueError, match='ours: measured'):
        interleave({'ours': lambda: seconds}, 1)


def test_nothing_to_time_is_refused():
    with pytest.raises(ValueError, match='0 blocks in 1 rounds'):
        interleave({}, 1)
    with pytest.raises(ValueError, match='1 blocks in 0 rounds'):
        interleave({'ours': lambda: 1.}, 0)


def test_ratio_is_of_medians_against_the_fastest():
    samples = {'ours': [1., 2., 9.], 'slow': [8., 9., 10.], 'fast': [4., 5., 6.]}
    assert fastest(samples, ['slow', 'fast']) == 'fast'
    ratio = speed_ratio(samples, 'ours', ['slow', 'fast'])
    assert ratio == dict(value=2.5, min=6 / 9, max=4.)
    assert summary(samples['ours']) == dict(median=2., min=1., max=9.)


def test_exponent_of_a_power_is_the_power():
    sizes = [10, 100, 1000]
    assert growth_exponent(sizes, [3 * n ** 1.5 for n in sizes]) == pytest.approx(1.5)
    assert growth_exponent(sizes, [7, 7, 7]) == pytest.approx(0)

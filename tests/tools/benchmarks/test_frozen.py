import pytest

from tools.benchmarks.frozen import compare_validations, run
from tools.benchmarks.record import Settings


def history(*metrics: tuple[float, float]) -> list[dict]:
    return [dict(metrics={'accuracy/top1': accuracy, 'loss': loss}) for accuracy, loss in metrics]


def test_equal_validations_pass():
    found = compare_validations(history((50., 2.), (60., 1.)), history((50., 2.), (60., 1.00001)))
    assert found['validation accuracy of first and last epoch, %'] == [50., 60.]
    assert found['largest relative difference of the loss'] == pytest.approx(1e-5)


@pytest.mark.parametrize('other', [(59., 1.), (60., 1.001), (60., float('nan'))])
def test_a_difference_is_refused(other):
    with pytest.raises(ValueError, match='with and without the cache differ'):
        compare_validations(history((60., 1.)), history(other))


@pytest.mark.slow
def test_the_cache_is_faster_at_the_same_accuracy(tmp_path):
    cases = []
    run(Settings(tmp_path, quick=True), print, cases.append)
    # 3 epochs: it may save two thirds at most, and the start takes the same time
    assert cases[0].figures[0].value > 1.1
    accuracy = cases[0].checks['validation accuracy of first and last epoch, %']
    assert accuracy[-1] > 30  # 20 would be a guess, and no check

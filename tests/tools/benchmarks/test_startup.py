import pytest

from tools.benchmarks import startup
from tools.benchmarks.record import Settings


def test_a_process_that_fails_is_told_of(tmp_path):
    with pytest.raises(ValueError, match='ended with code 1:(.|\n)*ZeroDivisionError'):
        startup._python(['-c', '1 / 0'], Settings(tmp_path))


@pytest.mark.slow
def test_plugins_import_nothing_heavy(tmp_path):
    case = startup.import_case(Settings(tmp_path), 1, print)
    assert case.figures[0].value < 1. and case.figures[0].target == 0.3


@pytest.mark.slow
def test_a_start_ends_with_its_first_iteration(tmp_path):
    cases = []
    startup.run(Settings(tmp_path, quick=True), print, cases.append)
    assert [case.name for case in cases] == ['import', 'classifier', 'detector']
    for case in cases[1:]:
        seconds = {name: values[0] for name, values in case.samples.items()}
        assert seconds['import torch'] < seconds['ours']
        # more than its own imports alone, and no multiple of what stock needs for its
        assert seconds['ours'] < 5 * seconds["stock's imports"]


import pytest

from tools.benchmarks.record import Settings
from tools.benchmarks.startup import run


@pytest.mark.slow
def test_a_start_ends_with_its_first_iteration(tmp_path):
    cases = list(run(Settings(tmp_path, quick=True)))
    assert [case.name for case in cases] == ['classifier', 'detector']
    for case in cases:
        seconds = {name: values[0] for name, values in case.samples.items()}
        # no multiple of what stock needs for its imports alone
        assert 1 < seconds['ours'] < 5 * seconds["stock's imports"]

import time

import pytest
import torch

from tools.benchmarks.record import Settings
from tools.benchmarks.startup import FirstIterationHook, run


def test_the_hook_tells_the_time_and_exits(capsys):
    before = time.time()
    with pytest.raises(SystemExit) as leaving:
        FirstIterationHook().after_train_iter(None, 0, outputs=dict(loss=torch.tensor(1.)))
    assert leaving.value.code is None
    assert before <= float(capsys.readouterr().out) <= time.time()


@pytest.mark.slow
def test_a_start_ends_with_its_first_iteration(tmp_path):
    cases = list(run(Settings(tmp_path, quick=True)))
    assert [case.name for case in cases] == ['classifier', 'detector']
    for case in cases:
        seconds = {name: values[0] for name, values in case.samples.items()}
        # no multiple of what stock needs for its imports alone
        assert 1 < seconds['ours'] < 5 * seconds["stock's imports"]

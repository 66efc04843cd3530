import time

import pytest
import torch

from tools.benchmarks.first_iteration import FirstIterationHook


def test_it_says_when_and_leaves(capsys):
    before = time.time()
    with pytest.raises(SystemExit) as leaving:
        FirstIterationHook().after_train_iter(None, 0, outputs=dict(loss=torch.tensor(1.)))
    assert leaving.value.code is None
    assert before <= float(capsys.readouterr().out) <= time.time()

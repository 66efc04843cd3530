import pytest

from tools.benchmarks.frozen import run
from tools.benchmarks.record import Settings


@pytest.mark.slow
def test_the_cache_is_faster_at_the_same_losses(tmp_path):
    whole, *parts = run(Settings(tmp_path, quick=True))
    # 3 epochs: it may save two thirds at most, and the start takes the same time
    assert whole.figures[0]['value'] > 1.05
    first, *_, last = whole.checks['losses']['ours']
    assert first - last > 0.005  # features that depend on the image
    assert [part.name for part in parts] == ['resnet50-d1-224px', 'resnet50-d4-224px']
    for case in whole, *parts:
        assert case.checks['largest difference of an epoch, points'] == 0

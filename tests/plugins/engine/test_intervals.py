import pytest

from plugins.engine.intervals import accuracy_interval


@pytest.mark.parametrize('accuracy, images, low, high', [
    (25, 16, 10.2, 49.5), (100, 10, 72.2, 100), (0, 10, 0, 27.8), (50, 10_000, 49.0, 51.0)])
def test_wilson(accuracy, images, low, high):  # (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert accuracy_interval(accuracy, images) == pytest.approx((low, high), abs=0.05)

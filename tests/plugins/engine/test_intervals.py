import pytest

from plugins.engine.intervals import (
    accuracy_interval,
    intervals,
    mcnemar,
    resampled_interval,
    seeds_interval,
    shown_interval,
)


@pytest.mark.parametrize('accuracy, images, low, high', [
    (25, 16, 10.2, 49.5), (100, 10, 72.2, 100), (0, 10, 0, 27.8), (50, 10_000, 49.0, 51.0)])
def test_wilson(accuracy, images, low, high):  # (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert accuracy_interval(accuracy, images) == pytest.approx([low, high], abs=0.05)


def test_of_all_images_in_the_table():
    classes = dict(a=dict(images=10), b=dict(images=6))
    metrics = {'accuracy/top1': 25., 'accuracy/mean_class': 30., 'loss': 1.}
    assert intervals(metrics, classes) == {'accuracy/top1': accuracy_interval(25, 16)}
    assert intervals(metrics, {}) == {} == intervals({'coco/bbox_mAP': .5}, classes)


def test_resampled():  # s² = 10, t(4) = 2.776: 72 ± 2.776 √((1/5 + 1/4) 10) = 72 ± 5.889
    values = [68, 70, 72, 74, 76]
    assert resampled_interval(values, 1 / 4) == pytest.approx([66.111, 77.889], abs=0.001)
    # two folds, s² = 2, t(1) = 12.706: 98 ± 12.706 √((1/2 + 1) 2) = 98 ± 22.0, clipped
    assert resampled_interval([97, 99], 1) == pytest.approx([75.99, 100], abs=0.01)


@pytest.mark.parametrize('only_a, only_b, p', [
    (0, 6, 2 / 64), (5, 1, 14 / 64), (3, 3, 1), (0, 0, 1)])  # 2 (1 + 6) / 2^6 for 5 to 1
def test_mcnemar(only_a, only_b, p):
    a = [True] * only_a + [False] * only_b + [True, True, False]
    b = [False] * only_a + [True] * only_b + [True, True, False]
    assert mcnemar(a, b) == mcnemar(b, a) == pytest.approx(p)


@pytest.mark.parametrize('value, interval, text', [
    (25, accuracy_interval(25, 16), '25 % (10 to 50)'),  # 10.18 to 49.498: rounded outwards
    (93.44, (90.31, 95.52), '93.4 % (90.3 to 95.6)'), (80, (80, 80), '80.0 % (80.0 to 80.0)'),
    (50, (49.82, 50.18), '50.00 % (49.82 to 50.18)')])
def test_as_text(value, interval, text):
    assert shown_interval(value, interval) == text
    assert shown_interval(0.512, (0.42, 0.6), 'car/AP50') == '0.51 (0.42 to 0.60)'


def test_over_seeds_both_intervals_are_covered():
    assert seeds_interval([25], 16, 1) == seeds_interval([25, 25, 25], 16, 1) \
        == accuracy_interval(25, 16)
    assert seeds_interval([68, 70, 72, 74, 76], 10_000, 1 / 4) \
        == resampled_interval([68, 70, 72, 74, 76], 1 / 4)

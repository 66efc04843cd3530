import pytest

from plugins.engine.intervals import accuracy_interval, intervals


@pytest.mark.parametrize('accuracy, images, low, high', [
    (25, 16, 10.2, 49.5), (100, 10, 72.2, 100), (0, 10, 0, 27.8), (50, 10_000, 49.0, 51.0)])
def test_wilson(accuracy, images, low, high):  # (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert accuracy_interval(accuracy, images) == pytest.approx([low, high], abs=0.05)


def test_of_all_images_in_the_table():
    classes = dict(a=dict(images=10), b=dict(images=6))
    metrics = {'accuracy/top1': 25., 'accuracy/mean_class': 30., 'loss': 1.}
    assert intervals(metrics, classes) == {'accuracy/top1': accuracy_interval(25, 16)}
    assert intervals(metrics, {}) == {} == intervals({'coco/bbox_mAP': .5}, classes)

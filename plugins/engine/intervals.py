"""How sure a figure is."""
from collections.abc import Mapping
from typing import Any

from scipy.stats import binomtest


def intervals(metrics: Mapping[str, float], classes: Mapping[str, Mapping[str, Any]]
              ) -> dict[str, list[float]]:
    """Wilson's 95 % interval of each share of images among a test's metrics, both in %.

    Args:
        metrics: By name; other ones than ``accuracy/top1`` are no shares of images.
        classes: For each class, its number of ``images``.
    """
    images = sum(one['images'] for one in classes.values())
    return {key: accuracy_interval(metrics[key], images) for key in ('accuracy/top1',)
            if images and key in metrics}


def accuracy_interval(accuracy: float, images: int) -> list[float]:
    """Wilson's 95 % interval of an accuracy that was measured on so many images, in %."""
    found = binomtest(round(accuracy * images / 100), images).proportion_ci(method='wilson')
    return [100 * float(found.low), 100 * float(found.high)]

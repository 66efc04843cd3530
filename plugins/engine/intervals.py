"""How sure a figure is, and whether two runs differ."""
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, variance
from typing import Any

import scipy  # its stats, which take a second, are loaded when they are used

from .metric_names import shown


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
    right = round(accuracy * images / 100)
    found = scipy.stats.binomtest(right, images).proportion_ci(method='wilson')
    return [100 * float(found.low), 100 * float(found.high)]


def resampled_interval(values: Sequence[float], test_share: float) -> list[float]:
    """The 95 % interval of the mean accuracy over folds or seeds whose training images overlap.

    The corrected resampled t interval of Nadeau and Bengio, Inference for the Generalization
    Error, Machine Learning 52 (2003): the variance of the mean is s^2 (1/n + test/training images),
    not s^2 / n, which would take the overlapping runs for independent ones.

    Args:
        values: The accuracy of each run, in %, at least two.
        test_share: Number of test images divided by that of training images.
    """
    spread = math.sqrt((1 / len(values) + test_share) * variance(values))
    reach = float(scipy.stats.t.ppf(0.975, len(values) - 1)) * spread
    return [max(0., fmean(values) - reach), min(100., fmean(values) + reach)]


def mcnemar(right_a: Sequence[bool], right_b: Sequence[bool]) -> float:
    """p-value of McNemar's exact test: would two equally good runs differ as much by chance?

    Only images count that exactly one run classifies correctly: of them, either run would get a
    binomial number with probability 1/2.

    Args:
        right_a, right_b: For the same images in the same order, whether each run was right.
    """
    pairs = list(zip(right_a, right_b, strict=True))
    only_a, only_b = pairs.count((True, False)), pairs.count((False, True))
    return float(scipy.stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.


def seeds_interval(values: Sequence[float], images: int, test_share: float) -> list[float]:
    """The 95 % interval of the mean accuracy over seeds, all tested on the same images.

    It covers Wilson's, as the images are few, and of several seeds also the corrected resampled
    one, which alone would be empty where all seeds agree.
    """
    ends = [accuracy_interval(fmean(values), images)]
    if len(values) > 1:
        ends.append(resampled_interval(values, test_share))
    return [min(low for low, _ in ends), max(high for _, high in ends)]


def shown_interval(value: float, interval: Sequence[float] | None,
                   key: str = 'accuracy/top1') -> str:
    """A metric with its interval, as ``25 % (10 to 50)``: the ends are rounded outwards.

    A narrow interval has decimals: two figures of its width are shown. Without an interval, the
    value has its metric's decimals.
    """
    if not interval:
        return shown(value, key)
    low, high = interval
    digits = min(3, max(0, 1 - math.floor(math.log10(high - low)))) if high > low else 1
    scale, unit = 10 ** digits, ' %' * key.startswith('accuracy')
    ends = math.floor(round(low * scale, 6)) / scale, math.ceil(round(high * scale, 6)) / scale
    return f'{value:.{digits}f}{unit} ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})'

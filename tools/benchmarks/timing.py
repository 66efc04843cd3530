"""Time several ways of doing one thing side by side."""
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Block = Callable[[], float]


def now() -> float:
    """Seconds on the clock that blocks are timed with; a GPU has finished its work by then.

    Only for the borders of a block: a wait within it would be part of what is measured.
    """
    import torch
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def interleave(blocks: Mapping[str, Block], rounds: int,
               told: Callable[[str, int, float], None] = lambda *_: None) -> dict[str, list[float]]:
    """Call every block once a round; whoever begins is last in the next round.

    A machine that slows down, or that something else uses, then does so to all
    of them. A block takes care of its own warm-up.

    Args:
        blocks: Name -> a function that returns the seconds of its unit of work.
        rounds: How often each one is called, at least 1.
        told: Called after each block with its name, the round from 0 on, and its seconds.

    Returns:
        Name -> the seconds of every round, in the order of ``blocks``.

    Raises:
        ValueError: No blocks, no rounds, or seconds that are no positive number.
    """
    if not blocks or rounds < 1:
        raise ValueError(f'{len(blocks)} blocks in {rounds} rounds, expected at least one of each')
    names = list(blocks)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            seconds = blocks[name]()
            if not 0 < seconds < math.inf:
                raise ValueError(f'{name}: measured {seconds} s in round {number}')
            samples[name].append(seconds)
            told(name, number, seconds)
    return samples


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest of a block's rounds."""
    return dict(median=statistics.median(seconds), min=min(seconds), max=max(seconds))


def fastest(samples: Mapping[str, Sequence[float]], names: Sequence[str]) -> str:
    """Whichever of the names has the smallest median."""
    return min(names, key=lambda name: statistics.median(samples[name]))


def speed_ratio(samples: Mapping[str, Sequence[float]], of: str,
                against: Sequence[str]) -> dict[str, float]:
    """How many times as fast one is as the fastest of others.

    Returns:
        ``value``, the ratio of the medians; ``min`` and ``max`` of the ratios of single rounds.
    """
    best = fastest(samples, against)
    each = [theirs / own for theirs, own in zip(samples[best], samples[of], strict=True)]
    return dict(value=statistics.median(samples[best]) / statistics.median(samples[of]),
                min=min(each), max=max(each))


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The k of ``cost ~ size ** k``: the slope of a line fitted to both logarithms.

    1 is linear growth, 0 none; at least two sizes.
    """
    x = [math.log(size) for size in sizes]
    y = [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope

"""Split the image ids of a data set at random with a seed.

KITTI has no public split: the labels of its official test images are not published.
"""
import random
from itertools import accumulate


def seeded_part(ids: list[str], part: str, seed: int, fractions: dict[str, float]) -> list[str]:
    """Shuffle the ids, divide them into parts and return one part.

    The parts are disjoint and together contain every id. The same ids, seed
    and fractions give the same parts on every machine and Python version.

    Args:
        ids: All ids, in any order.
        part: The part to return, a key of fractions.
        fractions: Share of each part, in order; they sum to 1.

    Returns:
        The part in shuffled order, so its first n ids are also a random choice.

    Raises:
        ValueError: The fractions are invalid, or the part is empty.
    """
    if part not in fractions:
        raise ValueError(f'split: found part={part!r}, expected one of {list(fractions)}')
    if any(share <= 0 for share in fractions.values()) or abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError(f'split: found fractions {dict(fractions)}, expected positive shares '
                         'that sum to 1')
    ends = [round(share * len(ids)) for share in accumulate(fractions.values(), initial=0.)]
    place = list(fractions).index(part)
    chosen = shuffled(ids, seed)[ends[place]:ends[place + 1]]
    if not chosen:
        raise ValueError(f'split: part {part!r} gets no image: {fractions[part]:g} of {len(ids)}; '
                         'use a larger fraction or more images')
    return chosen


def shuffled(ids: list[str], seed: int) -> list[str]:
    """The ids in the order of which :func:`seeded_part` takes its parts, one after another."""
    ordered = sorted(ids)  # the order of ids may depend on the file system
    random.Random(seed).shuffle(ordered)
    return ordered

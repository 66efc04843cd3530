"""Split the image ids of a data set at random with a seed.

KITTI has no public split: the labels of its official test images are not published.
"""
import random
from collections.abc import Mapping
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
    shuffled = _shuffle(ids, seed)
    ends = [round(share * len(ids)) for share in accumulate(fractions.values(), initial=0.)]
    place = list(fractions).index(part)
    chosen = shuffled[ends[place]:ends[place + 1]]
    if not chosen:
        raise ValueError(f'split: part {part!r} gets no image: {fractions[part]:g} of {len(ids)}; '
                         'use a larger fraction or more images')
    return chosen


def seeded_lists(ids: list[str], seed: int, sizes: Mapping[str, int]) -> dict[str, list[str]]:
    """Shuffle the ids like :func:`seeded_part`, and take lists of the given sizes.

    The lists are disjoint and in shuffled order. The first one consists of the first ids of
    ``seeded_part``'s first part.

    Args:
        ids: All ids, in any order.
        sizes: Number of images of each list, in order; some may be left over.

    Raises:
        ValueError: A size is below 1, or their sum exceeds the number of images.
    """
    found = ', '.join(f'{name} {size}' for name, size in sizes.items())
    if any(size < 1 for size in sizes.values()):
        raise ValueError(f'found lists of {found} images, expected at least 1 in each')
    if sum(sizes.values()) > len(ids):
        raise ValueError(f'found lists of {found} images, {sum(sizes.values())} in total, expected '
                         f'at most {len(ids)}, the number of images')
    shuffled = iter(_shuffle(ids, seed))
    return {name: [next(shuffled) for _ in range(size)] for name, size in sizes.items()}


def _shuffle(ids: list[str], seed: int) -> list[str]:
    shuffled = sorted(ids)  # the order of ids may depend on the file system
    random.Random(seed).shuffle(shuffled)
    return shuffled

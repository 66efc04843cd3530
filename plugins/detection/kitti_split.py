"""Divide the image ids of a data set: by a list file, or at random with a seed.

KITTI comes without a split: the labels of its official test part are not public.
"""
import random
from collections.abc import Mapping
from pathlib import Path


def read_id_list(path: Path, known: set[str]) -> list[str]:
    """Read a list of ids, one a line, such as ImageSets/train.txt.

    Windows line ends, a byte order mark and blank lines at the end are accepted.

    Args:
        path: The list file.
        known: The ids that exist.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A line holds no known id, or one that came before, or
            the file is empty.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such list of image ids (one a line, 000000)')
    first_line: dict[str, int] = {}
    lines = path.read_text(encoding='utf-8-sig').rstrip().splitlines()
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if name not in known:
            raise ValueError(
                f'{path}:{number}: found the id {name!r}, expected the file name of one of the '
                f'{len(known)} images without its suffix, as {min(known)!r}')
        if name in first_line:
            raise ValueError(f'{path}:{number}: found the id {name!r} again, it is in line '
                             f'{first_line[name]} already; remove one of the two')
        first_line[name] = number
    if not first_line:
        raise ValueError(f'{path}: found no id, expected one a line')
    return list(first_line)


def seeded_part(ids: list[str], part: str, seed: int, fractions: dict[str, float]) -> list[str]:
    """Shuffle the ids, cut them in parts and return one of these.

    The parts are disjoint and together hold every id. The same ids, seed and
    fractions give the same parts on every machine and Python version.

    Args:
        ids: All ids, in any order.
        part: The part to return, a key of fractions.
        seed: Seed of the shuffle.
        fractions: Share of each part, in the order of cutting; they sum to 1.

    Returns:
        The part in shuffled order, so that its first n ids are a random choice too.

    Raises:
        ValueError: The fractions do not make sense, or leave a part empty.
    """
    if part not in fractions:
        raise ValueError(f'split: found part={part!r}, expected one of {list(fractions)}')
    if any(share <= 0 for share in fractions.values()) or abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError(f'split: found fractions {dict(fractions)}, expected positive shares '
                         'that sum to 1')
    shuffled = _shuffle(ids, seed)
    before = 0.0
    for name, share in fractions.items():
        if name == part:
            break
        before += share
    chosen = shuffled[round(before * len(ids)):round((before + fractions[part]) * len(ids))]
    if not chosen:
        raise ValueError(f'split: part {part!r} gets no image: {fractions[part]:g} of {len(ids)}; '
                         'give it a larger fraction or more images')
    return chosen


def seeded_lists(ids: list[str], seed: int, sizes: Mapping[str, int]) -> dict[str, list[str]]:
    """Shuffle the ids as :func:`seeded_part` does, and cut lists of so many images from them.

    The lists are disjoint, and a list holds its images in shuffled order. The first one holds
    those that ``seeded_part``'s first part begins with.

    Args:
        ids: All ids, in any order.
        seed: Seed of the shuffle.
        sizes: Number of images of each list, in the order of cutting; some may be left over.

    Raises:
        ValueError: A size is below 1, or together they are more than there are images.
    """
    found = ', '.join(f'{name} {size}' for name, size in sizes.items())
    if any(size < 1 for size in sizes.values()):
        raise ValueError(f'found lists of {found} images, expected at least 1 in each')
    if sum(sizes.values()) > len(ids):
        raise ValueError(f'found lists of {found} images, {sum(sizes.values())} in all, expected '
                         f'at most the {len(ids)} that there are')
    shuffled = iter(_shuffle(ids, seed))
    return {name: [next(shuffled) for _ in range(size)] for name, size in sizes.items()}


def _shuffle(ids: list[str], seed: int) -> list[str]:
    shuffled = sorted(ids)  # not in the order in which some file system lists them
    random.Random(seed).shuffle(shuffled)
    return shuffled

"""Parts of a data set, by seed."""
import random

import pytest

from plugins.detection.kitti_split import seeded_part, shuffled

IDS = [f'{i:06d}' for i in range(76)]
SHARES = {'train': 0.70, 'val': 0.09, 'test': 0.21}


def parts(seed: int, ids=IDS):
    return {part: seeded_part(ids, part, seed, SHARES) for part in SHARES}


def test_seeded_parts_are_disjoint_and_complete():
    divided = parts(0)
    assert {name: len(part) for name, part in divided.items()} == {
        'train': 53, 'val': 7, 'test': 16}  # by hand: 53.2, then 60.04
    assert sorted(sum(divided.values(), [])) == IDS


def test_the_seed_alone_decides():
    shuffled = random.Random(5).sample(IDS, len(IDS))
    assert parts(0) == parts(0, shuffled)
    assert parts(0)['test'] != parts(1)['test']
    # fixed for all machines: a change would move images from train to test
    assert parts(0)['val'][:3] == ['000057', '000066', '000034']


@pytest.mark.parametrize('fractions, found', [
    ({'train': 0.8, 'val': 0.1}, 'sum to 1'),
    ({'train': 1.2, 'val': -0.2}, 'positive'),
    ({'val': 1.0}, "part='train', expected one of"),
    ({'val': 0.999, 'train': 0.001}, 'gets no image'),
])
def test_fractions_that_make_no_sense(fractions, found):
    with pytest.raises(ValueError, match=found):
        seeded_part(IDS, 'train', 0, fractions)


def test_the_shuffled_ids_begin_with_the_first_part():
    ids = shuffled(IDS, 0)
    assert sorted(ids) == sorted(IDS) and ids == shuffled(IDS[::-1], 0) != shuffled(IDS, 1)
    assert ids[:50] == seeded_part(IDS, 'train', 0, SHARES)[:50]

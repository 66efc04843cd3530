import logging

import numpy as np
import pytest

from plugins.classification.datasets import splits
from plugins.classification.datasets.splits import (
    at_most_per_class,
    fold_of,
    read_groups,
    stratified_split,
)

# Shuffled, so that rows of a class are not neighbours.
LABELS = np.random.RandomState(3).permutation([0] * 40 + [1] * 25 + [2] * 4 + [3] * 2)


@pytest.mark.parametrize('held_out, counts', [
    (0.1, [4, 3, 1, 1]),     # 4; 2.5 rounds up; 0.4 and 0.2 are raised to 1
    (0.5, [20, 13, 2, 1]),
    (0.9, [36, 23, 3, 1]),   # 22.5 rounds up; 3.6 and 1.8 leave one behind
])  # yapf: disable
def test_every_class_is_rounded_by_itself(held_out, counts):
    rest, held = stratified_split(LABELS, held_out, seed=0)
    assert np.bincount(LABELS[held]).tolist() == counts
    assert sorted([*rest, *held]) == list(range(len(LABELS)))
    assert (np.diff(held) > 0).all() and (np.diff(rest) > 0).all()


def test_a_number_of_images_per_class():
    _, held = stratified_split(LABELS[LABELS < 3], 3, seed=0)
    assert np.bincount(LABELS[LABELS < 3][held]).tolist() == [3, 3, 3]


def test_seed_alone_decides():
    np.random.seed(1)
    _, first = stratified_split(LABELS, 0.5, seed=0)
    np.random.seed(2)
    state = np.random.get_state()[1].copy()
    _, second = stratified_split(LABELS, 0.5, seed=0)
    _, other = stratified_split(LABELS, 0.5, seed=1)
    assert first.tolist() == second.tolist() != other.tolist()
    assert (np.random.get_state()[1] == state).all()


def test_the_stream_is_pinned():
    # Written down once: results of a run with seed 0 refer to this very split.
    _, held = stratified_split(np.array([0, 1] * 10), 0.3, seed=0)
    assert held.tolist() == [3, 4, 7, 8, 11, 16]


@pytest.mark.parametrize('held_out', [0, 0.0, 1.0, -0.1, -3])
def test_impossible_amounts_are_refused(held_out):
    with pytest.raises(ValueError, match='held_out=.*; expected a share between 0 and 1'):
        stratified_split(LABELS, held_out, seed=0)


def test_a_class_too_small_is_named():
    with pytest.raises(ValueError, match=r'label 3 has 2 image\(s\).* at least 3'):
        stratified_split(LABELS, 2, seed=0)
    with pytest.raises(ValueError, match=r'label 1 has 1 image\(s\)'):
        stratified_split(np.array([0, 0, 1]), 0.5, seed=0)
    with pytest.raises(ValueError, match=r"^class 'owl' has 1 image\(s\); val_fraction=0.5 needs"):
        stratified_split(np.array([0, 0, 1]), 0.5, 0, ('ani', 'owl'), 'val_fraction')


def test_at_most_so_many_per_class():
    chosen = at_most_per_class(LABELS, 3, seed=0)
    assert np.bincount(LABELS[chosen]).tolist() == [3, 3, 3, 2]
    assert (np.diff(chosen) > 0).all()
    assert set(chosen) < set(at_most_per_class(LABELS, 10, seed=0))
    assert chosen.tolist() != at_most_per_class(LABELS, 3, seed=1).tolist()
    assert at_most_per_class(LABELS, 40, seed=0).tolist() == list(range(len(LABELS)))


def test_a_class_that_has_fewer_is_a_warning(monkeypatch):
    lines = []
    monkeypatch.setattr(splits, 'print_log', lambda *line: lines.append(line))
    at_most_per_class(LABELS, 2, 0)
    assert not lines
    at_most_per_class(LABELS, 5, 0, ['a', 'b', 'c', 'd'])
    (text, logger, level), = lines
    assert text.endswith("used, of: class 'c' (4), class 'd' (2)") and 'max_per_class=5' in text
    assert (logger, level) == ('current', logging.WARNING)
    at_most_per_class(np.arange(9), 2, 0)
    assert lines[1][0].endswith('label 3 (1), label 4 (1) and 4 more')


def test_the_choice_is_pinned():
    # Written down once, as above.
    assert at_most_per_class(np.array([0, 1] * 10), 2, seed=0).tolist() == [4, 7, 11, 16]


@pytest.mark.parametrize('count', [0, -1, 2.0, True])
def test_a_count_that_is_none_is_refused(count):
    with pytest.raises(ValueError, match='max_per_class'):
        at_most_per_class(LABELS, count, seed=0)


def test_folds_share_out_every_class_and_keep_groups_together():
    labels = np.repeat([0, 1, 2], [10, 23, 7])
    folds = fold_of(labels, 5, 0)
    counts = np.array([np.bincount(folds[labels == label], minlength=5) for label in range(3)])
    assert (counts[0] == 2).all() and np.ptp(counts[1]) == 1 and np.ptp(counts[2]) == 1
    assert not np.array_equal(folds, fold_of(labels, 5, 1))
    plants = [f'plant {place // 2}' for place in range(40)]
    grouped = fold_of(labels, 3, 0, plants)
    assert (grouped[::2] == grouped[1::2]).all() and set(grouped) == {0, 1, 2}
    with pytest.raises(ValueError, match=r"class 'c' has 7 image\(s\); 8 folds need at least 8"):
        fold_of(labels, 8, 0, None, 'abc')
    with pytest.raises(ValueError, match=r'label 2 has 4 group\(s\); 5 folds need at least 5'):
        fold_of(labels, 5, 0, plants)


@pytest.mark.parametrize('text, message', [
    ('file,group\na,1\n', 'found the columns file, group, expected image and group'),
    ('image,group\na,1\na,2\nb,1\n', 'lists a more than once'),
    ('image,group\na,1\n', 'has no line for b; add it'), ('', 'of no table')])
def test_a_wrong_table_of_groups_is_one_sentence(text, message, tmp_path):
    (tmp_path / 'groups.csv').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_groups(tmp_path / 'groups.csv', ['a', 'b'])

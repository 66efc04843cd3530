import optuna
import pytest
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

from plugins.search.sampler import SLOT, SlotSampler, build_pruner


def draw(kind, slots, seed=0):
    """What each slot gets, in a study of its own process."""
    study = optuna.create_study(sampler=SlotSampler(kind, seed))
    found = {}
    for slot in slots:
        study.enqueue_trial({}, user_attrs={SLOT: slot})
        trial = study.ask()
        found[slot] = (trial.suggest_float('x', 0, 1), trial.suggest_categorical('c', 'abcdef'))
        study.tell(trial, found[slot][0])
    return found


def test_random_values_follow_from_seed_and_slot_alone():
    whole = draw('random', range(12))
    assert {**draw('random', range(5)), **draw('random', (11, 5, 6, 7, 8, 9, 10))} == whole
    assert len(set(whole.values())) == 12
    assert draw('random', range(12), seed=1) != whole


def test_random_values_are_spread_over_the_range():
    values = [x for x, _ in draw('random', range(300)).values()]
    # The mean of n uniform numbers has a standard deviation of 1 / sqrt(12 n), here 0.017.
    assert sum(values) / 300 == pytest.approx(0.5, abs=0.06)
    assert min(values) < 0.03 and max(values) > 0.97


def test_tpe_looks_where_it_was_better():
    """The least x is the best: after its random start, TPE draws smaller ones."""
    found = [x for x, _ in draw('tpe', range(40)).values()]
    assert sum(found[20:]) / 20 < 0.6 * sum(found[:10]) / 10


def test_pruners():
    assert isinstance(build_pruner(None, 5), NopPruner)
    assert isinstance(build_pruner(dict(type='median', warmup_epochs=2), 5), MedianPruner)
    assert isinstance(build_pruner(dict(type='hyperband'), 5), HyperbandPruner)

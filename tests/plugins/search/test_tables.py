import csv
import json

import optuna
import pytest
from optuna.trial import TrialState

from plugins.search.definition import read_search
from plugins.search.sampler import SLOT
from plugins.search.tables import importances, main_effects, trial_rows
from tests.plugins.search.cases import FOUR, TWELVE, write_search


def study_of(search, value_of):
    """A study whose values are given by a function of the parameters."""
    study = optuna.create_study(direction='maximize')
    for slot, values in enumerate(search.plan()):
        study.enqueue_trial(values, user_attrs={SLOT: slot})
        trial = study.ask()
        search.space.suggest(trial)
        study.tell(trial, value_of(values))
    return study


def test_main_effects_are_means_over_all_others(tmp_path):
    search = read_search(write_search(tmp_path, tmp_path, FOUR))
    study = study_of(search, lambda values: 80. + 3 * (values['flip'] == 'on')
                     + values['train_dataloader.batch_size'])
    assert main_effects(study, search) == {
        'flip': dict(off=(92., 2), on=(95., 2)),
        'train_dataloader.batch_size': {'8': (89.5, 2), '16': (97.5, 2)}}


def test_the_parameter_that_the_value_follows_from_is_the_important_one(tmp_path):
    search = read_search(write_search(tmp_path, tmp_path, TWELVE))
    study = study_of(search, lambda values: 80. + 5 * (values['optimizer'] == 'SGD')
                     + 0.1 * (values['batch'] == 8))
    shares = importances(study, search)
    assert shares['optimizer'] > 0.9 and sum(shares.values()) == pytest.approx(1)
    assert importances(study_of(search, lambda _: 1.), search) == {}


def test_rows_tell_how_each_trial_ended(tmp_path):
    search = read_search(write_search(tmp_path, tmp_path, FOUR))
    study = optuna.create_study()
    for slot, (state, attrs) in enumerate((
            (TrialState.COMPLETE, {}), (TrialState.FAIL, {}), (TrialState.FAIL, dict(error='E')),
            (TrialState.FAIL, dict(superfluous='why')), (None, {}))):
        study.enqueue_trial({}, user_attrs={SLOT: slot, **attrs})
        trial = study.ask()
        if state:
            study.tell(trial, 1. if state == TrialState.COMPLETE else None, state)
    study.enqueue_trial({}, user_attrs={SLOT: 5})
    assert [(row['trial'], row['state']) for row in trial_rows(study, search)] == [
        (0, 'complete'), (1, 'killed'), (2, 'failed'), (4, 'running')]


def test_files(finished):
    _, work_dir, summary = finished
    with (work_dir / 'trials.csv').open() as file:
        header = next(csv.reader(file))
    assert header == ['trial', 'number', 'state', 'value', 'train_dataloader.batch_size', 'flip',
                      'epochs', 'best_epoch', 'seconds', 'same_as', 'error']
    assert json.loads((work_dir / 'search.json').read_text())['winner'] == summary['winner']
    pictures = [work_dir / name for name in ('importance.png', 'parallel_coordinate.png')]
    if summary['importances']:
        assert all(path.read_bytes().startswith(b'\x89PNG') for path in pictures)
    assert not list(work_dir.glob('*.partial'))

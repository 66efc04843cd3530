import csv
import json

import optuna
import pytest
from matplotlib.pyplot import imread
from optuna.trial import TrialState

from plugins.search.definition import read_search
from plugins.search.sampler import SLOT
from plugins.search.tables import importances, main_effects, trial_rows, write_tables
from tests.plugins.search.cases import FOUR, TWELVE, write_search

WHEN = """
space = {
    'optimizer': dict(type='categorical', key='optim_wrapper.optimizer', values=dict(
        Adam=dict(type='Adam', lr=1e-3), SGD=dict(type='SGD', lr=1e-2, momentum=0.))),
    'momentum': dict(type='categorical', values=[0., 0.3, 0.5, 0.7, 0.9],
                     key='optim_wrapper.optimizer.momentum', when=dict(optimizer=['SGD'])),
    'lr': dict(type='categorical', values=[0.001, 0.003], key='optim_wrapper.optimizer.lr')}
"""


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
    assert not list(work_dir.glob('*.partial'))


@pytest.mark.parametrize(('text', 'cause'), [(FOUR, 'train_dataloader.batch_size'),
                                            (WHEN, 'momentum')],
                         ids=['each', 'when'])
def test_importances_and_pictures(tmp_path, text, cause):
    """Also where a parameter takes part in some trials only, whose importance is another kind."""
    search = read_search(write_search(tmp_path, tmp_path, text))
    names = [parameter.name for parameter in search.space.parameters]
    study = study_of(search, lambda values: 80. + 5 * values.get(cause, 0.))
    summary = write_tables(study, search, tmp_path)
    assert summary['winner'] is None and summary['states'] == dict(complete=len(search.plan()))
    shares = summary['importances']
    assert set(shares) == set(names) and max(shares, key=shares.get) == cause
    assert sum(shares.values()) == pytest.approx(1)
    for name in ('importance.png', 'parallel_coordinate.png'):
        picture = imread(tmp_path / name)
        assert picture.shape[0] > 100 and picture.std() > 0.01  # drawn upon

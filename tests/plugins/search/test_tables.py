from operator import methodcaller

import optuna
import pytest
from matplotlib.pyplot import imread
from optuna.trial import TrialState

from plugins.search.definition import read_search
from plugins.search.record import PICTURES
from plugins.search.study import HOST, SLOT
from plugins.search.tables import draw, importances, main_effects, trial_rows
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
        search.space.complete(methodcaller('suggest', trial))
        study.tell(trial, value_of(values))
    return study


def test_main_effects_are_means_over_all_others_and_importances_need_values_that_differ(tmp_path):
    search = read_search(write_search(tmp_path, tmp_path, FOUR))
    study = study_of(search, lambda values: 80. + 3 * (values['flip'] == 'on')
                     + values['train_dataloader.batch_size'])
    assert main_effects(study, search) == {
        'flip': dict(off=(92., 2), on=(95., 2)),
        'train_dataloader.batch_size': {'8': (89.5, 2), '16': (97.5, 2)}}
    assert sum(importances(study).values()) == pytest.approx(1)
    three = optuna.create_study()
    three.add_trials(study.get_trials()[:3])
    assert importances(three) == {} == importances(study_of(search, lambda _: 1.))


def test_rows_tell_how_each_trial_ended(tmp_path):
    search = read_search(write_search(tmp_path, tmp_path, FOUR))
    study = optuna.create_study()
    for state, attrs in ((TrialState.COMPLETE, {HOST: 'a'}), (TrialState.FAIL, {HOST: 'a'}),
                         (TrialState.FAIL, {HOST: 'a', 'error': 'E'}), (TrialState.FAIL, {}),
                         (TrialState.PRUNED, {HOST: 'a'}), (None, {HOST: 'a'})):
        study.enqueue_trial({}, user_attrs=attrs)
        trial = study.ask()
        if state:
            study.tell(trial, 1. if state == TrialState.COMPLETE else None, state)
    study.enqueue_trial({})
    assert [(row['trial'], row['state'], row['error']) for row in trial_rows(study, search)] == [
        (0, 'complete', None), (1, 'killed', None), (2, 'failed', 'E'), (4, 'pruned', None),
        (5, 'running', None)]


@pytest.mark.parametrize(('text', 'cause'), [(TWELVE, 'batch'), (WHEN, 'momentum')],
                         ids=['each', 'when'])
def test_pictures_and_the_parameter_that_matters(tmp_path, text, cause):
    """Also where a parameter takes part in some trials only."""
    search = read_search(write_search(tmp_path, tmp_path, text))
    study = study_of(search, lambda values: 80. + 5 * values.get(cause, 0.))
    shares = importances(study)
    assert set(shares) == {parameter.name for parameter in search.space.parameters}
    assert max(shares, key=shares.get) == cause and shares[cause] > 0.8
    draw(study, search, tmp_path)
    for name in PICTURES:
        picture = imread(tmp_path / name)
        assert picture.shape[0] > 100 and picture.std() > 0.01  # drawn upon

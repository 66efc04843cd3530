import json
import shutil
import sqlite3

import optuna
import pytest

from plugins.search.study import SLOT
from plugins.search.winner import best_trial
from tests.plugins.search.cases import search, write_search

RECIPES = """
space = dict(recipe=dict(type='choices', choices=dict(
    small={'train_dataloader.batch_size': 8, 'optim_wrapper.optimizer.lr': 1e-3},
    large={'train_dataloader.batch_size': 16, 'optim_wrapper.optimizer.lr': 1e-2})))
enumerated = [dict(recipe='small'), dict(recipe='large')]
"""


@pytest.mark.parametrize(('rule', 'best'), [('greater', 3), ('less', 1)])
def test_the_best_is_the_first_of_the_plan_among_equals(rule, best):
    study = optuna.create_study()
    for slot, value in ((2, 1.), (1, 1.), (3, 5.), (0, 5.)):
        study.enqueue_trial({}, user_attrs={SLOT: slot})
        study.tell(study.ask(), value)
    study.enqueue_trial({}, user_attrs={SLOT: 4, 'same_as': 0})
    study.tell(study.ask(), 9. if rule == 'greater' else 0.)
    assert best_trial(study, rule).number == best


def test_a_value_that_is_not_finite_does_not_win():
    study = optuna.create_study()
    for slot, value in enumerate((1., float('inf'), float('-inf'))):
        study.enqueue_trial({}, user_attrs={SLOT: slot})
        study.tell(study.ask(), value)
    assert best_trial(study, 'greater').number == best_trial(study, 'less').number == 0


def test_more_trials_write_another_winner(few_digits, tmp_path, trained):
    config, target = write_search(tmp_path, few_digits, RECIPES), tmp_path / 'best.py'
    search(config, tmp_path / 'work', '--no-test', '--trials', '1')
    path = tmp_path / 'work/winner/digits.py'
    assert 'batch_size=8' in path.read_text() and 'Not tested.' in path.read_text()
    search(config, tmp_path / 'work', '--no-test', '--winner', str(target))
    assert 'batch_size=16' in target.read_text() and len(trained) == 2
    with pytest.raises(SystemExit):  # never over a file
        search(config, tmp_path / 'work', '--no-test', '--winner', str(target))


@pytest.mark.slow
def test_value_and_test_are_means_over_the_seeds(few_digits, tmp_path):
    config = write_search(tmp_path, few_digits,
                          "space = {'train_dataloader.batch_size': [8]}\nseeds = [0, 1]")
    summary = search(config, tmp_path / 'work')
    single = [json.loads((tmp_path / f'work/trials/0000/seed{seed}/{part}result.json').read_text())
              ['metrics']['accuracy/top1'] for part in ('', 'test/') for seed in (0, 1)]
    assert summary['winner']['value'] == pytest.approx(sum(single[:2]) / 2)
    assert summary['winner']['test']['accuracy/top1'] == pytest.approx(sum(single[2:]) / 2)
    text = (tmp_path / 'work/winner/digits.py').read_text()
    assert f'({min(single[:2]):.4g} to {max(single[:2]):.4g})' in text and 'seed 0, 1.' in text


def test_of_a_strangers_study_only_values_of_the_space_are_taken(few_digits, tmp_path):
    """Neither the configs of its trials nor those that its database names are executed."""
    config, trace, elsewhere = (tmp_path / name for name in ('digits.py', 'trace', 'other/0000'))
    work_dir = tmp_path / 'work'
    write_search(tmp_path, few_digits, RECIPES)
    search(config, work_dir, '--no-test', '--trials', '1')
    shutil.copytree(work_dir / 'trials/0000', elsewhere)
    for path in (work_dir / 'trials/0000.py', elsewhere.with_suffix('.py')):
        path.write_text(f'open({str(trace)!r}, "w")\n{(work_dir / "trials/0000.py").read_text()}')
    with sqlite3.connect(work_dir / 'study.db') as database:
        database.execute('insert into trial_user_attributes (trial_id, key, value_json) values '
                         '(1, "work_dirs", ?)', (json.dumps([str(elsewhere)]),))
    assert search(config, work_dir, '--trials', '1')['winner']['test'] and not trace.exists()
    assert not (elsewhere / 'test').exists()
    shutil.rmtree(work_dir / 'trials/0000/test')
    code = f'"""\nopen({str(trace)!r}, "w")\n"""'
    with sqlite3.connect(work_dir / 'study.db') as database:
        database.execute('update trial_params set distribution_json = ?, param_value = 0', (
            json.dumps(dict(name='CategoricalDistribution', attributes=dict(choices=[code]))),))
    with pytest.raises(ValueError, match='trial 0 of the study: recipe=.* a value of the space'):
        search(config, work_dir, '--trials', '1')
    assert not trace.exists()
    with sqlite3.connect(work_dir / 'study.db') as database:
        database.execute('delete from trial_params')
    with pytest.raises(ValueError, match='trial 0 of the study: no value of recipe, expected one'):
        search(config, work_dir, '--trials', '1')

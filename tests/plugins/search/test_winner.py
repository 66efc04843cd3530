import ast
import json

import optuna
import pytest

from plugins.engine.config_keys import config_hash
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from plugins.search.definition import read_search
from plugins.search.leaf import Leaves
from plugins.search.study import SLOT
from plugins.search.winner import best_trial
from tests.conftest import DIGITS
from tests.plugins.search.cases import FOUR, search, write_search

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


def test_the_winner_is_a_leaf_config_of_the_trial(finished):
    _, work_dir, summary = finished
    path = work_dir / 'winner/digits.py'
    assert summary['winner']['config'] == str(path)
    record = work_dir / f"trials/{summary['winner']['trial']:04d}/result.json"
    assert config_hash(load_config(str(path))) == json.loads(record.read_text())['config_hash']
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    value, test = summary['winner']['value'], summary['winner']['test']['accuracy/top1']
    assert f'Validation: accuracy/top1 {value:.4g}, the best of 4 trials (grid)' in docstring
    assert f'Test: accuracy/top1 {test:.4g}' in ' '.join(docstring.split())
    assert f'python tools/train.py {path}' in docstring and '?' in docstring


def test_a_winner_beside_its_base_is_short(few_digits, tmp_path):
    """As tests/test_configs.py asks of leaf configs: at most 40 lines."""
    base = tmp_path / 'net_scratch_1xb64-20e_digits-16px.py'
    base.write_text(f'_base_ = {str(REPO_ROOT / DIGITS)!r}\n')
    read = read_search(write_search(tmp_path, few_digits, f'{FOUR}\nbase = {base.name!r}'))
    text = Leaves(read).text(tmp_path / 'net-best_scratch_1xb8-1e_digits-16px.py',
                             {'train_dataloader.batch_size': 8, 'flip': 'on'}, 'Good?')
    assert f"_base_ = './{base.name}'" in text and len(text.splitlines()) <= 40


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

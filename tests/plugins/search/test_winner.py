import ast
import json

import pytest

from plugins.engine.config_keys import config_hash
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from plugins.search.definition import read_search
from plugins.search.leaf import Leaves
from plugins.search.winner import _name
from tests.conftest import DIGITS
from tests.plugins.search.cases import FOUR, search, write_search

RECIPES = """
space = dict(recipe=dict(type='choices', choices=dict(
    small={'train_dataloader.batch_size': 8, 'optim_wrapper.optimizer.lr': 1e-3},
    large={'train_dataloader.batch_size': 16, 'optim_wrapper.optimizer.lr': 1e-2})))
enumerated = [dict(recipe='small'), dict(recipe='large')]
"""


def test_the_winner_is_a_leaf_config_of_the_trial(finished):
    _, work_dir, summary = finished
    path = work_dir / 'winner' / summary['winner']['config'].split('/')[-1]
    record = work_dir / f"trials/{summary['winner']['trial']:04d}/result.json"
    assert config_hash(load_config(str(path))) == json.loads(record.read_text())['config_hash']
    text = path.read_text()
    docstring = ast.get_docstring(ast.parse(text))
    value, test = summary['winner']['value'], summary['winner']['test']['accuracy/top1']
    assert f'Validation: accuracy/top1 {value:.4g}, the best of 4 trials (grid)' in docstring
    assert f'Test: accuracy/top1 {test:.4g}' in ' '.join(docstring.split())
    assert 'python tools/train.py' in docstring and '?' in docstring
    assert [line for line in text.splitlines()
            if len(line) > 100 and str(work_dir) not in line and '_base_ = ' not in line] == []


def test_a_winner_beside_its_base_is_short(few_digits, tmp_path):
    """As tests/test_configs.py asks of leaf configs: at most 40 lines."""
    base = tmp_path / 'net_scratch_1xb64-20e_digits-16px.py'
    base.write_text(f'_base_ = {str(REPO_ROOT / DIGITS)!r}\n')
    read = read_search(write_search(tmp_path, few_digits, f'{FOUR}\nbase = {base.name!r}'))
    path = tmp_path / 'net-best_scratch_1xb8-1e_digits-16px.py'
    Leaves(read).write(path, {'train_dataloader.batch_size': 8, 'flip': 'on'}, 'Good?')
    assert f"_base_ = './{base.name}'" in path.read_text()
    assert len(path.read_text().splitlines()) <= 40


def test_an_existing_file_is_left_alone(finished, few_digits, tmp_path, monkeypatch):
    config, work_dir, _ = finished
    text = config.read_text()
    with pytest.raises(FileExistsError, match='is not, or no longer, as this study wrote it'):
        search(config, work_dir, '--winner', str(config))
    monkeypatch.setattr('tools.train.main', lambda *_: pytest.fail('it ends before it begins'))
    new = write_search(tmp_path, few_digits)
    with pytest.raises(FileExistsError, match='give --winner another name'):
        search(new, tmp_path / 'new', '--winner', str(config))
    assert config.read_text() == text and not (tmp_path / 'new').exists()


def test_the_same_command_goes_on_with_its_own_winner(few_digits, tmp_path, trained):
    """Also from --trials 1 to two, with another winner; but not over what its reader changed."""
    config, target = write_search(tmp_path, few_digits, RECIPES), tmp_path / 'best.py'
    argv = (tmp_path / 'work', '--no-test', '--winner', str(target))
    for more in (('--trials', '1'), ('--trials', '1'), (), ()):
        search(config, *argv, *more)
    assert 'batch_size=16' in target.read_text() and len(trained) == 2
    target.write_text(f'{target.read_text()}# mine\n')
    with pytest.raises(FileExistsError, match='or no longer, as this study wrote it'):
        search(config, *argv)
    assert target.read_text().endswith('# mine\n')


def test_an_older_winner_is_replaced_and_what_others_wrote_stays(few_digits, tmp_path, trained):
    config, folder = write_search(tmp_path, few_digits, RECIPES), tmp_path / 'work/winner'
    search(config, tmp_path / 'work', '--no-test', '--trials', '1')
    assert ['1xb8' in path.name for path in folder.iterdir()] == [True]
    (folder / 'mine.py').write_text('mine')
    search(config, tmp_path / 'work', '--no-test')
    assert sorted('1xb16' in path.name for path in folder.iterdir()) == [False, True]
    assert (folder / 'mine.py').read_text() == 'mine'


def test_names_follow_the_grammar(tmp_path):
    read = read_search(write_search(tmp_path, tmp_path))
    config = Leaves(read).config({'train_dataloader.batch_size': 8, 'flip': 'on'})
    assert _name(read, config) == 'basenet-residual-best_scratch_1xb8-1e_digits-16px.py'

import ast
import json

import pytest

from plugins.engine.experiment import config_hash
from plugins.engine.session import load_config
from plugins.paths import REPO_ROOT
from plugins.search.definition import read_search
from plugins.search.leaf import Leaves
from plugins.search.winner import _name
from tests.conftest import DIGITS
from tests.plugins.search.cases import FOUR, write_search


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
    assert all(len(line) <= 100 for line in text.splitlines()[:1])


def test_a_winner_beside_its_base_is_short(few_digits, tmp_path):
    """As tests/test_configs.py asks of leaf configs: at most 40 lines."""
    base = tmp_path / 'net_scratch_1xb64-20e_digits-16px.py'
    base.write_text(f'_base_ = {str(REPO_ROOT / DIGITS)!r}\n')
    search = read_search(write_search(tmp_path, few_digits, f'{FOUR}\nbase = {base.name!r}'))
    path = tmp_path / 'net-best_scratch_1xb8-1e_digits-16px.py'
    Leaves(search).write(path, {'train_dataloader.batch_size': 8, 'flip': 'on'}, 'Good?')
    assert f"_base_ = './{base.name}'" in path.read_text()
    assert len(path.read_text().splitlines()) <= 40


def test_an_existing_file_is_left_alone(finished):
    from tools.search import main
    config, work_dir, _ = finished
    with pytest.raises(SystemExit):
        main([str(config), '--work-dir', str(work_dir), '--winner', str(config)])


def test_names_follow_the_grammar(tmp_path):
    search = read_search(write_search(tmp_path, tmp_path))
    config = Leaves(search).config({'train_dataloader.batch_size': 8, 'flip': 'on'})
    assert _name(search, config) == 'basenet-residual-best_scratch_1xb8-1e_digits-16px.py'

import ast
import re

import pytest

from plugins.engine.config_keys import config_hash
from plugins.engine.session import load_config
from plugins.search.definition import read_search
from plugins.search.leaf import Leaves
from tests.plugins.search.cases import FOUR, TWELVE, write_search


def leaves(tmp_path, text=FOUR):
    return Leaves(read_search(write_search(tmp_path, tmp_path, text)))


def too_long(text):
    """Lines of over 100 characters, but for the base's path, which is as long as it must be."""
    return [line for line in text.splitlines()
            if len(line) > 100 and not line.startswith('_base_ = ')]


def test_the_written_leaf_is_the_config_of_the_trial(tmp_path):
    made = leaves(tmp_path, TWELVE)
    for number, values in enumerate(made.search.plan()):
        path = tmp_path / f'trials/{number}.py'
        made.write(path, values, 'Does it load?')
        assert config_hash(load_config(str(path))) == config_hash(made.config(values))
    optimizers = {values['optimizer'] for values in made.search.plan()}
    assert optimizers == {'Adam', 'SGD'}


def test_an_optimizer_takes_none_of_the_bases_arguments_with_it(tmp_path):
    """The base's Adam has betas, which SGD would refuse."""
    made = leaves(tmp_path, TWELVE)
    made.write(tmp_path / 'leaf.py', dict(batch=8, optimizer='SGD', lr=0.003), 'Does it load?')
    found = load_config(str(tmp_path / 'leaf.py')).optim_wrapper.optimizer
    assert found.to_dict() == dict(type='SGD', lr=0.003)


def test_a_changed_item_of_a_list_is_written_as_the_whole_list(tmp_path):
    made = leaves(tmp_path)
    made.write(tmp_path / 'leaf.py', {'flip': 'on', 'train_dataloader.batch_size': 8}, 'Sure?')
    geometry = load_config(str(tmp_path / 'leaf.py')).model.data_preprocessor.train_geometry
    assert [step.type for step in geometry] == ['Resize', 'RandomFlip'] and geometry[1].prob == 0.5


def test_a_number_in_a_list_can_be_searched(tmp_path):
    made = leaves(tmp_path, "space = {'model.head.dropouts.1': [0.1, 0.2]}")
    assert made.config({'model.head.dropouts.1': 0.2}).model.head.dropouts[1] == 0.2
    with pytest.raises(ValueError, match='no such key'):
        leaves(tmp_path, "space = {'model.head.dropouts.7': [0.1, 0.2]}")


def test_a_leaf_says_only_what_differs_and_is_short(tmp_path):
    made = leaves(tmp_path, "space = {'train_dataloader.batch_size': [64, 16]}\nchanges = {}\n"
                  'epochs = 20')
    made.write(tmp_path / 'same.py', {'train_dataloader.batch_size': 64}, 'As the base?')
    made.write(tmp_path / 'other.py', {'train_dataloader.batch_size': 16}, 'Smaller?')
    assert len((tmp_path / 'same.py').read_text().splitlines()) == 3
    text = (tmp_path / 'other.py').read_text()
    assert text.splitlines()[-1] == 'train_dataloader = dict(batch_size=16)'
    assert ast.get_docstring(ast.parse(text)) == 'Smaller?'
    assert not too_long(text)


def test_long_groups_are_broken_into_lines_that_mean_the_same(tmp_path):
    steps = [dict(type='RandomRotation', degrees=n) for n in range(9)]
    made = leaves(tmp_path, f"{FOUR}\nchanges = {{'model.data_preprocessor.train_geometry': "
                  f"[dict(type='Resize', size=(16, 16)), dict(type='RandomFlip', prob=0.), "
                  f"*{steps!r}]}}")
    made.write(tmp_path / 'leaf.py', {'flip': 'on', 'train_dataloader.batch_size': 8}, 'Long?')
    text = (tmp_path / 'leaf.py').read_text()
    assert not too_long(text) and 'size=(16, 16)' in text
    geometry = load_config(str(tmp_path / 'leaf.py')).model.data_preprocessor.train_geometry
    assert [step.degrees for step in geometry[2:]] == list(range(9))


def test_the_best_checkpoint_is_the_metrics(tmp_path):
    changed = leaves(tmp_path, f"{FOUR}\nmetric = 'loss'").changed.default_hooks.checkpoint
    assert (changed.save_best, changed.rule) == ('loss', 'less')


@pytest.mark.parametrize(('text', 'message'), [
    ("space = {'train_dataloader.batchsize': [8]}",
     "space['train_dataloader.batchsize'], value 8: train_dataloader.batchsize: the config has no "
     'such key. The nearest existing key is train_dataloader.batch_size'),
    (f"{FOUR}\nchanges = {{'train_cfg.max_epoch': 3}}",
     'changes: train_cfg.max_epoch: the config has no such key. The nearest existing key is '
     'train_cfg.max_epochs'),
    ("space = {'train_dataloader.batch_size': [8, 'many']}", 'expected a number'),
    ("space = {'train_dataloader.batch_size': [8, 0]}",
     "value 0: train_dataloader.batch_size=0, expected a whole number of at least 1"),
    ("space = {'optim_wrapper': [3]}", 'optim_wrapper is a group of keys')])
def test_wrong_keys_and_values_are_refused_before_any_trial(tmp_path, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        leaves(tmp_path, text)

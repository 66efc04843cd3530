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


def written(made, path, values):
    path.write_text(made.text(path, values, 'Does it load?'))
    return load_config(str(path))


def test_the_written_leaf_is_the_config_of_the_trial(tmp_path):
    """Also SGD's, which would not take the betas of the base's Adam."""
    made = leaves(tmp_path, TWELVE)
    for number, values in enumerate(made.search.plan()):
        config = written(made, tmp_path / f'{number}.py', values)
        assert config_hash(config) == config_hash(made.config(values))
        assert config.optim_wrapper.optimizer.to_dict() == dict(
            type=values['optimizer'], lr=values['lr'])
        assert config.train_dataloader.batch_size == values['batch']


def test_a_changed_item_of_a_list_is_written_as_the_whole_list(tmp_path):
    made = leaves(tmp_path, f"""{FOUR}
changes = {{'model.data_preprocessor.train_geometry': [
    dict(type='Resize', size=(16, 16)), dict(type='RandomFlip', prob=0.),
    *(dict(type='RandomRotation', degrees=n) for n in range(9))]}}""")
    config = written(made, tmp_path / 'leaf.py', {'flip': 'on', 'train_dataloader.batch_size': 8})
    first, second, *others = config.model.data_preprocessor.train_geometry
    assert first == dict(type='Resize', size=(16, 16)) and second.prob == 0.5
    assert [step.degrees for step in others] == list(range(9))


def test_a_leaf_says_only_what_differs(tmp_path):
    made = leaves(tmp_path, "space = {'train_dataloader.batch_size': [64, 16]}\nchanges = {}\n"
                  'epochs = 20')
    path = tmp_path / 'leaf.py'
    same, other = (made.text(path, {'train_dataloader.batch_size': size}, 'As the base?')
                   for size in (64, 16))
    assert len(same.splitlines()) == 3 and ast.get_docstring(ast.parse(same)) == 'As the base?'
    assert other == f'{same}train_dataloader = dict(batch_size=16)\n'
    made = leaves(tmp_path, "space = {'train_dataloader.batch_size': [8]}\nmetric = 'loss'")
    config = written(made, path, {'train_dataloader.batch_size': 8})
    assert config.default_hooks.checkpoint.save_best == 'loss'
    assert config.default_hooks.checkpoint.rule == 'less' and config.train_cfg.max_epochs == 1


def test_later_parameters_override_keys_that_earlier_ones_set(tmp_path):
    made = leaves(tmp_path, "space = {'train_cfg.max_epochs': [1, 2], 'recipe': dict(type="
                  "'choices', choices=dict(long={'train_cfg.max_epochs': 3}))}")
    assert made.config({'train_cfg.max_epochs': 2}).train_cfg.max_epochs == 2
    assert made.config({'train_cfg.max_epochs': 2, 'recipe': 'long'}).train_cfg.max_epochs == 3


@pytest.mark.parametrize(('text', 'message'), [
    ("space = {'train_dataloader.batchsize': [8]}",
     "space['train_dataloader.batchsize'], value 8: train_dataloader.batchsize: the config has no "
     'such key. The nearest existing key is train_dataloader.batch_size'),
    (f"{FOUR}\nchanges = {{'train_cfg.max_epoch': 3}}",
     'changes: train_cfg.max_epoch: the config has no such key. The nearest existing key is '
     'train_cfg.max_epochs'),
    ("space = {'train_dataloader.batch_size': [8, 'many']}", 'expected a finite number'),
    ("space = {'train_dataloader.batch_size': [8, 0]}", 'value 0: train_dataloader.batch_size'),
    ("space = {'model.head.dropouts.7': [0.1, 0.2]}", 'no such key'),
    *((f"space = {{'train_dataloader.batch_size': [8], 'second': {second}}}",
       f"space['second'], value {value}: {key}") for second, value, key in (
        ("dict(type='categorical', key='train_cfg.max_epoch', values=[3])", 3, 'train_cfg.max_ep'),
        ("dict(type='categorical', key='optim_wrapper.optimizer.lr', values=[-1])", -1, 'optim_w'),
        ("dict(type='choices', choices=dict(few={'train_cfg.max_epochs': 0}))", "'few'",
         'train_cfg.max_epochs=0'))),
    ("space = {'optim_wrapper': [3]}", 'optim_wrapper is a group of keys')])
def test_wrong_keys_and_values_are_rejected_before_any_trial(tmp_path, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        leaves(tmp_path, text)

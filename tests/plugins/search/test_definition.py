import re

import pytest

from plugins.search.definition import read_search
from tests.plugins.search.cases import FOUR, TWELVE, write_search

RANGE = "space = dict(lr=dict(type='uniform', low=0.1, high=1., key='optim_wrapper.optimizer.lr'))"


def read(tmp_path, text):
    return read_search(write_search(tmp_path, tmp_path, text))


def test_a_grid_follows_its_enumerated_rows_and_repeats_none(tmp_path):
    row = "dict(flip='on', **{'train_dataloader.batch_size': 16})"
    search = read(tmp_path, f'{FOUR}\nenumerated = [{row}]')
    assert search.plan()[0] == {'flip': 'on', 'train_dataloader.batch_size': 16}
    assert len(search.plan()) == 4 == search.trials(None) == search.trials(99)
    assert search.trials(3) == 3


def test_the_seed_orders_a_grid(tmp_path):
    first, again, other = (read(tmp_path, f'{TWELVE}\nseed = {seed}').plan() for seed in (0, 0, 1))
    assert first == again != other and sorted(map(str, first)) == sorted(map(str, other))


def test_searches_inherit(tmp_path):
    write_search(tmp_path, tmp_path)
    child = tmp_path / 'child.py'
    child.write_text("_base_ = './digits.py'\nsampler = 'random'\nn_trials = 3\n")
    search = read_search(child)
    assert (search.name, search.sampler, search.trials(None)) == ('child', 'random', 3)
    assert len(search.space.parameters) == 2


@pytest.mark.parametrize(('text', 'message'), [
    ("space = {}", 'digits.py: space is empty'),
    (f"{FOUR}\nbase = 'nowhere.py'", "base is 'nowhere.py', but there is no"),
    (f"{FOUR}\nsampler = 'gird'", "sampler='gird', expected 'grid' or 'random' or 'tpe'"),
    (f"{FOUR}\nn_trails = 3", 'unknown key n_trails; near: n_trials'),
    (f"{FOUR}\nmodel = dict()", 'this is a config to train; give it as base of a search config'),
    (f"{FOUR}\nn_trials = 0", 'n_trials=0, expected a whole number of at least 1'),
    (f"{FOUR}\nseeds = [1, 1]", 'expected a list of different whole numbers'),
    (f"{FOUR}\nseed = -1", 'seed=-1, expected a whole number of at least 0'),
    (f"{FOUR}\nchanges = []", 'changes is [], expected a dict; see configs/search/README.md'),
    (f"{FOUR}\nenumerated = 5", 'enumerated is 5, expected a list'),
    (f"{FOUR}\nenumerated = [dict(flip='on')]",
     'enumerated[0]: no value of train_dataloader.batch_size'),
    ("space = {f'p{i}': dict(type='categorical', values=list(range(10)), key='a') "
     "for i in range(7)}", 'the grid has more than 10000 points; list fewer'),
    (f"{FOUR}\nn_trials = 10 ** 9", 'expected a whole number of at least 1 and at most 10000'),
    (f"{FOUR}\nheartbeat = 10 ** 20", 'and at most 86400'),
    (f"{FOUR}\nseed = 10 ** 20", 'and at most 4294967295'),
    (f"{FOUR}\nenumerated = ['on']", "enumerated[0] is 'on', expected a dict"),
    (f"{FOUR}\nenumerated = [{{'flip': 'on', 'flop': 1, 'train_dataloader.batch_size': 8}}]",
     "enumerated[0]: parameters={'flop'}, expected those of the space: train_data"),
    (f"{FOUR}\nenumerated = [{{'flip': 'of', 'train_dataloader.batch_size': 8}}]",
     "enumerated[0]: flip='of', expected a value of the space: off, on"),
    (f"{FOUR}\npruner = dict(type='medium')",
     "pruner: type='medium', expected 'median'"),
    (f"{FOUR}\npruner = dict(type='median', min_epochs=1)",
     "pruner: median reads startup_trials, warmup_epochs, not 'min_epochs'"),
    (f"{FOUR}\npruner = dict(type='median', startup_trials=-1)",
     'pruner: startup_trials=-1, expected a whole number of at least 0'),
    (RANGE, 'is a range (uniform); a grid needs values'),
    ('', 'lacks space')])
def test_wrong_search_configs_are_rejected(tmp_path, text, message):
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        read(tmp_path, text)


def test_random_search_needs_an_end(tmp_path):
    search = read(tmp_path, f"{RANGE}\nsampler = 'random'")
    assert search.trials(5) == 5
    with pytest.raises(ValueError, match='--trials=1000000000000, expected .* at most 10000'):
        search.trials(10 ** 12)
    with pytest.raises(ValueError, match='n_trials is missing'):
        search.trials(None)

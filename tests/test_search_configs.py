"""Every search config: its form, its size, and that each key it changes is in its base."""
import ast
import re

import pytest

from plugins.engine.config_keys import config_hash
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from plugins.search.definition import read_search
from plugins.search.leaf import Leaves

FOLDER = REPO_ROOT / 'configs/search'
SEARCHES = sorted(FOLDER.glob('*.py'))
# Trials that are given, and trials in all.
SIZES = {
    'basenet_optimizer_cifar100-25': (7, 7), 'resnet18_cifar10': (5, 5),
    'densenet121-cut3_augmentation_mit8x50': (128, 128),  # E11: 2 to the power of 7
    'densenet121-cut3_dropout_mit8x50': (8, 8),
    'densenet121-cut3_optimizer_mit8x50': (8, 38),  # E13: the report's table, and 30
    'mobilenetv2_augmentation_mit8x50': (8, 8), 'mobilenetv2_optimizer_mit8x50': (0, 20)}
LEAVES = REPO_ROOT / 'configs'


def leaves(name):
    return Leaves(read_search(FOLDER / f'{name}.py'))


@pytest.mark.parametrize('path', SEARCHES, ids=lambda path: path.stem)
def test_a_search_explains_itself_and_its_keys_exist(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert f'python tools/search.py configs/search/{path.name}' in docstring and '?' in docstring
    search = Leaves(read_search(path)).search  # checks every key and every value
    assert (len(search.plan()), search.trials(None)) == SIZES[path.stem]


def test_rows_of_the_reports():
    found = [re.match(r'[A-E]\d+', ast.get_docstring(ast.parse(path.read_text())))
             for path in SEARCHES]
    assert {match[0] for match in found if match} == {'A8', 'B1', 'E11', 'E12', 'E13'}


RESNET = 'resnet/resnet18_finetune{}_cifar10-224px.py'
BASENET = 'basenet/basenet{}_scratch_1xb64-25e_cifar100-25-32px.py'
A8_TO_A12 = ('_1xb32-25e', '_1xb64-25e', '-lr1e-3_1xb64-15e', '-asgd_1xb64-25e', '_1xb128-25e')
E11 = 'densenet/densenet121-cut3-aug_finetune_1xb32-250e_mit8x50-256px.py'
E13 = 'densenet/densenet121-cut3-adamax_finetune_1xb10-300e_mit8x50-256px.py'
E12 = 'densenet/densenet121-cut3-reg_finetune_1xb32-250e_mit8x50-256px.py'


@pytest.mark.parametrize(('name', 'values', 'row'), [
    *(('resnet18_cifar10', number, RESNET.format(row)) for number, row in enumerate(A8_TO_A12)),
    ('basenet_optimizer_cifar100-25', dict(optimizer='SGD'), BASENET.format('')),
    ('basenet_optimizer_cifar100-25', dict(optimizer='Adam'), BASENET.format('-adam')),
    ('densenet121-cut3_dropout_mit8x50', dict(dropout=0.5), E12),
    ('densenet121-cut3_optimizer_mit8x50', 1, E13)])
def test_a_trial_is_the_row_of_its_report(name, values, row):
    made = leaves(name)
    plan = made.search.plan()
    assert name != 'resnet18_cifar10' or len(plan) == len(A8_TO_A12)
    config = made.config(plan[values] if isinstance(values, int) else values)
    assert config_hash(config) == config_hash(load_config(str(LEAVES / row)))


def test_the_winner_of_the_augmentation_grid_augments_as_e11():
    """Zoom 0.2 and horizontal flip, in Keras's order; E12 inherits them."""
    made = leaves('densenet121-cut3_augmentation_mit8x50')
    values = dict.fromkeys(('rotation', 'width_shift', 'height_shift', 'shear'), 0)
    values.update(zoom=0.2, horizontal_flip='on', vertical_flip='off')
    assert values in made.search.plan()
    from plugins.classification.augmentation import BatchGeometry
    steps = [[(type(step).__name__, vars(step)) for step in BatchGeometry(
        config.model.data_preprocessor.train_geometry).steps]
        for config in (made.config(values), load_config(str(LEAVES / E11)))]
    assert steps[0] == steps[1] and len(steps[0]) == 2

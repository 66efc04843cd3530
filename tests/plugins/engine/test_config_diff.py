import re

import pytest

from plugins.engine.config_diff import Change, changes, difference


def write(folder, **files):
    for name, text in files.items():
        (folder / f'{name}.py').write_text(text)
    return folder / f'{name}.py'


def test_what_the_leaf_and_its_options_add_is_told_and_helpers_are_not(tmp_path):
    leaf = write(tmp_path, a='size = 3\nmodel = dict(type="A", depth=size)\n',
                 b="train_cfg = dict(max_epochs=5)\nwork_dir = 'w'\n",
                 leaf="'''What?'''\n_base_ = ['./a.py', './b.py']\nsize = 4\n")
    own = dict(size=4, model=dict(type='A', depth=4), train_cfg=dict(max_epochs=5), work_dir='x')
    assert difference(leaf, own) == [Change('model.depth', '3', '4'),
                                     Change('work_dir', "'w'", "'x'")]


def test_of_a_pipeline_only_the_other_steps_are_told():
    base = dict(pipeline=[dict(type='Load'), dict(type='Flip', prob=0.5), dict(type='Pack')],
                a=(1,))
    own = dict(pipeline=[dict(type='Load'), dict(type='Pad'), dict(type='Pack')], a=[1], b='<i>')
    assert list(changes(base, own)) == [
        Change('pipeline.1', 'Flip(prob=0.5)', 'Pad()'), Change('b', None, "'<i>'")]
    assert list(changes(own, own)) == []


@pytest.mark.parametrize('text, base, error, message', [
    ('a = 1\n', '', ValueError, 'leaf.py: names no _base_'),
    ("_base_ = './base.py'\n", 'b = dict(\n', ValueError, 'base.py: syntax error'),
    ("_base_ = './none.py'\n", '', FileNotFoundError, 'none.py')])
def test_a_base_that_cannot_be_read_is_named(text, base, error, message, tmp_path):
    leaf = write(tmp_path, base=base, leaf=text)
    with pytest.raises(error) as raised:
        difference(leaf, {})
    assert re.search(message, str(raised.value))

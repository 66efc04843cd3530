import re
from collections.abc import Sequence

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from plugins.engine.cfg_options import merge_options, merge_typed
from plugins.engine.config_keys import find
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from tests.conftest import DIGITS


@MODELS.register_module()
class Shop(torch.nn.Module):
    """Its arguments are of the kinds that can be told by an annotation or a default."""

    def __init__(self, root: str, folder: str | None = None, goods: Sequence[str] | None = None,
                 names: Sequence[str] | str | None = None,
                 number: int | str | None = None, is_open: bool = True) -> None:
        super().__init__()


@pytest.fixture
def cfg() -> Config:
    return Config(dict(
        model=dict(backbone=dict(depth=18), rate=0.1, on=True, none=None, sizes=[(1, 2), (3, 4)],
                   steps=[dict(type='A', p=1)], custom_keys={'backbone.layer0': dict(lr_mult=0.1)}),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1), groups=(dict(lr=0.1),)),
        param_scheduler=[dict(gamma=0.1), dict(gamma=0.2)], data_root='data/x',
        test_dataloader=dict(root='data/x', classes=['cat', 'dog'], names=[['a'], ['b', 'c']]),
        custom_imports=dict(imports=['plugins.engine']), load_from=None))


def test_changes_nested_keys_and_list_items(cfg):
    merge_options(cfg, {'optim_wrapper.optimizer.lr': 0.5, 'param_scheduler.1.gamma': 0.9})
    assert cfg.optim_wrapper.optimizer.lr == 0.5
    assert [s.gamma for s in cfg.param_scheduler] == [0.1, 0.9]


def test_changes_one_number_of_a_list_at_any_depth():
    """mmengine's own merge fails with an AttributeError there."""
    cfg = Config(dict(model=dict(dropouts=[0.5, 0.2], sizes=[[(64, 42), (89, 70)], [(1, 2)]])))
    merge_options(cfg, {'model.dropouts.1': 0.1, 'model.sizes.0.1.0': 99})
    assert cfg.model.dropouts == [0.5, 0.1]
    assert cfg.model.sizes == [[(64, 42), (99, 70)], [(1, 2)]]
    with pytest.raises(ValueError, match='expected a finite number; the config has 0.5'):
        merge_options(cfg, {'model.dropouts.0': 'many'})
    with pytest.raises(ValueError, match='model.dropouts.2: the config has no such key'):
        merge_options(cfg, {'model.dropouts.2': 0.1})


@pytest.mark.parametrize('text', [
    '2024', ' a b ', '/a,b/[c]/d (e)', 'a=b', 'True', '1e-3', '-1', '', '[', "it's", 'ü中文',
    r'C:\data', '[a,b]', '(1,2)', '{a}', 'null'])
@pytest.mark.parametrize('key', ['test_dataloader.root', 'load_from', 'work_dir'])
def test_what_is_typed_for_a_text_is_that_text(cfg, key, text):
    merge_typed(cfg, [f'{key}={text}'])
    assert find(cfg, key) == text
    merge_typed(cfg, [f'{key}={text!r}'])
    assert find(cfg, key) == text


@pytest.mark.parametrize('option, value', [
    ('test_dataloader.root=None', None), ('test_dataloader.root="None"', 'None'),
    ('test_dataloader.root=["a","b"]', ['a', 'b']),
    *((f'test_dataloader.classes={text}', value) for text, value in (
        ('[1,2,10]', ['1', '2', '10']), ('1,2', ['1', '2']), ('[True, None,1e3,007]', [
            'True', 'None', '1e3', '007']), ('["a, b", \'c[\', d e]', ['a, b', 'c[', 'd e']),
        ("['t Hof, rock 'n' roll]", ["'t Hof", "rock 'n' roll"]), ('[]', []), ('[ a , ]', ['a']),
        ('names, 2.txt', ['names', '2.txt']), ('"names, 2.txt"', 'names, 2.txt'), ('7', '7'))),
    ('test_dataloader.classes.1=7', '7'), ('+test_dataloader.classes.2=7', '7'),
    ('test_dataloader.names=[[1],[2,3]]', [['1'], ['2', '3']]),
    ('model.rate=1e-3', 0.001), ('model.rate=-1', -1), ('model.rate=None', None),
    ('model.rate=[1,2]', [1, 2]), ('model.on=false', False), ('model.none=1,2', [1, 2]),
    ('model.none=[(1,a b),["2"]]', [(1, 'a b'), ['2']]), ('model.none=(1,)', (1,)),
    ('model.none= a b', ' a b'), ('model.none=/a (b)', '/a (b)'), ('model.none=[]', []),
    ("model.none={'a': [1, {'b': None}]}", {'a': [1, {'b': None}]}),
    ('model.sizes=[(5,6),(7,8)]', [(5, 6), (7, 8)]), ('model.sizes.1.0=9', 9),
    ("model.backbone={'depth': 34}", {'depth': 34}),
    ("model.backbone={'_delete_': True, 'type': 'X'}", {'type': 'X'}),
    ("model.steps=[{'type': 'B'}]", [{'type': 'B'}]), ('model.steps=[]', []),
    ("model.steps.0={'_delete_': True, 'type': 'C'}", {'type': 'C'}),
    ("+model.steps.1={'type': 'C'}", {'type': 'C'}),
    ("+custom_hooks.0={'type': 'A'}", {'type': 'A'}),
    ('optim_wrapper.groups.0.lr=0.5', 0.5), ('+model.none.x=5', 5)])
def test_reads_a_value_as_the_config_has_it_and_keeps_what_is_quoted(cfg, option, value):
    merge_typed(cfg, [option])
    found = find(cfg, option.partition('=')[0].lstrip('+'))
    assert (found, type(found)) == (value, type(found)) and repr(found) == repr(value)


def test_keys_with_dots_in_their_names(cfg):
    merge_typed(cfg, ['model.custom_keys.backbone.layer0.lr_mult=0.5',
                      "+model.more={'backbone.layer1': {'lr_mult': 2}}"])
    merge_typed(cfg, ["model.more={'backbone.layer1': {'lr_mult': 3}}"])
    assert cfg.model.custom_keys == {'backbone.layer0': {'lr_mult': 0.5}}
    assert cfg.model.more == {'backbone.layer1': {'lr_mult': 3}}


def test_the_last_of_equal_keys_counts_and_a_type_decides_on_the_keys_beside_it(cfg):
    merge_typed(cfg, ['model.rate=0.2', 'model.rate=0.3', 'optim_wrapper.optimizer='
                      "{'momentum': 0.9, 'lr': 0.2, 'type': 'SGD'}"])
    assert (cfg.model.rate, cfg.optim_wrapper.optimizer) == (
        0.3, dict(type='SGD', lr=0.2, momentum=0.9))


@pytest.mark.parametrize('option, value', [
    ('root=7', '7'), ('folder=/a,b', '/a,b'), ('goods=[1,2]', ['1', '2']), ('goods=7', '7'),
    ('names=[1,[b]]', ['1', ['b']]), ('names=(a,b)', ('a', 'b')), ('names=a, b.txt', 'a, b.txt'),
    ('names="[a].txt"', '[a].txt'), ('names=None', None),
    ('number=7', 7), ('is_open=False', False)])
def test_arguments_of_a_type_need_no_sign(option, value):
    cfg = Config(dict(model=dict(type='Shop')))
    merge_typed(cfg, [f'model.{option}'])
    assert cfg.model[option.partition('=')[0]] == value
    with pytest.raises(ValueError, match="is_open='no', expected True or False"):
        merge_typed(Config(dict(model=dict(type='Shop'))), ['+model.is_open=no'])


def test_options_of_a_real_config_are_read_alike():
    source = 'train_dataloader.dataset.source'
    cfg = load_config(str(REPO_ROOT / DIGITS), [
        f'{source}.data_root=2024', f'{source}.classes=[1,2,10]', 'train_cfg.val_begin=2',
        'optim_wrapper.clip_grad={"max_norm": 1}'])
    assert find(cfg, f'{source}.data_root') == '2024'
    assert find(cfg, f'{source}.classes') == ['1', '2', '10']
    assert (cfg.train_cfg.val_begin, cfg.optim_wrapper.clip_grad.max_norm) == (2, 1)
    cfg = load_config(str(REPO_ROOT / DIGITS), [f'{source}.classes=/data/a.txt'])
    assert find(cfg, f'{source}.classes') == '/data/a.txt'
    cfg = Config(dict(train_dataloader=dict(dataset=dict(source=dict(type='cifar10')))))
    merge_typed(cfg, [f'{source}.classes=[1,dog]'])
    assert find(cfg, f'{source}.classes') == [1, 'dog']


@pytest.mark.parametrize('key, near', [
    ('optim_wraper.optimizer.lr', 'optim_wrapper.optimizer.lr'),
    ('model.backbone.dept', 'model.backbone.depth'),
    ('param_scheduler.2.gamma', 'param_scheduler.1.gamma')])
def test_refuses_unknown_key_and_names_the_nearest(cfg, key, near):
    before = cfg.pretty_text
    with pytest.raises(ValueError, match=rf'{key}.*nearest existing key is {near}') as error:
        merge_options(cfg, {key: 1})
    assert ('a key that nothing reads' if key[0] == 'o' else f'+{key}') in str(error.value)
    assert cfg.pretty_text == before


def test_plus_adds_a_key_and_only_a_new_one(cfg):
    merge_options(cfg, {'+model.backbone.frozen_stages': 1})
    assert cfg.model.backbone.frozen_stages == 1
    with pytest.raises(ValueError, match='already has model.backbone.depth'):
        merge_options(cfg, {'+model.backbone.depth': 34})


@pytest.mark.parametrize('option, message', [
    ('data_root=elsewhere', 'data_root is a helper variable'),
    ('+max_epochs=5', 'max_epochs is a key that nothing reads'),
    ('model.backbone.depth=abc', "depth='abc', expected a finite number; the config has 18"),
    ('model.backbone.depth="18"', "depth='18', expected a finite number"),
    ('model.rate=nan', 'rate=nan, expected a finite number; the config has 0.1'),
    ('model.rate=inf', 'rate=inf, expected'), ('model.on=no', "on='no', expected True or False"),
    ('model.backbone=5', 'group of keys (depth); name one of them, e.g. model.backbone.depth=...'),
    ('model.backbone={depth:5}', 'group of keys (depth); name one of them'),
    ('model.backbone={}', 'expected keys to change, or None for no group'),
    ("model.backbone={'dept': 5}", 'The nearest existing key is model.backbone.depth'),
    ("model.rate={'a': 1}", 'expected a finite number'),
    ("test_dataloader.root={'a': 1}", "root={'a': 1}, expected a word"),
    ('+model.rate.x=1', '+model.rate.x: x cannot be added to 0.1'),
    ('+model.steps.5.p=1', '+model.steps.5.p: 5 cannot be added to ['),
    *((f'model.none={text}', f'none={text}: not readable as a list; put quotes') for text in (
        '(1,2', '[1,(2]', ',', '[1,,2]', '[a (b),c]', '[{a: 1}, b]')),
    *((text, f'{text}: expected KEY=VALUE') for text in ('model.rate', '=1', 'model..rate=1'))])
def test_what_cannot_be_meant_is_refused_in_one_sentence(cfg, option, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        merge_typed(cfg, [option])

import re

import pytest

from plugins.search.space import Space, parse_parameter

ON_OFF = dict(type='categorical', values=dict(off=0., on=0.5), key='a.prob')
SGD_ONLY = dict(
    optimizer=['SGD', 'Adam'],
    momentum=dict(type='categorical', values=[0.5, 0.9], when=dict(optimizer=['SGD'])))


def test_a_grid_has_all_combinations_and_a_condition_multiplies_its_own_branch_alone():
    grid = Space({'a.b': [1, 2], 'flip': ON_OFF}).grid()
    assert grid == [{'a.b': 1, 'flip': 'off'}, {'a.b': 1, 'flip': 'on'},
                    {'a.b': 2, 'flip': 'off'}, {'a.b': 2, 'flip': 'on'}]
    assert Space(SGD_ONLY).grid() == [
        dict(optimizer='SGD', momentum=0.5), dict(optimizer='SGD', momentum=0.9),
        dict(optimizer='Adam')]
    examples = list(Space(SGD_ONLY).examples())
    assert dict(optimizer='SGD', momentum=0.9) in examples and dict(optimizer='Adam') in examples
    for allowed in ([3], []):
        message = f"space['b'].when: a={allowed}, expected values of"
        with pytest.raises(ValueError, match=re.escape(message)):
            Space(dict(a=[1], b=dict(type='categorical', values=[1], when=dict(a=allowed))))


def test_names_become_values_and_several_keys():
    space = Space({
        'flip': ON_OFF,
        'batch': dict(type='categorical', values=[32], key=['loader.batch', 'scale.batch']),
        'recipe': dict(type='choices', choices=dict(plain={}, rich={'x.y': 1, 'x.z': 2}))})
    values = dict(flip='on', batch=32, recipe='rich')
    assert [dict(one.settings(values[one.name])) for one in space.parameters] == [
        {'a.prob': 0.5}, {'loader.batch': 32, 'scale.batch': 32}, {'x.y': 1, 'x.z': 2}]


@pytest.mark.parametrize(('entry', 'value', 'contained'), [
    ([1, 2], 2, True), ([1, 2], 3, False),
    (dict(type='uniform', low=0., high=1.), 0.3, True),
    (dict(type='log_uniform', low=1e-5, high=1.), 0., False),
    (dict(type='int', low=1, high=9, step=4), 5, True),
    (dict(type='int', low=1, high=9, step=4), 4, False)])
def test_contains(entry, value, contained):
    assert parse_parameter('x', entry).contains(value) is contained


@pytest.mark.parametrize(('entry', 'message'), [
    ([], "space['x']: values=[], expected {name: value}, or a list"),
    (dict(type='choices', choices={}), "space['x']: choices={}, expected {name:"),
    (dict(type='categorical', values=[1], when=['SGD']), "when is ['SGD'], expected a dict; see"),
    (dict(type='uniform', low=0, high=1, key=[3]), '.key[0] is 3, expected text; see configs'),
    (dict(type='choices', choices=dict(a=3)), '.choices.a is 3, expected a dict; see configs'),
    (3, 'expected a list of values, or a dict whose type is one of'),
    (dict(type='loguniform', low=1, high=2), 'log_uniform'),
    (dict(type='uniform', low=1, hihg=2), "keys={'hihg'}, expected only high, key, low, type"),
    (dict(type='uniform', low=2, high=2), '(2, 2), expected two numbers, low < high'),
    (dict(type='log_uniform', low=0, high=1), 'expected more than 0'),
    (dict(type='int', low=0, high=1.5), 'expected two whole numbers'),
    (dict(type='int', low=0, high=4, step=5), 'step=5, expected a whole number from 1 to 4'),
    ([[0.], [0.5]], 'the value [0.0] needs a name'),
    ([1, 1], 'values=[1, 1], expected different values')])
def test_wrong_entries_are_rejected(entry, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_parameter('x', entry)

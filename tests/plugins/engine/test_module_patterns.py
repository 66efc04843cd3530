import pytest
from torch import nn

from plugins.engine.module_patterns import checked_patterns, matches


@pytest.fixture
def model() -> nn.Module:
    stages = [nn.Sequential(nn.Linear(2, 2), nn.ReLU()) for _ in range(3)]
    return nn.ModuleDict(dict(layer1=stages[0], layer4=nn.Sequential(*stages[1:]),
                              fc=nn.Linear(2, 2)))


@pytest.mark.parametrize('name, expected', [
    ('layer4.1.0.weight', True), ('layer4', True), ('layer1.0.weight', False),
    ('layer41.weight', False), ('fc.bias', True)])
def test_a_name_matches_with_what_contains_it(name, expected):
    assert matches(name, ('layer4', 'f*')) is expected


def test_a_pattern_that_names_nothing_is_refused_with_near_names(model):
    assert checked_patterns(model, ['layer4.0', 'f?'], 'exclude') == ('layer4.0', 'f?')
    with pytest.raises(ValueError, match="exclude: 'layer5' matches no module.*near: .*layer4"):
        checked_patterns(model, ['fc', 'layer5'], 'exclude')
    with pytest.raises(ValueError, match='expected one of layer1, layer4, fc'):
        checked_patterns(model, ['xyz'], 'exclude')
    with pytest.raises(ValueError, match='layer1.1'):  # a ReLU has no weights
        checked_patterns(model, ['layer1.1'], 'exclude')
    with pytest.raises(ValueError, match="exclude='fc', expected a list"):
        checked_patterns(model, 'fc', 'exclude')

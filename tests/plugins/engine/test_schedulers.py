import math

import pytest
import torch

from plugins.engine.schedulers import ReduceLROnPlateau, TimeDecayLR


def test_follows_keras_formula_at_every_iteration():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler = TimeDecayLR(optimizer, decay=0.5, by_epoch=False)
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    # By hand: 0.01 / (1 + 0.5 t).
    assert rates == pytest.approx([0.01, 0.01 / 1.5, 0.01 / 2, 0.01 / 2.5, 0.01 / 3])


def test_negative_decay_is_refused():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    with pytest.raises(ValueError, match='decay=-1'):
        TimeDecayLR(optimizer, decay=-1)


VALUES = [3., 2., 2., 2.5, 2.1, 2., 1.9999, 1.9, math.nan, 1.9, 1.95, 1.9, 1.9, 1.9, 1.9, 1.]


def plateau(values, lr=1., **arguments):
    """The rate after each validation."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = ReduceLROnPlateau(optimizer, monitor='loss', **arguments)
    rates = []
    for value in values:
        scheduler.step()
        scheduler.step(dict(loss=value, other='text'))
        rates.append(optimizer.param_groups[0]['lr'])
    return rates


@pytest.mark.parametrize('patience, cooldown', [(0, 0), (1, 0), (2, 0), (1, 2), (0, 1)])
@pytest.mark.parametrize('first', [[], [math.nan]])
def test_plateau_is_pytorchs(patience, cooldown, first):
    values = first + VALUES
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
    pytorchs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, patience=patience, cooldown=cooldown)
    expected = []
    for value in values:
        pytorchs.step(value)
        expected.append(optimizer.param_groups[0]['lr'])
    assert plateau(values, patience=patience, cooldown=cooldown) == pytest.approx(expected)


@pytest.mark.parametrize('arguments, cuts', [
    # Keras cuts at the patience-th validation without a new best; by hand, counted from 1.
    (dict(patience=2), [4, 6]), (dict(patience=3), [5]), (dict(patience=0), [3, 4, 5, 6]),
    # A cooldown's last validation counts already: cut at 4, then 5 waits, 6 and 7 are bad.
    (dict(patience=2, cooldown=2), [4])])
def test_plateau_in_kerass_style(arguments, cuts):
    rates = plateau([3., 2., 2., 2.5, 2.1, 2., 1.], style='keras', **arguments)
    assert [i + 1 for i in range(7) if rates[i] < ([1.] + rates)[i] - 1e-12] == cuts


def test_keras_makes_a_cut_that_pytorch_refuses_as_too_small():
    """5e-8, 5e-9, 5e-10 in Keras 3.15.1, whose callback knows no smallest cut."""
    rates = [plateau([1., 1., 1.], lr=5e-8, patience=1, style='keras'),
             plateau([1., 1., 1.], lr=5e-8, patience=0)]
    assert rates == [pytest.approx([5e-8, 5e-9, 5e-10]), pytest.approx([5e-8, 5e-9, 5e-9])]


def test_kerass_threshold_is_a_difference_and_pytorchs_a_share():
    values = [100., 99.5, 99.5]
    assert plateau(values, patience=1, threshold=0.6, style='keras') == pytest.approx(
        [1., 0.1, 0.01])
    assert plateau(values, patience=1, threshold=0.4, style='keras') == [1., 1., 0.1]
    assert plateau(values, patience=0, threshold=0.006) == pytest.approx([1., 0.1, 0.01])
    assert plateau(values, patience=0, threshold=0.004) == [1., 1., 0.1]


def test_plateau_of_an_accuracy_lowers_the_rate_when_it_falls():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
    scheduler = ReduceLROnPlateau(optimizer, monitor='accuracy/top1', patience=0)
    rates = []
    for value in (10., 20., torch.tensor(30.), 20.):
        scheduler.step({'accuracy/top1': value})
        rates.append(optimizer.param_groups[0]['lr'])
    assert rates == [1., 1., 1., 0.1]
    assert type(scheduler.state_dict()['best']) is float


@pytest.mark.parametrize('arguments, message', [
    (dict(factor=0), 'factor=0, expected a share'), (dict(factor=-0.5), 'factor=-0.5'),
    (dict(factor=1.), 'factor=1.0'), (dict(patience=-1), 'patience=-1, expected a whole'),
    (dict(patience=2.5), 'patience=2.5'), (dict(cooldown=-3), 'cooldown=-3'),
    (dict(cooldown=True), 'cooldown=True'), (dict(threshold=-1.), 'threshold=-1.0'),
    (dict(rule='min'), "rule is 'min', expected 'greater' or 'less'")])
def test_plateau_refuses_wrong_numbers(arguments, message):
    for style in ('torch', 'keras'):
        with pytest.raises(ValueError, match=message):
            plateau([], style=style, **arguments)


def test_plateau_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="style='tf', expected 'torch' or 'keras'"):
        plateau([], style='tf')
    with pytest.raises(KeyError, match='loss'):
        ReduceLROnPlateau(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.),
                          monitor='loss').step(dict(accuracy=1.))

import math
from itertools import count

import numpy as np
import pytest
import torch

from plugins.engine.monitor import Monitor, better


@pytest.mark.parametrize('key, rule', [
    ('accuracy/top1', 'greater'), ('coco/bbox_mAP_50', 'greater'), ('loss', 'less'),
    ('val_loss', 'less')])
def test_rule_follows_from_the_name(key, rule):
    assert Monitor(key).rule == rule


def test_values_better_by_more_than_min_delta_count():
    monitor = Monitor('accuracy/top1', min_delta=0.5)
    values = [60., 60.5, 60.51, 60.2, 61.01, 61.02]  # by hand: bests at 60, 60.51 and 61.02
    assert [*map(monitor.improved, values, count(1))] == [True, False, True, False, False, True]
    assert (monitor.best, monitor.best_epoch, monitor.bad_epochs) == (61.02, 6, 0)


def test_less_is_better_for_a_loss():
    monitor = Monitor('loss', min_delta=0.1)
    improved = [*map(monitor.improved, [1., 0.95, 0.89, 2.], count(1))]
    assert improved == [True, False, True, False]
    assert (monitor.best, monitor.best_epoch, monitor.bad_epochs) == (0.89, 3, 1)


@pytest.mark.parametrize('key', ['accuracy', 'loss'])
def test_equal_and_nan_are_no_improvement_and_a_first_nan_blocks_nothing(key):
    monitor = Monitor(key)
    improved = [*map(monitor.improved, [math.nan, 0.5, 0.5, math.nan], count(1))]
    assert improved == [False, True, False, False]
    assert (monitor.best, monitor.best_epoch, monitor.bad_epochs) == (0.5, 2, 2)


def test_a_plateau_counts_bad_epochs_by_the_runners_epochs():
    monitor = Monitor('loss')
    for epoch in (5, 10, 15, 20):
        monitor.improved(1., epoch)
    assert (monitor.best_epoch, monitor.bad_epochs) == (5, 3)


def test_state_goes_on():
    first, second = Monitor('loss', min_delta=0.1), Monitor('loss', min_delta=0.1)
    for epoch, value in enumerate((2., 1.5, 1.45), 1):
        first.improved(value, epoch)
    second.load_state_dict(first.state_dict())
    assert second.state_dict() == dict(best=1.5, best_epoch=2, bad_epochs=1)
    assert not second.improved(1.41, 4) and second.improved(1.39, 5) and second.best_epoch == 5


def test_tensors_are_taken_and_plain_numbers_kept():
    monitor = Monitor('accuracy')
    assert monitor.improved(torch.tensor(0.5), 1) and monitor.improved(np.float32(0.75), 2)
    assert type(monitor.best) is float and monitor.best == 0.75


def test_any_number_beats_none_and_nan():
    assert better(0., None, 'greater') and better(9., math.nan, 'less')
    assert not better(math.nan, None, 'less') and not better(math.nan, math.nan, 'greater')


@pytest.mark.parametrize('arguments, message', [
    (dict(key='speed'), "monitor 'speed': its name does not say.*rule='less'"),
    (dict(key='loss', rule='min'), "rule is 'min', expected 'greater' or 'less'"),
    (dict(key='loss', min_delta=-1.), r'min_delta=-1.0, expected a number in \[0, inf\]')])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Monitor(**arguments)

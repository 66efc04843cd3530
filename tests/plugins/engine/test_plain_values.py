"""Checkpoints consist of tensors and plain values."""
import re
import warnings
from collections import Counter, OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.registry import PARAM_SCHEDULERS

import plugins.engine.schedulers  # noqa: F401 (registers the project's own)
from plugins.engine.plain_values import DROPPED, plain, reject, restore_histories


class _Text(str):
    pass


class _Whole(int):
    pass


@pytest.mark.parametrize('value, expected', [
    (np.float32(0.5), 0.5), (np.float64(0.1), 0.1), (np.int64(3), 3), (np.bool_(True), True),
    (np.str_('a'), 'a'), (_Text('a'), 'a'), (_Whole(3), 3), (True, True), (None, None),
    (np.array(['a', 'b']), ['a', 'b']), (b'a', b'a'), (2j, 2j), (torch.float32, torch.float32),
    (torch.Size([2, 3]), (2, 3)), (namedtuple('Pair', 'a b')(1, np.int8(2)), (1, 2)),
    (frozenset({1}), {1}), (Counter({3: 1}), Counter({3: 1})),
    ([1, (2, {'a': {4: 3}})], [1, (2, {'a': {4: 3}})]),
    (ConfigDict(a=ConfigDict(b=1)), {'a': {'b': 1}}), (OrderedDict(a=1), OrderedDict(a=1)),
])
def test_values_become_plain_and_stay_equal(value, expected, tmp_path):
    found = plain(value)
    assert (found, type(found)) == (expected, type(expected))
    torch.save(found, tmp_path / 'a.pth')
    assert torch.load(tmp_path / 'a.pth') == expected


@pytest.mark.parametrize('dtype', ['float64', 'int64', 'uint8', 'bool', 'float16', '>f4'])
def test_arrays_become_tensors_of_their_type(dtype):
    array = np.arange(6).reshape(2, 3)[:, ::-1].astype(dtype)
    found = plain({'a': array})['a']
    np.testing.assert_array_equal(found.numpy(), array)
    assert found.numpy().dtype == array.dtype.newbyteorder('=')


def test_tensors_keep_memory_and_lose_hooks_and_attributes():
    weight = torch.nn.Parameter(torch.ones(2))
    weight.register_hook(print)
    weight.to = print
    found = plain([weight])[0]
    assert type(found) is torch.Tensor and found.data_ptr() == weight.data_ptr()
    assert not found.__dict__ and found._backward_hooks is None and not found.requires_grad


def test_versions_of_a_state_dict_are_kept():
    state = torch.nn.BatchNorm2d(3).state_dict()
    assert plain({'state_dict': state})['state_dict']._metadata == {'': {'version': 2}}


def test_functions_are_left_out_silently_and_objects_with_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert plain({'a': print, 'b': [lambda: 1, 2]}) == {'b': [2]}
    with pytest.warns(UserWarning, match=r'meta\.path is not saved.*found PosixPath'):
        assert plain({'meta': {'path': Path('a'), 'b': 1}}) == {'meta': {'b': 1}}


def test_the_caller_decides_about_other_objects():
    seen = []
    assert plain({'a': [object(), 1]}, lambda key, value: seen.append(key) or DROPPED) == {'a': [1]}
    assert seen == ['a[0]']


def test_log_history_survives():
    history = HistoryBuffer([0.5, 0.25, float('nan')], [1, 2, 3], max_length=10)
    scalars = {'train/loss': plain(history), 'empty': plain(HistoryBuffer())}
    restore_histories(scalars, 'a.pth')
    found = scalars['train/loss']
    for new, old in zip(found.data, history.data, strict=True):
        np.testing.assert_array_equal(new, old)
        assert new.dtype == old.dtype
    assert found.max_length == 10 and found.statistics('current') is not None
    assert len(scalars['empty'].data[0]) == 0


@pytest.mark.parametrize('change', [
    dict(count_history=torch.ones(3)), dict(max_length=1), dict(max_length='9'),
    dict(log_history=[1., 2.]), dict(log_history=torch.ones(2, 2))])
def test_damaged_log_history_is_named(change):
    state = dict(log_history=torch.ones(2), count_history=torch.ones(2), max_length=9) | change
    with pytest.raises(ValueError, match=r'checkpoint a.pth: message_hub\.log_scalars\.train/loss'):
        restore_histories({'train/loss': state}, 'a.pth')


NEEDED = {'OneCycle': dict(eta_max=0.5, total_steps=12),
          'CosineRestart': dict(periods=[3, 9], restart_weights=[1, 0.5], eta_min=0.01),
          'MultiStep': dict(milestones=[4, 7, 7], end=12), 'Step': dict(step_size=2, end=12),
          'CosineAnnealing': dict(T_max=12), 'Exponential': dict(gamma=0.8),
          'TimeDecay': dict(decay=0.1), 'ReduceLROnPlateau': dict(monitor='loss', patience=1),
          'ReduceOnPlateau': dict(monitor='loss', rule='less', patience=1)}


@pytest.mark.parametrize('name', sorted(PARAM_SCHEDULERS.module_dict))
def test_every_schedulers_state_is_plain_and_continues(name, tmp_path):
    kind = re.sub('(LR|Momentum|ParamScheduler)$', '', name)
    arguments = NEEDED.get(kind) or NEEDED.get(name, dict(end=8))
    if name.endswith('ParamScheduler'):
        arguments = dict(param_name='lr') | arguments

    def rates(scheduler, optimizer):
        for _ in range(5):
            optimizer.step()
            scheduler.step(*([{'loss': 1.}] if 'Plateau' in name else []))
            yield dict(optimizer.param_groups[0], params=None)

    def build():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
        return PARAM_SCHEDULERS.build(dict(type=name, optimizer=optimizer, **arguments)), optimizer
    scheduler, optimizer = build()
    list(rates(scheduler, optimizer))
    torch.save(plain(dict(scheduler=scheduler.state_dict(), optimizer=optimizer.state_dict())),
               tmp_path / 'a.pth')
    expected = list(rates(scheduler, optimizer))
    scheduler, optimizer = build()
    state = torch.load(tmp_path / 'a.pth')
    optimizer.load_state_dict(state['optimizer'])
    scheduler.load_state_dict(state['scheduler'])
    assert list(rates(scheduler, optimizer)) == expected
    assert len({(group['lr'], group['momentum']) for group in expected}) > 1


def test_what_a_small_file_makes_large_is_rejected():
    lists = [1] * 10
    for _ in range(9):
        lists = [lists] * 10
    with pytest.raises(ValueError, match='expected at most 3000000 values'):
        plain(dict(laughs=lists), reject)
    with pytest.raises(ValueError, match='log.x: expected a tensor that is stored completely'):
        plain(dict(log=dict(x=torch.ones(1).expand(2 ** 40))), reject)

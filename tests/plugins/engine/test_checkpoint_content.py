import re

import pytest
import torch

from plugins.engine.checkpoint_content import check_content, check_resumable

WEIGHT = torch.ones(2)
INFO = 'message_hub.runtime_info'


def with_value(key, value, checkpoint=None):
    """A checkpoint with a value at this key."""
    checkpoint = checkpoint or {}
    *parents, last = key.split('.')
    inner = checkpoint
    for name in parents:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return checkpoint


@pytest.mark.parametrize('key, value', [
    ('meta', []), ('meta.epoch', '3'), ('meta.iter', 1.5), ('meta.seed', 'x'),
    ('meta.dataset_meta.classes', 'car'), ('meta.dataset_meta.classes', [1]),
    ('meta.experiment_name', 1), ('message_hub', None), ('message_hub.log_scalars', []),
    (f'{INFO}.run_history', {}), ('optimizer', []), ('param_schedulers', 'x'),
    ('state_dict', WEIGHT),
    ('state_dict.w', 1.), ('ema_state_dict.w', None),
    ('state_dict.w', torch.ones(1).expand(2 ** 40))])
def test_a_wrong_value_is_told_with_its_key(key, value):
    with pytest.raises(ValueError, match=f'checkpoint a.pth: {re.escape(key)}: found .*expected'):
        check_content(with_value(key, value), 'a.pth')


@pytest.mark.parametrize('key, value', [
    ('state_dict.w', WEIGHT), ('state_dict.w', WEIGHT[:1]), ('meta.seed', None), ('w', WEIGHT)])
def test_what_the_project_writes_is_accepted(key, value):
    check_content(with_value(key, value), 'a.pth')


def resumable():
    group = dict(lr=0.1, betas=(0.9, 0.999), maximize=False, fused=None, params=[0])
    checkpoint = dict(
        meta=dict(epoch=1, iter=2), optimizer=dict(param_groups=[group], state={}),
        message_hub=dict(log_scalars={}, resumed_keys={}, runtime_info={}),
        param_schedulers=[dict(last_step=1, param_name='lr')])
    own = dict(param_groups=[dict(group, fused=True)],
               param_schedulers=[dict(last_step=0, param_name='lr')])
    return checkpoint, own


def test_a_state_of_this_run_can_be_resumed():
    checkpoint, own = resumable()
    check_resumable(checkpoint, 'a.pth', own)


@pytest.mark.parametrize('key, value, told', [
    ('meta.epoch', ..., 'meta.epoch: found nothing'),
    ('message_hub.resumed_keys', ..., 'message_hub.resumed_keys: found nothing'),
    ('optimizer.param_groups', [], r'param_groups: found list .*expected 1 items'),
    ('param_schedulers', None, 'param_schedulers: found NoneType .*expected 1 items'),
    ('param_schedulers', [dict(last_step=1, param_name='lr', step=1)], 'expected a dict of las'),
    ('param_schedulers', [dict(last_step='1', param_name='lr')], 'last_step: .*expected a number'),
    ('param_schedulers', [dict(last_step=1, param_name='momentum')], "param_name: .*expected 'lr'"),
    ('optimizer.param_groups', [dict(lr=0.1)], r'param_groups\[0\]: .*a dict of lr, betas, max')])
def test_a_state_of_another_kind_cannot_be_resumed(key, value, told):
    checkpoint, own = resumable()
    with_value(key, value, checkpoint)
    if value is ...:
        del checkpoint[key.split('.')[0]][key.split('.')[1]]
    with pytest.raises(ValueError, match=told):
        check_resumable(checkpoint, 'a.pth', own)

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
    (f'{INFO}.run_history', {}), (f'{INFO}.run_history', [dict(epoch=1, seconds=1.)]),
    ('optimizer', []), ('param_schedulers', 'x'),
    ('state_dict', WEIGHT),
    ('state_dict.w', 1.), ('ema_state_dict.w', None),
    ('state_dict', {1: WEIGHT}), ('message_hub.resumed_keys.epoch', 1.5),
    ('optimizer.state', None)])
def test_a_wrong_value_is_told_with_its_key(key, value):
    told = f'checkpoint a.pth: (content.)?{re.escape(key)}.* (is|has) .*expected'
    with pytest.raises(ValueError, match=told):
        check_content(with_value(key, value), 'a.pth')


@pytest.mark.parametrize('key, value', [
    ('state_dict.w', WEIGHT), ('state_dict.w', WEIGHT[:1]), ('meta.seed', None), ('w', WEIGHT)])
def test_what_the_project_writes_is_accepted(key, value):
    check_content(with_value(key, value), 'a.pth')


def resumable():
    state = {place: dict(step=torch.tensor(3.), exp_avg=torch.zeros(*shape))
             for place, shape in enumerate([(2, 3), (4, 5)])}
    return dict(meta=dict(epoch=1, iter=2), optimizer=dict(param_groups=[], state=state),
                message_hub=dict(log_scalars={}, resumed_keys={}, runtime_info={}))


@pytest.mark.parametrize('part, name', [
    ('meta', 'epoch'), ('message_hub', 'resumed_keys'), ('optimizer', 'param_groups')])
def test_what_a_run_needs_is_told_to_be_missing(part, name):
    checkpoint = resumable()
    check_resumable(checkpoint, 'a.pth', [(2, 3), (4, 5)])
    del checkpoint[part][name]
    with pytest.raises(ValueError, match=f'a.pth: cannot be resumed, it has no {part}.{name}'):
        check_resumable(checkpoint, 'a.pth', [(2, 3), (4, 5)])


@pytest.mark.parametrize('change, message', [
    (dict(exp_avg=torch.zeros(1)), r'0.exp_avg: found the shape \(1,\), expected \(2, 3\)'),
    (dict(exp_avg=torch.tensor(0.)), '0.exp_avg: found'),
    (dict(step=torch.zeros(2)), '0.step: found')])
def test_an_optimizers_state_of_another_shape_is_refused_as_a_kernel_would_crash(change, message):
    checkpoint = resumable()
    checkpoint['optimizer']['state'][0] |= change
    with pytest.raises(ValueError, match=f'^checkpoint x.pth: optimizer.state.{message}'):
        check_resumable(checkpoint, 'x.pth', [(2, 3), (4, 5)])

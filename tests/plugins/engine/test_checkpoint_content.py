import re

import pytest
import torch

from plugins.engine.checkpoint_content import check_content, check_resumable, check_shapes

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
    ('state_dict', {1: WEIGHT}), ('message_hub.resumed_keys.epoch', 1.5), ('optimizer.state', None),
    ('meta.position', dict(passes=0, batches='3', processes=[]))])
def test_a_wrong_value_is_told_with_its_key(key, value):
    told = f'checkpoint a.pth: (content.)?{re.escape(key)}.* (is|has) .*expected'
    with pytest.raises(ValueError, match=told):
        check_content(with_value(key, value), 'a.pth')


@pytest.mark.parametrize('key, value', [
    ('state_dict.w', WEIGHT), ('state_dict.w', WEIGHT[:1]), ('meta.seed', None), ('w', WEIGHT)])
def test_what_the_project_writes_is_accepted(key, value):
    check_content(with_value(key, value), 'a.pth')


def resumable_group():
    return dict(lr=0.1, betas=(0.9, 0.999), maximize=False, fused=None, params=[0])


def resumable():
    group = resumable_group()
    checkpoint = dict(
        meta=dict(epoch=1, iter=2), optimizer=dict(param_groups=[group], state={}),
        message_hub=dict(log_scalars={}, resumed_keys={}, runtime_info={}),
        param_schedulers=[dict(last_step=1, param_name='lr')])
    own = dict(epochs=3, iterations=9, param_groups=[dict(group, fused=True)],
               param_schedulers=[dict(last_step=0, param_name='lr')])
    return checkpoint, own


def test_a_state_of_this_run_can_be_resumed():
    checkpoint, own = resumable()
    check_resumable(checkpoint, 'a.pth', own)


@pytest.mark.parametrize('key, value, told', [
    ('meta.epoch', 3, 'meta.epoch is 3, expected at most meta.iter, 2'),
    ('meta', dict(epoch=4, iter=8), 'epoch is 4, expected at most train_cfg.max_epochs, 3'),
    ('meta', dict(epoch=3, iter=10), "iter is 10, expected at most the run's iterations, 9"),
    ('meta.epoch', ..., 'cannot be resumed, it has no meta.epoch'),
    ('message_hub.resumed_keys', ..., 'it has no message_hub.resumed_keys'),
    ('optimizer', dict(state={}), 'it has no optimizer.param_groups'),
    ('optimizer.param_groups', [dict(resumable_group(), lr=None)], r'param_groups.0.lr is None'),
    ('optimizer.param_groups', [dict(resumable_group(), params=[1])], 'params.0 is 1, .* like 0'),
    ('optimizer.param_groups', [], r'param_groups is \[\], expected a value like \['),
    ('param_schedulers', None, r'param_schedulers is None, expected a value like \['),
    ('param_schedulers', [dict(last_step=1, param_name='lr', step=1)],
     'param_schedulers.0 is .*expected a value like {.last_step.: 0, .param_name.: .lr.};'),
    ('param_schedulers', [dict(last_step='1', param_name='lr')], '0.last_step is .*like 0;'),
    ('param_schedulers', [dict(last_step=1, param_name='momentum')], "param_name is .*like 'lr'"),
    ('optimizer.param_groups', [dict(lr=0.1)], 'param_groups.0 is .*like .*betas')])
def test_a_state_of_another_kind_cannot_be_resumed(key, value, told):
    checkpoint, own = resumable()
    with_value(key, value, checkpoint)
    if value is ...:
        del checkpoint[key.split('.')[0]][key.split('.')[1]]
    with pytest.raises(ValueError, match=told):
        check_resumable(checkpoint, 'a.pth', own)


@pytest.mark.parametrize('change, message', [
    (dict(exp_avg=torch.zeros(1)), r'0.exp_avg: found .*1.*expected a tensor .* \(2, 3\)'),
    (dict(exp_avg=torch.tensor(0.)), '0.exp_avg: found'),
    (dict(exp_avg=None), '0.exp_avg: found None'),
    (dict(step=torch.zeros(2)), '0.step: found')])
def test_an_optimizers_state_of_another_shape_is_refused_as_a_kernel_would_crash(change, message):
    state = {place: dict(step=torch.tensor(3.), exp_avg=torch.zeros(*shape))
             for place, shape in enumerate([(2, 3), (4, 5)])}
    optimizer = dict(state=state, param_groups=[])
    check_shapes(optimizer, [(2, 3), (4, 5)], 1, 'x.pth')
    state[0] |= change
    with pytest.raises(ValueError, match=f'^checkpoint x.pth: optimizer.state.{message}'):
        check_shapes(optimizer, [(2, 3), (4, 5)], 1, 'x.pth')
    with pytest.raises(ValueError, match='optimizer.state.7'):
        check_shapes(dict(state={7: {}}), [(2, 3)], 1, 'x.pth')


MOMENTUM = dict(momentum=0.9, dampening=0)
PLAIN = dict(momentum=0, dampening=0)  # of SGD, which then has no state


@pytest.mark.parametrize('state', [{}, {0: {}}, {0: dict(momentum_buffer=None)}])
@pytest.mark.parametrize('groups', [[PLAIN, MOMENTUM], [dict(betas=(0.9, 0.999))], [
    dict(alpha=0.9, momentum=0)]], ids=['SGD', 'Adam', 'RMSprop'])
def test_an_optimizer_that_has_a_state_cannot_go_on_without(state, groups):
    optimizer = dict(state=state, param_groups=groups)
    with pytest.raises(ValueError, match='a.pth: optimizer.state is {.*} after 3 steps, expected'):
        check_shapes(optimizer, [(2, 3)], 3, 'a.pth')
    check_shapes(optimizer, [(2, 3)], 0, 'a.pth')  # as gradients are still accumulated
    check_shapes(dict(optimizer, param_groups=[PLAIN]), [(2, 3)], 3, 'a.pth')
    check_shapes(dict(optimizer, loss_scaler={}), [(2, 3)], 3, 'a.pth')
    # the second parameter was never trained
    check_shapes(dict(optimizer, state={0: dict(step=torch.ones(()))}), [(1,), (2,)], 3, 'a.pth')

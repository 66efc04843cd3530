import pytest
import torch
from mmengine.hooks import Hook

from plugins.engine.hooks import loss_log_hook


@pytest.fixture
def log(run_scripted):
    """A function: the history of each scalar in the message hub of a run with a hook."""
    def call(work_dir, kind, interval=2, epochs=3, **arguments):
        hooks = dict(runtime_info=dict(type=kind), logger=dict(
            type='LoggerHook', interval=interval))
        runner = run_scripted(work_dir, dict(score=[1, 2, 3]), epochs=epochs, samples=5,
                              hooks=hooks, **arguments)
        return {key: buffer.data for key, buffer in runner.message_hub.log_scalars.items()
                if 'time' not in key}
    return call


@pytest.mark.parametrize('interval', [1, 2, 50])
def test_the_log_holds_what_upstreams_hook_writes(log, tmp_path, interval):
    ours = log(tmp_path / 'ours', 'LossLogHook', interval)
    stock = log(tmp_path / 'stock', 'RuntimeInfoHook', interval)
    assert ours.keys() == stock.keys() and len(ours['train/loss'][0]) == 15
    for key, (values, counts) in stock.items():
        assert ours[key][0].tolist() == values.tolist() and ours[key][1].tolist() == counts.tolist()


def test_a_clipped_gradients_norm_is_logged_as_upstream_does(log, tmp_path):
    def wrapper(kind):
        return dict(type=kind, optimizer=dict(type='SGD', lr=0.01), clip_grad=dict(max_norm=0.5))

    ours = log(tmp_path / 'ours', 'LossLogHook', optim_wrapper=wrapper('DeferredNormOptimWrapper'))
    stock = log(tmp_path / 'stock', 'RuntimeInfoHook', optim_wrapper=wrapper('OptimWrapper'))
    norms = ours['train/grad_norm'][0]
    assert len(norms) == 15 and norms.max() > 0.5  # before clipping
    for key, (values, _) in stock.items():
        assert ours[key][0].tolist() == values.tolist()


def test_losses_are_read_together(log, tmp_path, monkeypatch):
    sizes, stack = [], torch.stack
    monkeypatch.setattr(loss_log_hook.torch, 'stack', lambda tensors: (
        sizes.append(len(tensors)), stack(tensors))[1])
    log(tmp_path, 'LossLogHook', epochs=2)
    assert sizes == [2, 2, 1] * 2  # five iterations an epoch


class Poison(Hook):
    """The model's weight becomes a value before one epoch."""

    def __init__(self, value: float, epoch: int) -> None:
        self.value, self.epoch = value, epoch

    def before_train_epoch(self, runner) -> None:
        if runner.epoch == self.epoch:
            runner.model.weight.data.fill_(self.value)


HOOK = dict(loss=dict(type='NonFiniteLossHook'))


@pytest.mark.parametrize('value, shown', [(float('nan'), 'nan'), (1e30, 'inf')])
def test_a_run_of_nan_ends_after_its_epoch(run_scripted, tmp_path, value, shown):
    poison = dict(poison=dict(type=Poison, value=value, epoch=2))
    message = (f'epoch 3: the mean training loss is {shown}, expected a finite number; '
               r'optim_wrapper.optimizer.lr is 0.01 \(now 0.01\). Lower it')
    with pytest.raises(ValueError, match=message):
        run_scripted(tmp_path, dict(accuracy=[1.]), epochs=5, hooks={**HOOK, **poison})
    # the state of NaN is not saved
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_2.pth']
    weight = torch.load(tmp_path / 'epoch_2.pth')['state_dict']['weight']
    assert weight.isfinite().all()


def test_a_loss_that_was_nan_in_an_earlier_session_does_not_count(run_scripted, tmp_path):
    runner = run_scripted(tmp_path, None, epochs=2, hooks=HOOK)
    losses = runner.message_hub.log_scalars['train/loss']
    losses._log_history[0] = float('nan')
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'NonFiniteLossHook')
    hook.after_train_epoch(runner)
    losses._log_history[-1] = float('nan')
    with pytest.raises(ValueError, match='epoch 3'):
        hook.after_train_epoch(runner)

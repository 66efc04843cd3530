import pytest
import torch
from mmengine.hooks import Hook


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

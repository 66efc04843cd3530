import pytest
import torch
from mmengine.runner import Runner

from plugins.engine.runner import TransferRunner

RISING = dict(score=list(range(1, 9)))


def files(folder):
    return {path.name for path in folder.glob('*.pth*')}


def load(path):
    return torch.load(path)


@pytest.fixture
def train(run_scripted):
    def call(work_dir, scores=RISING, epochs=4, **kwargs):
        best = dict(save_best='score', checkpoint=dict(rule='greater')) if scores else {}
        return run_scripted(work_dir, scores, epochs=epochs, **{**best, **kwargs})
    return call


def test_the_last_checkpoint_holds_its_validation_and_the_best_no_optimizer(train, tmp_path):
    train(tmp_path)
    assert files(tmp_path) == {'best_score_epoch_4.pth', 'epoch_4.pth'}
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_4.pth')
    last, best = load(tmp_path / 'epoch_4.pth'), load(tmp_path / 'best_score_epoch_4.pth')
    assert [e['metrics']['score'] for e in last['message_hub']['runtime_info']['run_history']] \
        == [1, 2, 3, 4]
    assert last['message_hub']['runtime_info']['best_score'] == 4
    assert last['meta']['epoch'] == 4 and last['meta']['iter'] == 8
    assert 'optimizer' in last and 'optimizer' not in best


def test_each_checkpoint_is_written_once(train, tmp_path, monkeypatch):
    saved = []
    original = TransferRunner.save_checkpoint

    def noting(self, out_dir, filename, *args, **kwargs):
        saved.append(filename)
        original(self, out_dir, filename, *args, **kwargs)
    monkeypatch.setattr(TransferRunner, 'save_checkpoint', noting)
    train(tmp_path, dict(score=[1, 2, 2]), epochs=3)
    assert saved == ['best_score_epoch_1.pth', 'epoch_1.pth', 'best_score_epoch_2.pth',
                     'epoch_2.pth', 'epoch_3.pth']


@pytest.mark.parametrize('rule, scores, best', [
    ('greater', [float('nan'), 3, 3, 2], 2), ('less', [float('nan'), 3, 2, 2], 3),
    ('greater', [3, float('nan'), 4, float('nan')], 3)])
def test_equal_is_not_better_and_nan_blocks_nothing(train, tmp_path, rule, scores, best):
    runner = train(tmp_path, dict(score=scores), checkpoint=dict(rule=rule))
    assert files(tmp_path) == {f'best_score_epoch_{best}.pth', 'epoch_4.pth'}
    hook = {type(hook).__name__: hook for hook in runner.hooks}
    assert hook['RunRecordHook'].best(hook['SafeCheckpointHook'])['epoch'] == best


@pytest.mark.parametrize('fatal', ['epoch_3.pth', 'best_score_epoch_3.pth'])
def test_a_run_killed_while_it_saves_keeps_what_it_needs_to_resume(
        train, history_of, tmp_path, monkeypatch, fatal):
    original = Runner.save_checkpoint

    def dies_half_way(self, out_dir, filename, *args, **kwargs):
        if filename.startswith(f'.{fatal}'):
            (tmp_path / filename).write_bytes(b'half')
            raise KeyboardInterrupt
        original(self, out_dir, filename, *args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Runner, 'save_checkpoint', dies_half_way)
        train(tmp_path)
    last = load((tmp_path / 'last_checkpoint').read_text())
    assert last['meta']['epoch'] == 2 and not (tmp_path / fatal).exists()
    load(last['message_hub']['runtime_info']['best_ckpt'])
    # The third epoch is repeated, and is worse this time: what the kill left behind goes.
    runner = train(tmp_path, dict(score=[1, 2, 0, 1]), resume=True)
    assert [metrics['score'] for _, metrics in history_of(runner)] == [1, 2, 0, 1]
    assert {name for name in files(tmp_path) if not name.endswith('.partial')} == {
        'best_score_epoch_2.pth', 'epoch_4.pth'}


def test_a_kill_during_the_validation_repeats_its_epoch(train, history_of, tmp_path):
    train(tmp_path, kill=('before_val', 3))
    assert files(tmp_path) == {'best_score_epoch_2.pth', 'epoch_2.pth'}
    runner = train(tmp_path, resume=True)
    assert [epoch for epoch, _ in history_of(runner)] == [1, 2, 3, 4] and runner.iter == 8


def test_epochs_without_validation_are_saved_too(train, tmp_path):
    train_cfg = dict(by_epoch=True, max_epochs=8, val_interval=3)
    train(tmp_path, kill=('after_train_epoch', 4), train_cfg=train_cfg)
    assert files(tmp_path) == {'best_score_epoch_3.pth', 'epoch_4.pth'}
    assert load(tmp_path / 'epoch_4.pth')['meta']['epoch'] == 4
    train(tmp_path / 'none', None, epochs=3)
    assert files(tmp_path / 'none') == {'epoch_3.pth'}


def test_between_two_intervals_the_best_that_the_last_one_names_stays(train, tmp_path):
    train(tmp_path, epochs=8, kill=('before_train_epoch', 5),
          checkpoint=dict(interval=3, rule='greater'))
    assert files(tmp_path) == {'best_score_epoch_3.pth', 'best_score_epoch_5.pth', 'epoch_3.pth'}


def test_an_early_end_is_saved_between_two_intervals(train, tmp_path):
    early = dict(type='EarlyStopHook', monitor='score', rule='greater', patience=2)
    train(tmp_path, dict(score=[1, 2, 0]), epochs=8, hooks=dict(early_stop=early),
          checkpoint=dict(interval=3, rule='greater'))
    assert files(tmp_path) == {'best_score_epoch_2.pth', 'epoch_4.pth'}


@pytest.mark.parametrize('max_iters, last, best', [(7, 7, 7), (8, 8, 8)])
def test_iteration_based_loops(train, tmp_path, max_iters, last, best):
    loop = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=4)
    runner = train(tmp_path, train_cfg=loop, samples=8,  # mmengine sleeps when they are used up
                   checkpoint=dict(by_epoch=False, interval=2, rule='greater'))
    assert runner.iter == max_iters
    assert files(tmp_path) == {f'best_score_iter_{best}.pth', f'iter_{last}.pth'}
    saved = load(tmp_path / f'iter_{last}.pth')
    assert saved['meta']['iter'] == last
    assert len(saved['message_hub']['runtime_info']['run_history']) == 2


def test_saving_by_iterations_within_epochs(train, tmp_path):
    train(tmp_path, kill=('before_train_epoch', 3), checkpoint=dict(
        by_epoch=False, interval=2, rule='greater'))
    assert files(tmp_path) == {'best_score_iter_6.pth', 'iter_6.pth'}
    assert load(tmp_path / 'iter_6.pth')['meta'].items() >= dict(epoch=3, iter=6).items()


def test_upstreams_ema_hook_puts_the_averaged_weights_into_the_checkpoints(train, tmp_path):
    ema = dict(ema=dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.1))
    runner = train(tmp_path, hooks=ema)
    plain, averaged = 0., 0.
    for step in range(8):  # the loss (w - x)^2 at rate 0.01, x = 1 and 2 in turn
        plain -= 0.01 * 2 * (plain - (1 + step % 2))
        averaged = plain if step == 0 else 0.9 * averaged + 0.1 * plain
    assert runner.model.weight.item() == pytest.approx(plain)
    for name in ('epoch_4.pth', 'best_score_epoch_4.pth'):
        assert load(tmp_path / name)['state_dict']['weight'].item() == pytest.approx(averaged)
    # both continue in a resumed run
    resumed = train(tmp_path, epochs=4, hooks=ema, resume=True)
    assert resumed.model.weight.item() == pytest.approx(plain)

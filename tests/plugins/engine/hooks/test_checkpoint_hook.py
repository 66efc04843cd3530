import shutil
from contextlib import contextmanager

import pytest
import torch
from mmengine.runner import Runner

from plugins.engine.hooks.checkpoint_hook import SafeCheckpointHook
from plugins.engine.runner import TransferRunner
from plugins.engine.work_dir import last_checkpoint

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
    assert saved == ['epoch_1.pth', 'best_score_epoch_1.pth', 'epoch_2.pth',
                     'best_score_epoch_2.pth', 'epoch_3.pth']


@pytest.mark.parametrize('rule, scores, best', [
    ('greater', [float('nan'), 3, 3, 2], 2), ('less', [float('nan'), 3, 2, 2], 3),
    ('greater', [3, float('nan'), 4, float('nan')], 3)])
def test_equal_is_not_better_and_nan_blocks_nothing(train, tmp_path, rule, scores, best):
    runner = train(tmp_path, dict(score=scores), checkpoint=dict(rule=rule))
    assert files(tmp_path) == {f'best_score_epoch_{best}.pth', 'epoch_4.pth'}
    hook = {type(hook).__name__: hook for hook in runner.hooks}
    assert hook['RunRecordHook'].best(hook['SafeCheckpointHook'], 4)['epoch'] == best


@pytest.fixture
def die_at(monkeypatch, tmp_path):
    """A function: within it, saving this file ends half-way, as by a kill."""
    original = Runner.save_checkpoint

    @contextmanager
    def call(fatal):
        def save(self, out_dir, filename, *args, **kwargs):
            if filename.startswith(f'.{fatal}'):
                (tmp_path / f'.{fatal}.1.partial').write_bytes(b'half')
                raise KeyboardInterrupt
            original(self, out_dir, filename, *args, **kwargs)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Runner, 'save_checkpoint', save)
            yield
    return call


def test_a_run_killed_while_it_saves_the_last_checkpoint_repeats_the_epoch(
        train, history_of, tmp_path, die_at):
    with die_at('epoch_3.pth'):
        train(tmp_path)
    last = load((tmp_path / 'last_checkpoint').read_text())
    assert last['meta']['epoch'] == 2 and not (tmp_path / 'epoch_3.pth').exists()
    load(last['message_hub']['runtime_info']['best_ckpt'])
    # The third epoch is repeated, and is worse this time.
    runner = train(tmp_path, dict(score=[1, 2, 0, 1]), resume=True)
    assert [metrics['score'] for _, metrics in history_of(runner)] == [1, 2, 0, 1]
    assert {name for name in files(tmp_path) if not name.endswith('.partial')} == {
        'best_score_epoch_2.pth', 'epoch_4.pth'}


@pytest.mark.parametrize('hooks', [{}, dict(ema=dict(type='EMAHook', momentum=0.1))])
@pytest.mark.parametrize('scores', [RISING, dict(score=[1, 2, 3, 0])])
def test_a_best_checkpoint_that_a_kill_prevented_is_written_when_the_run_is_resumed(
        train, history_of, tmp_path, die_at, hooks, scores):
    whole = train(tmp_path / 'whole', scores, epochs=3, hooks=hooks)
    with die_at('best_score_epoch_3.pth'):
        train(tmp_path, scores, hooks=hooks)
    assert {'epoch_3.pth', 'best_score_epoch_2.pth'} <= files(tmp_path)
    resumed = train(tmp_path, scores, epochs=3, resume=True, hooks=hooks)
    assert history_of(resumed) == history_of(whole)
    states = [load(folder / 'best_score_epoch_3.pth') for folder in (tmp_path, tmp_path / 'whole')]
    assert states[0]['state_dict'] == states[1]['state_dict'] and states[0]['meta']['epoch'] == 3
    train(tmp_path, scores, resume=True, hooks=hooks)
    best = max(range(4), key=scores['score'].__getitem__) + 1
    assert {name for name in files(tmp_path) if not name.endswith('.partial')} == {
        f'best_score_epoch_{best}.pth', 'epoch_4.pth'}


def test_a_checkpoint_that_is_resumed_becomes_the_last_one(train, tmp_path):
    train(tmp_path, checkpoint=dict(rule='greater', max_keep_ckpts=-1))
    first = tmp_path / 'epoch_1.pth'
    train(tmp_path, resume=True, load_from=str(first), kill=('before_train_epoch', 1))
    assert last_checkpoint(tmp_path) == first and (tmp_path / 'epoch_4.pth').exists()


def test_what_a_run_killed_before_it_removed_it_left_behind_goes(train, tmp_path):
    train(tmp_path, epochs=3, checkpoint=dict(rule='greater', max_keep_ckpts=2))
    for left in ('best_score_epoch_1.pth', 'best_score_epoch_2.pth', 'stopped.pth'):
        shutil.copy(tmp_path / 'epoch_3.pth', tmp_path / left)
    users = ('best_other_epoch_1.pth', 'best_score_epoch_2.pth.bak', 'epoch_1_copy.pth')
    for name in users:
        (tmp_path / name).touch()
    train(tmp_path, epochs=3, resume=True)  # was finished
    assert files(tmp_path) == {'best_score_epoch_3.pth', 'epoch_3.pth', *users}


@pytest.mark.parametrize('name', [
    'epoch_1.pth', 'result.json', '../other.pth', 'best_loss_epoch_2.pth'])
def test_a_forged_best_checkpoint_deletes_nothing(train, tmp_path, name):
    train(tmp_path / 'run', epochs=2)
    last = tmp_path / 'run/epoch_2.pth'
    forged = load(last)
    forged['message_hub']['runtime_info'].update(best_ckpt=str(tmp_path / 'run' / name),
                                                 best_score=2, keep_ckpt_ids=['../other', 1])
    torch.save(forged, last)
    victims = [tmp_path / 'run' / name, tmp_path / 'run/other.pth', tmp_path / 'other.pth']
    for path in victims:
        path.touch()
    train(tmp_path / 'run', epochs=3, resume=True,
          checkpoint=dict(rule='greater', max_keep_ckpts=9))
    assert all(path.is_file() for path in victims)


def test_other_places_and_names_are_refused():
    with pytest.raises(ValueError, match='cannot be set, as --resume would not find'):
        SafeCheckpointHook(filename_tmpl='model_{}.pth')


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


def test_the_first_best_checkpoint_never_comes_alone(train, tmp_path):
    checkpoint = dict(interval=3, rule='greater')
    train(tmp_path, kill=('before_train_epoch', 1), checkpoint=checkpoint)
    assert files(tmp_path) == {'best_score_epoch_1.pth', 'epoch_1.pth'}
    train(tmp_path / 'none', epochs=2, checkpoint=dict(
        interval=-1, rule='greater', save_last=False))
    assert files(tmp_path / 'none') == {'best_score_epoch_2.pth'}


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

import math

import pytest
import torch

EARLY = dict(type='EarlyStopHook', monitor='accuracy', patience=3)


def weights(path):
    return torch.load(path)['state_dict']['weight']


@pytest.mark.parametrize('scores, patience, min_delta, epochs', [
    # Counted by hand in Keras's way: the epoch of the last best plus the patience.
    ([1, 2, 3, 2, 2, 2, 9, 9], 3, 0., 6),
    ([1, 2, 3, 3, 3, 3, 9, 9], 3, 0., 6),  # equality is no improvement
    ([1, 2, 3, 3.5, 4, 3, 9, 9], 3, 1., 6),  # 3.5 and 4 are not better than 3 by more than 1
    ([1, 2, 3, 3, 3, 3.1, 3, 3], 3, 0., 8),
    ([float('nan'), 1, float('nan'), 2, 2, 2, 2, 2], 3, 0., 7),
    ([2, 1, 1, 1, 1, 1, 1, 1], 1, 0., 2),
    ([float('nan')] * 8, 3, 0., 3)])
def test_stops_when_patience_is_out(run_scripted, tmp_path, scores, patience, min_delta, epochs):
    hook = dict(EARLY, patience=patience, min_delta=min_delta, restore_best=False)
    runner = run_scripted(tmp_path, dict(accuracy=scores), hooks=dict(early_stop=hook))
    assert runner.epoch == epochs


def test_the_first_of_two_stops_counts(run_scripted, tmp_path, capsys):
    hooks = dict(by_loss=dict(EARLY, monitor='loss', restore_best=False),
                 by_accuracy=dict(EARLY, restore_best=False))
    runner = run_scripted(tmp_path, dict(accuracy=[1, 2, 3, 4, 5, 6, 7, 8],
                                         loss=[3, 2, 2, 2, 2, 2, 2, 2]), hooks=hooks)
    assert runner.epoch == 5
    assert 'stopped early: loss not better for 3 validations (best 2 in epoch 2)' \
        in capsys.readouterr().out


@pytest.mark.parametrize('scores, best', [([1, 5, 2, 2, 2, 2], 2), ([1, 2, 3, 4, 6, 5], 5)])
def test_best_weights_are_restored_and_the_last_stay_in_the_checkpoint(
        run_scripted, tmp_path, scores, best):
    runner = run_scripted(tmp_path, dict(accuracy=scores), epochs=6, save_best='accuracy',
                          hooks=dict(early_stop=EARLY))
    kept = weights(tmp_path / f'best_accuracy_epoch_{best}.pth')
    last = weights(tmp_path / f'epoch_{runner.epoch}.pth')
    assert torch.equal(runner.model.weight, kept) and not torch.equal(kept, last)


@pytest.mark.parametrize('scores, restore', [([5, 1], False), ([math.nan], True)])
def test_without_restore_best_or_without_a_best_the_last_weights_stay(
        run_scripted, tmp_path, scores, restore):
    runner = run_scripted(tmp_path, dict(accuracy=scores), epochs=2, save_best='accuracy',
                          hooks=dict(early_stop=dict(EARLY, restore_best=restore)))
    assert torch.equal(runner.model.weight, weights(tmp_path / 'epoch_2.pth'))


def test_a_monitored_best_is_restored_where_several_are_kept(run_scripted, tmp_path):
    runner = run_scripted(
        tmp_path, dict(accuracy=[5, 1, 1], loss=[3, 2, 3]), epochs=3,
        save_best=['accuracy', 'loss'], hooks=dict(early_stop=dict(EARLY, monitor='loss')))
    assert torch.equal(runner.model.weight, weights(tmp_path / 'best_loss_epoch_2.pth'))


SCORES = dict(accuracy=[1, 5, 2, 3, 3, 3, 3, 3], loss=[4, 3, 3, 3, 2, 2, 2, 2])
WATCHERS = dict(
    hooks=dict(early_stop=dict(EARLY, patience=4)), save_best='accuracy',
    param_scheduler=[dict(type='ReduceLROnPlateau', monitor='loss', patience=1)])


@pytest.fixture(scope='module')
def uninterrupted():
    """(final weight, learning rate) of the run that nobody killed; filled by the first test."""
    return []


@pytest.mark.parametrize('kill', [
    None,
    ('before_train_iter', 4),  # between validation 4 and the end of epoch 5
    ('after_train_epoch', 4),
    ('before_val', 5),  # epoch 5 is trained, not yet validated
    ('after_val_epoch', 5),
    ('after_train', 6)])  # stopped early already, not yet written down
def test_a_killed_run_stops_where_an_uninterrupted_one_does(
        run_scripted, history_of, uninterrupted, tmp_path, kill):
    runner = None
    if kill is not None:
        run_scripted(tmp_path, SCORES, kill=kill, **WATCHERS)
    runner = run_scripted(tmp_path, SCORES, resume=kill is not None, **WATCHERS)
    # By hand: the best accuracy is epoch 2's, and 2 + 4 = 6.
    assert runner.epoch == 6
    assert history_of(runner) == [(e + 1, {k: float(v[e]) for k, v in SCORES.items()})
                                  for e in range(6)]
    assert {p.name for p in tmp_path.glob('*.pth*')} == {'best_accuracy_epoch_2.pth', 'epoch_6.pth'}
    last = weights(tmp_path / 'epoch_6.pth').item()
    lr = runner.optim_wrapper.get_lr()['lr'][0]
    uninterrupted.append((last, lr))
    assert (last, lr) == uninterrupted[0]
    # The loss stands still in epochs 3 and 4: one cut, after the second of them.
    assert lr == pytest.approx(0.001)


def test_a_stopped_run_stays_stopped_until_its_patience_is_raised(run_scripted, tmp_path):
    scores = dict(accuracy=[1, 5, 2, 3, 3, 3, 3, 3])
    run_scripted(tmp_path, scores, save_best='accuracy', hooks=dict(early_stop=EARLY))
    again = run_scripted(tmp_path, scores, save_best='accuracy', hooks=dict(early_stop=EARLY),
                         resume=True)
    assert again.epoch == 5
    assert torch.equal(again.model.weight, weights(tmp_path / 'best_accuracy_epoch_2.pth'))
    longer = run_scripted(tmp_path, scores, save_best='accuracy', resume=True,
                          hooks=dict(early_stop=dict(EARLY, patience=5)))
    assert longer.epoch == 7


@pytest.mark.parametrize('save_best, hooks, message', [
    (None, dict(a=EARLY), "save_best is None. Set it to 'accuracy'"),
    (['loss', 'top1'], dict(a=EARLY), r"save_best is \['loss', 'top1'\]"),
    ('accuracy', dict(a=EARLY, b=dict(EARLY, patience=5)), '2 hooks monitor accuracy'),
    ('accuracy', dict(a=dict(EARLY, patience=-1)), 'EarlyStopHook: patience=-1'),
    ('accuracy', dict(a=dict(EARLY, patience=2.5)), 'patience=2.5, expected a whole number'),
    ('accuracy', dict(a=dict(EARLY, monitor='accuracy/top_1')), 'computes no accuracy/top_1')])
def test_what_cannot_work_is_refused(run_scripted, tmp_path, save_best, hooks, message):
    with pytest.raises(ValueError, match=message):
        run_scripted(tmp_path, dict(accuracy=[1], loss=[1], top1=[1]), epochs=1,
                     save_best=save_best, hooks=hooks)

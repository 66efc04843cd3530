"""A run that is stopped or killed anywhere and resumed is the same run."""
import pytest

from plugins.engine.checkpoint import read_checkpoint
from tests.plugins.engine.random_run import history, same, train_fixture  # noqa: F401 (a fixture)


@pytest.mark.parametrize('stop', [1, 4, 5, 6, 10, 14])
def test_a_run_stopped_after_any_iteration_continues_exactly(train, tmp_path, stop):
    train(stop=stop, accumulate=3)
    assert (tmp_path / 'run/last_checkpoint').read_text() == str(tmp_path / 'run/stopped.pth')
    assert read_checkpoint(tmp_path / 'run/stopped.pth')['meta']['iter'] == stop
    resumed = train(resume='stopped.pth', accumulate=3)
    same(train('whole', accumulate=3), resumed)
    assert sorted(path.name for path in (tmp_path / 'run').glob('*.pth')) == ['epoch_3.pth']


INFINITE = dict(loop=dict(by_epoch=False, max_iters=14, val_interval=4), sampler='InfiniteSampler')
AGAIN = dict(loop=dict(by_epoch=False, max_iters=14, val_interval=4))


@pytest.mark.parametrize('kind', [INFINITE, AGAIN])
@pytest.mark.parametrize('stop', [3, 5, 8])
def test_a_loop_over_iterations_continues_exactly(train, kind, stop):
    by_iter = dict(by_epoch=False, interval=100)
    train(stop=stop, checkpoint=by_iter, **kind)
    same(train('whole', checkpoint=by_iter, **kind),
         train(resume='stopped.pth', checkpoint=by_iter, **kind))


@pytest.mark.parametrize('kind', [dict(), INFINITE, AGAIN])
@pytest.mark.parametrize('dies', [4, 7, 12])
def test_a_checkpoint_between_iterations_continues_exactly(train, kind, dies):
    by_iter = dict(by_epoch=False, interval=3)
    train(stop=dies, dies=True, checkpoint=by_iter, accumulate=2, **kind)
    same(train('whole', checkpoint=by_iter, accumulate=2, **kind),
         train(resume=f'iter_{(dies - 1) // 3 * 3}.pth', checkpoint=by_iter, accumulate=2, **kind))


def test_a_killed_run_continues_exactly_from_the_end_of_an_epoch(train):
    train(stop=12, dies=True)
    same(train('whole'), train(resume='epoch_2.pth'))


@pytest.mark.parametrize('kind, stop, dies, checkpoint', [
    (dict(), 7, False, 'stopped.pth'),
    # collecting the garbage of persistent workers that a test abandons takes five seconds each
    pytest.param(dict(persistent=True), 12, True, 'epoch_2.pth', marks=pytest.mark.slow),
    pytest.param(INFINITE, 7, False, 'stopped.pth', marks=pytest.mark.slow)])
def test_workers_draw_the_same_in_a_resumed_run(train, kind, stop, dies, checkpoint):
    train(stop=stop, dies=dies, workers=2, **kind)
    whole = train('whole', workers=2, **kind)
    same(whole, train(resume=checkpoint, workers=2, **kind))


@pytest.mark.parametrize('loop, end', [(dict(by_epoch=True, max_epochs=2, val_begin=9), 10),
                                       (dict(by_epoch=False, max_iters=3, val_begin=9), 3)])
def test_a_training_that_ends_before_val_begin_is_validated_at_its_end(train, loop, end):
    assert [entry['iter'] for entry in history(train(loop=loop)) if entry['metrics']] == [end]

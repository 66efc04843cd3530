import logging
import math

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import MODELS

from plugins.engine.runner import TransferRunner
from tests.conftest import DIGITS

LOADER = dict(batch_size=1, dataset=[dict(inputs=torch.ones(1))],
              sampler=dict(type='DefaultSampler', shuffle=False))


def load(path):
    return torch.load(path)


def runner_for_test(work_dir, checkpoint):
    return TransferRunner.from_cfg(Config(dict(
        model=dict(type='OneWeightModel'), work_dir=str(work_dir), load_from=str(checkpoint),
        experiment_name=work_dir.name, test_dataloader=LOADER, test_cfg={},
        test_evaluator=dict(type='ScriptedMetric', scores={}, clock='epoch')),
        format_python_code=False))


@pytest.fixture
def changed_checkpoint(run_scripted, tmp_path):
    """A function: the last checkpoint of a short run, with its state dict changed."""
    run_scripted(tmp_path / 'run', None, epochs=1)

    def call(change):
        checkpoint = load(tmp_path / 'run/epoch_1.pth')
        change(checkpoint['state_dict'])
        torch.save(checkpoint, tmp_path / 'changed.pth')
        return tmp_path / 'changed.pth'
    return call


@pytest.mark.parametrize('change, message', [
    (lambda state: state.clear(), 'does not fit the model of this config'),
    (lambda state: state.update(more=torch.ones(1)), 'does not fit the model of this config'),
    (lambda state: state.update(weight=torch.ones(2)), 'does not fit the model of this config'),
    (lambda state: state['weight'].fill_(math.nan), 'weight: found numbers that are not finite')])
def test_a_tested_model_must_match_its_checkpoint_tensor_by_tensor(
        changed_checkpoint, tmp_path, change, message):
    with pytest.raises(ValueError, match=f'changed.pth:? {message}'):
        runner_for_test(tmp_path / 'strict', changed_checkpoint(change)).test()


def test_a_tested_model_has_its_checkpoints_weights(changed_checkpoint, tmp_path):
    runner = runner_for_test(
        tmp_path / 'fits', changed_checkpoint(lambda state: state['weight'].fill_(7.)))
    runner.test()
    assert runner.model.weight.item() == 7.


def test_a_fresh_training_takes_what_fits_of_load_from(
        run_scripted, changed_checkpoint, tmp_path):
    path = changed_checkpoint(lambda state: (state['weight'].fill_(7.),
                                             state.update(more=torch.ones(1))))
    runner = run_scripted(tmp_path / 'tuned', None, epochs=1, load_from=str(path),
                          optimizer=dict(type='SGD', lr=0.))
    assert runner.model.weight.item() == 7.


def test_load_from_where_too_little_fits_is_refused_in_a_sentence(
        run_scripted, changed_checkpoint, tmp_path):
    path = changed_checkpoint(lambda state: state.update(
        {f'layer{k}.weight': torch.ones(1) for k in range(300)}, weight=torch.ones(2)))
    with pytest.raises(ValueError) as caught:
        run_scripted(tmp_path / 'tuned', None, epochs=1, load_from=str(path))
    assert str(caught.value) == (
        f'checkpoint {path} fits 0 of 1 tensors of OneWeightModel, expected at least 95%. Not '
        'loaded: weight (shape 1, file has 2). Left over in the file: layer0.weight, '
        'layer1.weight and 298 more. Is it of another architecture? Correct '
        'checkpoint or load_from; in init_cfg, also prefix, exclude or min_loaded')


def test_a_resumed_run_keeps_its_seed(run_scripted, tmp_path):
    run_scripted(tmp_path, None, epochs=1, randomness=dict(seed=3))
    with pytest.raises(ValueError, match='epoch_1.pth was begun with seed 3, not 4'):
        run_scripted(tmp_path, None, epochs=2, randomness=dict(seed=4), resume=True)
    resumed = run_scripted(tmp_path, None, epochs=2, randomness=dict(seed=3), resume=True)
    assert resumed.epoch == 2 and load(tmp_path / 'epoch_2.pth')['meta']['seed'] == 3


def damaged(key):
    def change(checkpoint):
        values = checkpoint[key]['state'][0] if key == 'optimizer' else checkpoint[key]
        values['momentum_buffer' if key == 'optimizer' else 'weight'].fill_(math.inf)
    return change


@pytest.mark.parametrize('change, message', [
    (lambda c: c.pop('optimizer'), 'no run can be resumed from it; resume from .*epoch_1.pth'),
    (lambda c: c.pop('param_schedulers'), 'param_schedulers is None'),
    (lambda c: c['optimizer'].update(state={}), 'optimizer.state is {} after 2 steps, expected'),
    (lambda c: c['meta'].update(iter=10 ** 15), 'meta.iter is 1000000000000000, expected at most'),
    (lambda c: c['meta'].update(epoch=3, iter=6), 'meta.epoch is 3, expected at most train_cfg'),
    (lambda c: [c.pop(key) for key in list(c) if key != 'state_dict'],
     "holds weights .* but not the optimizer's state"),
    (damaged('state_dict'), ' weight: found numbers that are not finite'),
    (damaged('optimizer'), ' optimizer.state.0.momentum_buffer: found numbers that are not')])
def test_a_checkpoint_that_training_cannot_continue_from_is_rejected(
        run_scripted, tmp_path, change, message):
    momentum = dict(type='SGD', lr=0.01, momentum=0.9)
    run_scripted(tmp_path, None, epochs=1, optimizer=momentum)
    checkpoint = load(tmp_path / 'epoch_1.pth')
    change(checkpoint)
    torch.save(checkpoint, tmp_path / 'changed.pth')
    with pytest.raises(ValueError, match=f'changed.pth:.*{message}'):
        run_scripted(tmp_path, None, epochs=2, optimizer=momentum, resume=True,
                     load_from=str(tmp_path / 'changed.pth'))


def test_load_from_takes_no_weights_that_are_not_finite(run_scripted, changed_checkpoint, tmp_path):
    path = changed_checkpoint(lambda state: state['weight'].fill_(math.nan))
    with pytest.raises(ValueError, match='changed.pth: weight: found numbers that are not finite'):
        run_scripted(tmp_path / 'tuned', None, epochs=1, load_from=str(path))


def test_the_console_shows_warnings_and_the_file_every_line(run_scripted, tmp_path, capsys):
    runner = run_scripted(tmp_path, None, epochs=1)
    consoles = [h for h in runner.logger.handlers if type(h) is logging.StreamHandler]
    assert [handler.level for handler in consoles] == [logging.WARNING]
    for handler in consoles:
        handler.setStream(logging.sys.stderr)
    capsys.readouterr()
    runner.logger.info('a quiet line')
    runner.logger.warning('a loud line')
    runner.logger.warning('"FileClient" will be deprecated in the future')
    shown = ''.join(capsys.readouterr())
    assert 'a loud line' in shown and 'quiet' not in shown and 'FileClient' not in shown
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'a quiet line' in log and 'a loud line' in log and 'Saving the checkpoint' in log


TWO = dict(a=[1., 2., 2.], b=[3., 2., 1.])
BOTH = dict(save_best=['a', 'b'], checkpoint=dict(rule=['greater', 'greater']))


def test_best_checkpoints_of_two_keys_are_adopted_in_a_moved_run(
        run_scripted, history_of, tmp_path):
    run_scripted(tmp_path / 'old', TWO, epochs=2, **BOTH)
    (tmp_path / 'old').rename(tmp_path / 'new')
    (tmp_path / 'new/last_checkpoint').write_text(str(tmp_path / 'new/epoch_2.pth'))
    runner = run_scripted(tmp_path / 'new', TWO, epochs=3, resume=True, **BOTH)
    info = runner.message_hub.runtime_info
    assert info['best_ckpt_a'] == str(tmp_path / 'new/best_a_epoch_2.pth')
    assert info['best_ckpt_b'] == str(tmp_path / 'new/best_b_epoch_1.pth')
    assert [epoch for epoch, _ in history_of(runner)] == [1, 2, 3]
    assert {path.name for path in (tmp_path / 'new').glob('best_*')} == {
        'best_a_epoch_2.pth', 'best_b_epoch_1.pth'}


def test_best_checkpoints_of_another_run_are_forgotten_and_stay(
        run_scripted, history_of, tmp_path):
    run_scripted(tmp_path / 'other', TWO, epochs=2, **BOTH)
    before = sorted(path.name for path in (tmp_path / 'other').glob('*.pth'))
    (tmp_path / 'new').mkdir()
    (tmp_path / 'new/last_checkpoint').write_text(str(tmp_path / 'other/epoch_2.pth'))
    worse = {key: [0., 0., 0.] for key in TWO}
    runner = run_scripted(tmp_path / 'new', worse, epochs=3, resume=True, **BOTH)
    info = runner.message_hub.runtime_info
    for key in TWO:  # worse than the other run's, yet the best of this one
        assert info[f'best_ckpt_{key}'] == str(tmp_path / f'new/best_{key}_epoch_3.pth')
        assert info[f'best_score_{key}'] == 0.
    assert [epoch for epoch, _ in history_of(runner)] == [3]
    assert sorted(path.name for path in (tmp_path / 'other').glob('*.pth')) == before


@MODELS.register_module()
class NormedModel(BaseModel):
    """Its batch norm needs two images."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(1)

    def forward(self, inputs, mode):
        return dict(loss=self.norm(torch.stack(inputs)).sum())


@pytest.mark.parametrize('size, loop', [
    (4, dict(by_epoch=True, max_epochs=1)), (4, dict(by_epoch=False, max_iters=9)),
    (1, dict(by_epoch=True, max_epochs=1))])
def test_a_batch_of_one_that_cannot_be_normalised(run_scripted, session_of, tmp_path, size, loop):
    loader = dict(batch_size=size, dataset=[dict(inputs=torch.ones(1))] * 9,
                  sampler=dict(type='DefaultSampler', shuffle=False))
    run = dict(model=dict(type='NormedModel'), train_cfg=loop)
    with pytest.raises(ValueError, match=f'train_dataloader: 9 images in batches of {size} make a '
                                         'batch of one, .* another train_dataloader.batch_size'):
        run_scripted(tmp_path / 'one', None, train_dataloader=loader, **run)
    if size > 1:  # what the message advises
        run_scripted(tmp_path / 'two', None, train_dataloader=dict(loader, drop_last=True), **run)
    assert session_of(DIGITS, '+train_dataloader.drop_last=True').cfg.train_dataloader.drop_last

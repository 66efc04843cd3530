import logging
import random
import warnings

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS
from torch.utils.data import DataLoader

from plugins.engine.hooks import monitor_check_hook
from plugins.engine.hooks.monitor_check_hook import validate_two_samples

CHECK = dict(check=dict(type='MonitorCheckHook'))
SCORES = dict(accuracy=[1.], loss=[1.])


@pytest.mark.parametrize('changes, message', [
    (dict(save_best='accuracy/top1'),
     r"SafeCheckpointHook \(save_best\) monitors 'accuracy/top1'.* It computes: accuracy, loss. "
     'The nearest is accuracy.'),
    (dict(save_best=['accuracy', 'acc']), r"monitors 'acc', but"),
    (dict(hooks=dict(CHECK, stop=dict(type='EarlyStopHook', monitor='losses'))),
     "EarlyStopHook monitors 'losses'.*nearest is loss"),
    (dict(hooks=dict(CHECK, stop=dict(type='EarlyStoppingHook', monitor='acc'))),
     "EarlyStoppingHook monitors 'acc'"),
    (dict(param_scheduler=[dict(type='ReduceLROnPlateau', monitor='val_loss')]),
     "ReduceLROnPlateau monitors 'val_loss'.*nearest is loss"),
    (dict(param_scheduler=[dict(type='ReduceOnPlateauLR', monitor='val_loss')]),
     "ReduceOnPlateauLR monitors 'val_loss'"),
    (dict(hooks=dict(check=dict(type='MonitorCheckHook', keys=['f1', 'loss']))),
     r"MonitorCheckHook \(keys, or save_best\) monitors 'f1', but")])
def test_a_wrong_key_ends_the_run_before_its_first_batch(run_scripted, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        run_scripted(tmp_path, SCORES, **{**dict(hooks=CHECK), **changes})
    assert not list(tmp_path.glob('*.pth'))


def test_right_keys_pass_and_auto_is_whatever_comes_first(run_scripted, tmp_path):
    stop = dict(type='EarlyStopHook', monitor='loss', restore_best=False)
    runner = run_scripted(
        tmp_path, SCORES, epochs=1, save_best='accuracy', hooks=dict(CHECK, stop=stop),
        param_scheduler=[dict(type='ReduceLROnPlateau', monitor='loss')])
    assert runner.epoch == 1
    assert run_scripted(tmp_path / 'auto', SCORES, epochs=1, save_best='auto',
                        hooks=CHECK, checkpoint=dict(rule='greater')).epoch == 1


def test_a_matrix_or_no_validation_is_rejected(run_scripted, tmp_path):
    with pytest.raises(ValueError, match="'matrix', but .* It computes: score, seen"):
        build(run_scripted, tmp_path, save_best='matrix', checkpoint=dict(rule='less'),
              hooks=CHECK)
    with pytest.raises(ValueError, match="monitors 'loss', but there is no validation"):
        run_scripted(tmp_path, None, save_best='loss', hooks=CHECK)
    assert run_scripted(tmp_path, None, epochs=1, hooks=CHECK).epoch == 1


@METRICS.register_module()
class _Loud(BaseMetric):
    """Uses random numbers, prints, warns, logs; gives a number, a matrix and what it saw."""
    evaluated: list[tuple[int, list]] = []

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)
        random.random(), np.random.rand(), torch.rand(1)

    def compute_metrics(self, results):
        print('loud')
        warnings.warn('loud', stacklevel=2)
        logging.getLogger('mmengine').warning('loud')
        _Loud.evaluated.append((len(results), [sample['mode'] for sample in results]))
        return dict(score=torch.tensor(0.5), matrix=torch.eye(2), seen=len(results))


def build(run_scripted, tmp_path, **changes):
    """A runner after one epoch with the loud metric."""
    return run_scripted(tmp_path, SCORES, epochs=1, samples=5,
                        val_evaluator=dict(type='_Loud'), **changes)


def states(runner):
    modes = [module.training for module in runner.model.modules()]
    return (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(),
            modes)


@pytest.mark.parametrize('training', [True, False])
def test_it_leaves_no_trace(run_scripted, tmp_path, capfd, training):
    runner = build(run_scripted, tmp_path)
    runner.model.train(training)
    _Loud.evaluated.clear()
    capfd.readouterr()
    before = states(runner)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        metrics = validate_two_samples(runner)
    assert states(runner) == before
    assert ''.join(capfd.readouterr()) == ''
    assert logging.root.manager.disable == logging.NOTSET
    # Two samples in one batch, in evaluation mode; the real evaluator still empty.
    assert metrics['seen'] == 2 and _Loud.evaluated == [(2, [False, False])]
    assert runner.val_loop.evaluator.metrics[0].results == []
    assert len(runner.val_loop.dataloader) == 5


class Recorder(list):
    """A data set that notes the indices asked for, and hands out batches like ArrayDataset."""

    def __getitems__(self, indices):
        self.taken.append(indices)
        return [dict(inputs=torch.ones(1)) for _ in indices]


@pytest.mark.parametrize('length, processes, expected', [
    (9, 1, [[0, 8]]), (1, 1, [[0]]), (9, 2, [[0], [8]]), (9, 3, [[0], [4], [8]]),
    (2, 3, [[0], [1], [0]])])
def test_each_process_takes_its_share(run_scripted, tmp_path, monkeypatch, length, processes,
                                      expected):
    runner = build(run_scripted, tmp_path)
    data = Recorder(range(length))
    data.taken = []
    monkeypatch.setattr(runner.val_loop, 'dataloader', DataLoader(data, collate_fn=pseudo_collate))
    for rank in range(processes):
        monkeypatch.setattr(monitor_check_hook, 'get_dist_info', lambda r=rank: (r, processes))
        validate_two_samples(runner)
    assert data.taken == expected

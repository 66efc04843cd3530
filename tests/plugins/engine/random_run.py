"""A run of a small net on data that draw from all random generators, and when two are the same."""
import itertools
import json
import random
import signal

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, HOOKS, MODELS
from torch import nn

import plugins.engine.registration  # noqa: F401
from plugins.engine.experiment import EXPERIMENT
from plugins.engine.runner import TransferRunner
from plugins.engine.stop_signal import Stopped, request

_numbers = itertools.count()
SAMPLES, BATCH = 10, 2  # five iterations each epoch
SCORES = [1., 2., 3.]  # of the validations


@DATASETS.register_module()
class NoisyNumbers(torch.utils.data.Dataset):
    """Each item draws from all three generators, as transforms do."""

    def __len__(self):
        return SAMPLES

    def __getitem__(self, index):
        noise = random.random() + np.random.rand() + torch.rand(1).item()
        return dict(inputs=torch.tensor([index / SAMPLES, noise]))


@MODELS.register_module()
class RandomNet(BaseModel):
    """Dropout draws in every step; batch norm has a state of its own."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5),
                                    nn.Linear(4, 1))

    def forward(self, inputs, mode='tensor'):
        outputs = self.layers(torch.stack(inputs) if isinstance(inputs, list) else inputs)
        return dict(loss=outputs.square().mean()) if mode == 'loss' else list(outputs)


@HOOKS.register_module()
class StopAt(Hook):
    """Asks the loop to stop, or dies, in an iteration."""

    def __init__(self, iteration, dies=False):
        self.iteration, self.dies = iteration, dies

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            if self.dies:
                raise KeyboardInterrupt
            request(signal.SIGTERM)


@pytest.fixture(name='train')
def train_fixture(tmp_path):
    """A function that trains RandomNet until it ends, stops or dies."""
    def call(name='run', stop=None, dies=False, resume=None, loop=None, sampler='DefaultSampler',
             workers=0, persistent=False, checkpoint=None, accumulate=1, hooks=None, **changes):
        loader = dict(batch_size=BATCH, num_workers=workers, persistent_workers=persistent,
                      dataset=dict(type='NoisyNumbers'), sampler=dict(type=sampler, shuffle=True))
        cfg = dict(
            model=dict(type='RandomNet'), work_dir=str(tmp_path / name), train_dataloader=loader,
            experiment_name=f'exact_{next(_numbers)}', randomness=dict(seed=0),
            train_cfg=loop or dict(by_epoch=True, max_epochs=3),
            val_dataloader=dict(loader, sampler=dict(
                type='DefaultSampler', shuffle=False)), val_cfg=dict(),
            val_evaluator=dict(type='ScriptedMetric', scores=dict(a=SCORES),
                               clock='iter' if loop else 'epoch'),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9),
                               accumulative_counts=accumulate),
            param_scheduler=[dict(type='LinearLR', by_epoch=False, end=10)],
            default_hooks=dict(
                runtime_info=dict(type='LossLogHook'), record=dict(type='RunRecordHook'),
                checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1)
                | (checkpoint or {}), **(hooks or {})))
        cfg.update(changes)
        if resume:
            cfg.update(resume=True, load_from=str(tmp_path / name / resume))
        runner = TransferRunner.from_cfg(Config(cfg, format_python_code=False))
        runner.message_hub.update_info(EXPERIMENT, json.dumps(
            {f'train_cfg.{key}': value for key, value in cfg['train_cfg'].items()}))
        if stop is None:
            runner.train()
            return runner
        runner.register_hook(StopAt(stop, dies))
        with pytest.raises(KeyboardInterrupt if dies else Stopped):
            runner.train()
        return runner
    return call


def history(runner):
    record = next(h for h in runner.hooks if type(h).__name__ == 'RunRecordHook')
    return [{**entry, 'seconds': 0} for entry in record.history]


def same(runner, other):
    states = runner.model.state_dict(), other.model.state_dict()
    assert runner.iter == other.iter
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert history(runner) == history(other)
    # the random states after the runs
    ends = [run.train_loop.position()['processes'][0]['now'] for run in (runner, other)]
    assert ends[0]['python'] == ends[1]['python'] and ends[0]['numpy'] == ends[1]['numpy']

import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import CheckpointHook

from plugins.engine import run_record
from plugins.engine.hooks import RunRecordHook
from plugins.engine.run_record import git_commit


def test_the_recorded_loss_is_the_mean_over_the_epoch(run_scripted, tmp_path):
    """By hand: plain SGD of rate 0.01 on (w - 1)^2, then (w - 2)^2, from w = 0; twice."""
    runner = run_scripted(tmp_path, dict(top1=[1., 2.]), epochs=2,
                          optimizer=dict(type='SGD', lr=0.01))
    weight, means = 0., []
    for _ in range(2):
        losses = []
        for target in (1., 2.):
            losses.append((weight - target) ** 2)
            weight -= 0.01 * 2 * (weight - target)
        means.append(sum(losses) / 2)
    hook = next(hook for hook in runner.hooks if isinstance(hook, RunRecordHook))
    assert [entry['train']['loss'] for entry in hook.history] == pytest.approx(means)
    assert [entry['train']['lr'] for entry in hook.history] == [0.01, 0.01]


def test_the_commit_is_named_also_at_a_tag_and_whether_tracked_files_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(run_record, 'REPO_ROOT', tmp_path)
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(tmp_path.parent))
    assert git_commit() is None

    def git(*args: str) -> str:
        identity = ('-c', 'user.name=a', '-c', 'user.email=a@b')
        return subprocess.run(['git', *identity, *args], cwd=tmp_path, check=True, text=True,
                              capture_output=True).stdout.strip()
    git('init')
    assert git_commit() is None  # before the first commit
    (tmp_path / 'a').write_text('1')
    git('add', 'a')
    git('commit', '-m', 'first')
    git('tag', '-a', 'v1', '-m', 'first')
    (tmp_path / 'untracked').touch()
    assert git_commit() == git('rev-parse', 'HEAD')
    (tmp_path / 'a').write_text('2')
    assert git_commit() == git('rev-parse', 'HEAD') + '-dirty'


class Hub(dict):
    """Of mmengine's message hub, what the hook uses."""

    def pop_info(self, key):
        del self[key]


def test_tables_of_a_test_are_kept_for_the_record_and_out_of_the_log():
    tables = dict(classes=dict(cat=dict(images=1)), confusion_matrix=[[1]])
    hub = Hub({f'test/{key}': value for key, value in tables.items()})
    hook = RunRecordHook()
    plain = dict(a=1, b=np.float32(2.5), c=torch.tensor(3.), d=torch.ones(2, 2), other='text')
    hook.after_test_epoch(SimpleNamespace(message_hub=hub), dict(tables, **plain))
    assert hook.test_tables == tables and hook.test_metrics == dict(a=1., b=2.5, c=3.)
    assert not hub
    hook.after_test_epoch(SimpleNamespace(message_hub=hub), dict(loss=0.5))
    assert hook.test_tables == {}


@pytest.mark.parametrize('monitor, rule, best_epoch', [
    ('acc', 'greater', 2), ('loss', 'less', 3), (None, None, 4),
    (['acc', 'loss'], ['greater', 'less'], 2)])
def test_best_is_the_epoch_that_the_checkpoint_hook_would_keep(monitor, rule, best_epoch):
    scores = [dict(acc=10., loss=3.), dict(acc=30., loss=2.), dict(acc=30., loss=1.),
              dict(acc=20., loss=1.)]
    hook = RunRecordHook()
    hook.history = [dict(epoch=i + 1, metrics=m) for i, m in enumerate(scores)]
    hook.history.insert(1, dict(epoch=9, metrics={}))  # as in a damaged checkpoint
    best = hook.best(CheckpointHook(save_best=monitor, rule=rule), 4)
    first = monitor[0] if isinstance(monitor, list) else monitor
    assert (best['epoch'], best['monitor']) == (best_epoch, first)


def test_an_epoch_that_was_not_validated_has_no_metrics():
    hook = RunRecordHook()
    hook.history = [dict(epoch=1, metrics=dict(acc=10.))]
    assert hook.best(CheckpointHook(), 1)['metrics'] == dict(acc=10.)
    assert hook.best(CheckpointHook(), 2) == dict(epoch=None, metrics={}, monitor=None)

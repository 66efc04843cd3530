"""The hooks of a run in the order in which they run: by priority, then by place in the config."""
import pytest

from plugins.engine.session import Session
from tests.conftest import DIGITS
from tests.plugins.engine.test_evaluated_part import ROADS

FIRST = ['LossLogHook', 'IterTimerHook', 'DistSamplerSeedHook', 'SyncBuffersHook', 'RunRecordHook',
         'DisjointPartsHook']
LAST = ['LoggerHook', 'ParamSchedulerHook', 'SafeCheckpointHook', 'ProgressHook',
        'NonFiniteLossHook', 'MonitorCheckHook', 'EarlyStopHook']


@pytest.mark.parametrize('config, own', [
    (DIGITS, ['NumClassesHook', 'VisualizationHook', 'FitNormalizationHook']),
    (ROADS, ['DetVisualizationHook'])])
def test_hooks_run_in_this_order(repo_root, tmp_path, config, own):
    stop = '+default_hooks.stop.'
    session = Session(str(repo_root / config), [
        f'{stop}type=EarlyStopHook', f'{stop}monitor=loss', f'{stop}restore_best=False'])
    session.enter_work_dir(str(tmp_path / 'w'), None, overwrite=False)
    hooks = session.build_runner().hooks
    assert [type(hook).__name__ for hook in hooks] == [*FIRST, *own, *LAST]
    # Where the order matters, no two share a priority.
    assert [hook.priority for hook in hooks][-5:] == ['VERY_LOW', 92, 94, 96, 98]

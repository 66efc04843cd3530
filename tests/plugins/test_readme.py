"""plugins/README.md: its examples work as printed, its lists of hooks are the real ones."""
import re
import sys

import pytest

from plugins.engine.files import REPO_ROOT

README = (REPO_ROOT / 'plugins/README.md').read_text()
DIGITS = REPO_ROOT / 'configs/basenet/basenet-residual_scratch_1xb64-20e_digits-16px.py'
ROADS = REPO_ROOT / 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


def test_modules_that_are_named_are_there():
    ours = re.sub('<!-- upstream.*?\n\n', '', README, flags=re.S)  # the table of others' tools
    named = set(re.findall(r'`([\w/]+\.(?:py|sh))`', ours)) - {'stripes.py'}
    assert len(named) > 15
    assert [name for name in sorted(named) if not any(
        (REPO_ROOT / folder / name).is_file() for folder in
        ('', 'plugins', 'plugins/detection/metrics', 'tools/misc'))] == []


def test_the_experiment_of_the_examples_trains_and_is_tested(tmp_path, monkeypatch):
    """Config, data set, backbone, head, metric and hook, each exactly as the README prints it."""
    from tools.test import main as test
    from tools.train import main as train

    (tmp_path / 'my_plugins').mkdir()
    blocks = re.findall(r'```python\n# ([\w/]+\.py)\n(.*?)```', README, re.S)
    assert len(blocks) == 6 and all(code.count('\n') <= 21 for _, code in blocks)
    for name, code in blocks:
        (tmp_path / name).write_text(code.replace("= 'configs/", f"= '{REPO_ROOT}/configs/"))
    monkeypatch.syspath_prepend(str(tmp_path))
    config, run = str(tmp_path / 'stripes.py'), tmp_path / 'run'
    options = ['--cfg-options', 'train_cfg.max_epochs=2']
    try:
        trained = train([config, '--work-dir', str(run), *options])
        tested = test([config, trained['checkpoint'], *options])
    finally:
        for name in [name for name in sys.modules if name.startswith('my_plugins')]:
            del sys.modules[name]
    assert 0.5 <= trained['metrics']['confidence/mean'] <= 1
    assert tested['metrics']['accuracy/top1'] >= 50 and list(tested['classes']) == [
        'horizontal', 'vertical']
    log, = run.glob('*/*.log')
    assert 'epoch 1 is over' in log.read_text()


def described(task: str) -> dict[str, list[str]]:
    """Hooks at each moment, as the README lists them for one task."""
    rows = re.findall(r'^\| `(\w+)` \| (.*) \|$', README.partition('<!-- hooks')[2], re.M)
    other = {'classifier': '(d)', 'detector': '(c)'}[task]
    return {moment: [re.sub(r' \(.\)', '', hook) for hook in cell.split(' → ')
                     if not hook.endswith(other)] for moment, cell in rows}


@pytest.mark.parametrize('task, path, extra', [
    ('classifier', DIGITS, dict(
        feature_cache=dict(type='FeatureCacheHook'),
        phases=dict(type='TrainablePhasesHook', phases=[dict(begin=0, trainable=['head'])]))),
    ('detector', ROADS, dict(statistics=dict(type='YOLOStatisticsHook')))])
def test_hooks_run_in_the_order_that_the_readme_gives(task, path, extra, tmp_path):
    from plugins.engine.session import Session
    session = Session(str(path))
    session.cfg.default_hooks.update(
        extra, early_stop=dict(type='EarlyStopHook', monitor='loss', patience=3))
    session.cfg.custom_hooks = [dict(type='EMAHook')]
    session.cfg.work_dir = str(tmp_path)
    runner = session.build_runner()
    listed = described(task)
    assert len(listed) >= 12
    for moment, hooks in listed.items():
        assert [type(hook).__name__ for hook in runner.hooks
                if moment in hook.get_triggered_stages()] == hooks, moment

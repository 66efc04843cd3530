"""plugins/README.md: its examples work as printed, its lists of hooks are the real ones."""
import re
import sys

import pytest

from plugins.engine.files import REPO_ROOT

README = (REPO_ROOT / 'plugins/README.md').read_text()
DIGITS = REPO_ROOT / 'configs/basenet/basenet-residual_scratch_1xb64-20e_digits-16px.py'
ROADS = REPO_ROOT / 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


def test_modules_that_are_named_are_there():
    named = set(re.findall(r'`([\w/]+\.(?:py|sh))`', README))
    assert len(named) > 15
    assert [name for name in sorted(named) if not any(
        (REPO_ROOT / folder / name).is_file() for folder in
        ('', 'plugins', 'plugins/detection/metrics', 'tools/misc'))] == []


def test_an_experiment_of_the_examples_alone_trains_and_is_tested(tmp_path, monkeypatch, capsys):
    """Data set, backbone, head, metric and hook, each exactly as the README prints it."""
    from tools.train import main

    package = tmp_path / 'my_plugins'
    package.mkdir()
    blocks = re.findall(r'```python\n# my_plugins/(\w+)\.py\n(.*?)```', README, re.S)
    for name, code in blocks:
        (package / f'{name}.py').write_text(code)
        assert len(code.splitlines()) <= 15
    monkeypatch.syspath_prepend(str(tmp_path))
    loader = dict(batch_size=20, dataset=dict(source=dict(_delete_=True, type='stripes')))
    metrics = [dict(type='Accuracy', topk=(1,)), dict(type='Confidence')]
    config = dict(
        _base_=[str(DIGITS)],
        custom_imports=dict(imports=['plugins.classification', *(
            f'my_plugins.{name}' for name, _ in blocks)], allow_failed_imports=False),
        custom_hooks=[dict(type='EpochNoteHook')],
        model=dict(backbone=dict(_delete_=True, type='TinyNet'), head=dict(
            _delete_=True, type='CosineHead', num_classes=2, in_channels=8)),
        train_dataloader=loader, val_dataloader=loader, val_evaluator=metrics,
        test_dataloader=None, test_evaluator=None, test_cfg=None,  # stripes have no test part
        train_cfg=dict(max_epochs=1))
    path = tmp_path / 'stripes.py'
    path.write_text(''.join(f'{key} = {value!r}\n' for key, value in config.items()))
    try:
        result = main([str(path), '--work-dir', str(tmp_path / 'run')])
    finally:
        for name in [name for name in sys.modules if name.startswith('my_plugins')]:
            del sys.modules[name]
    assert len(blocks) == 5
    assert 0.5 <= result['metrics']['confidence/mean'] <= 1
    assert result['metrics']['accuracy/top1'] >= 50
    log, = (tmp_path / 'run').glob('*/*.log')
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

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tensorboard.summary.writer.event_file_writer import _AsyncWriterThread

from plugins.engine import continuing
from plugins.engine.files import REPO_ROOT
from plugins.engine.run_reader import read_run
from tests.conftest import DIGITS
from tools import report, test
from tools.analysis_tools import compare_runs


def test_result_json_holds_the_record(digits_run):
    result = json.loads((digits_run / 'result.json').read_text())
    assert result['config'].startswith('configs/basenet/')
    assert (result['mode'], result['split'], result['seed']) == ('train', 'val', 0)
    assert result['epochs'] == 2 and [e['epoch'] for e in result['history']] == [1, 2]
    for entry in result['history']:
        assert set(entry['train']) == {'loss', 'accuracy/top1', 'lr'}
    scores = [entry['metrics']['accuracy/top1'] for entry in result['history']]
    assert result['metrics']['accuracy/top1'] == max(scores)
    assert result['best_epoch'] == 1 + scores.index(max(scores))
    assert f"epoch_{result['best_epoch']}.pth" in result['checkpoint']
    checkpoint = torch.load(digits_run / result['checkpoint'].split('/')[-1])
    tensors = checkpoint['state_dict']
    # scikit-learn's digits average 4.88 of 16 (their own documentation's figure is 4.884).
    mean = tensors['data_preprocessor.mean'].flatten()
    assert mean.tolist() == pytest.approx([4.88 / 16 * 255] * 3, rel=0.03)
    buffers = ('running_mean', 'running_var', 'num_batches_tracked', 'or.mean', 'or.std')
    learned = sum(v.numel() for k, v in tensors.items() if not k.endswith(buffers))
    assert result['parameters'] == dict(total=learned, trainable=learned)
    assert len(result['data_fingerprint']['train']) == 64
    assert result['torch_version'] == torch.__version__ and result['seconds'] > 0
    assert len(result['config_hash']) == 66 and result['processes'] == 1


def test_without_validation_the_last_checkpoint_is_the_result(
        train_digits, digits_run, digits_options, tmp_path, capsys):
    run = tmp_path / 'run'
    options = ('train_cfg.max_epochs=2',)
    result = train_digits('--no-validate', '--work-dir', str(run), options=options)
    assert f'Checkpoint: {run}/epoch_2.pth' in capsys.readouterr().out
    assert (result['metrics'], result['best_epoch'], result['monitor']) == ({}, None, None)
    assert result['checkpoint'] == str(run / 'epoch_2.pth') and not list(run.glob('best_*'))
    tested = test.main([str(run)])
    assert tested['checkpoint'] == result['checkpoint']
    row, = compare_runs.main([str(run)])
    assert row['metrics']['accuracy/top1'] == dict(
        val=None, test=tested['metrics']['accuracy/top1'])
    assert report.main([str(run), '-o', str(tmp_path / 'page.html')]).stat().st_size > 1000
    # the validated epochs before are not those of the result
    shutil.copytree(digits_run, other := tmp_path / 'other')
    result = train_digits('--work-dir', str(other), '--resume', '--no-validate',
                          options=('train_cfg.max_epochs=3',))
    assert result['checkpoint'] == str(other / 'epoch_3.pth') and result['metrics'] == {}
    assert [bool(entry['metrics']) for entry in result['history']] == [True, True, False]
    assert result['history'][2]['train']['loss'] > 0


@pytest.mark.parametrize('options, told', [
    (['+default_hooks.stop.type=EarlyStopHook', '+default_hooks.stop.monitor=loss'],
     "EarlyStopHook monitors 'loss'"),
    (['+param_scheduler.1.type=ReduceLROnPlateau', '+param_scheduler.1.monitor=loss'],
     "ReduceLROnPlateau monitors 'loss'")])
def test_what_needs_a_validation_is_rejected_without_one(train_digits, tmp_path, options, told):
    with pytest.raises(ValueError, match=f'{told}, but there is no validation .--no-validate'):
        train_digits('--no-validate', '--work-dir', str(tmp_path / 'w'), options=tuple(options))
    assert not list(tmp_path.rglob('*.pth'))


def test_options_of_the_dataloaders(train_digits, tmp_path, monkeypatch):
    from plugins.engine.session import Session

    def stop(session, _):
        raise InterruptedError(session.cfg)
    monkeypatch.setattr(Session, 'build_runner', stop)
    options = tuple(f'+{part}_dataloader.{key}=True' for part in ('train', 'val', 'test')
                    for key in ('pin_memory', 'persistent_workers'))
    for argv, pinned, persistent in (([], True, True), (['--no-pin-memory'], False, True),
                                     (['--no-persistent-workers'], True, False)):
        with pytest.raises(InterruptedError) as stopped:
            train_digits('--work-dir', str(tmp_path / 'w'), *argv, options=options)
        cfg, = stopped.value.args
        for part in ('train', 'val', 'test'):
            loader = cfg[f'{part}_dataloader']
            assert (loader.pin_memory, loader.persistent_workers) == (pinned, persistent)


@pytest.mark.parametrize('backend, package, error', [
    ('WandbVisBackend', None, 'Please run "pip install wandb" to install wandb'),
    ('MLflowVisBackend', None, 'Please run "pip install mlflow" to install mlflow'),
    ('MLflowVisBackend', SimpleNamespace(), "has no attribute 'set_tracking_uri'")])
def test_a_backend_that_does_not_start_is_told(
        train_digits, tmp_path, monkeypatch, backend, package, error):
    monkeypatch.setitem(sys.modules, backend.removesuffix('VisBackend').lower(), package)
    with pytest.raises((ImportError, AttributeError), match=error):
        train_digits('--work-dir', str(tmp_path / 'w'), options=(
            f'+visualizer.vis_backends.2.type={backend}', ))


def test_same_seed_same_run_other_seed_other_run(train_digits, tmp_path):
    first, again, other = (
        train_digits('--work-dir', str(tmp_path / name), '--seed', seed)
        for name, seed in (('a', '1'), ('b', '1'), ('c', '2')))
    weights = [torch.load(tmp_path / name / 'epoch_1.pth')['state_dict']
               ['head.layers.1.fc.weight'] for name in 'abc']
    assert first['history'][0]['metrics'] == again['history'][0]['metrics']
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert (first['seed'], other['seed']) == (1, 2)
    assert first['config_hash'] == other['config_hash']


def test_fast_dev_run_tries_train_val_and_test_and_keeps_nothing(train_digits, monkeypatch,
                                                                 tmp_path):
    from mmengine.runner import Runner

    from plugins.engine import session
    tested = []
    original = Runner.test
    monkeypatch.setattr(Runner, 'test', lambda self: tested.append(original(self)))
    monkeypatch.setattr(session, 'default_work_dir', lambda *_: tmp_path / 'default')
    result = train_digits('--fast-dev-run')
    assert result['history'][0]['iter'] == 2 and 'accuracy/top1' in tested[0]
    assert result['checkpoint'] is None and not (tmp_path / 'default').exists()


def test_fast_dev_run_keeps_its_records_in_a_work_dir(train_digits, tmp_path):
    short = train_digits('--fast-dev-run', '--work-dir', str(tmp_path / 'run'))
    assert not list(tmp_path.rglob('*.pth')) and short['checkpoint'] is None
    run = read_run(tmp_path / 'run')
    assert run.trained['history'] == json.loads(json.dumps(short['history']))
    assert run.tested['metrics'] and run.tested['config_hash'] == run.trained['config_hash']
    whole = train_digits('--work-dir', str(tmp_path / 'whole'))
    assert whole['config_hash'] != short['config_hash']
    with pytest.raises(FileExistsError, match='contains an earlier run'):
        train_digits('--fast-dev-run', '--work-dir', str(tmp_path / 'whole'))


@pytest.mark.parametrize('option, message', [
    ('optim_wrapper.optimizer.lr=1e30', 'loss'), ('model.data_preprocessor.std=[0,1,1]', 'std=')])
def test_a_failed_run_leaves_no_thread_that_writes_into_its_folder(
        option, message, train_digits, tmp_path):
    before = threading.enumerate()  # other tests leave some
    with pytest.raises(ValueError, match=message):
        train_digits('--work-dir', str(tmp_path / 'run'), options=(option,))
    assert list(tmp_path.rglob('events.out.tfevents.*'))
    assert not [one for one in threading.enumerate()
                if isinstance(one, _AsyncWriterThread) and one not in before]


def test_resuming_another_runs_checkpoint_leaves_that_run_alone(train_digits, digits_run, tmp_path):
    other = Path(shutil.copytree(digits_run, tmp_path / 'other'))
    before = sorted(p.name for p in other.glob('*.pth'))
    result = train_digits('--work-dir', str(tmp_path / 'new'), '--resume',
                          str(other / 'epoch_2.pth'), options=('train_cfg.max_epochs=3',))
    assert sorted(p.name for p in other.glob('*.pth')) == before
    # its last epoch is its best one, so that all there is to know of it is in the checkpoint
    assert [entry['epoch'] for entry in result['history']] == [1, 2, 3]
    assert str(tmp_path / 'new') in result['checkpoint']
    with pytest.raises(FileExistsError, match='contains an earlier run'):
        train_digits('--work-dir', str(tmp_path / 'new'), '--resume', str(other / 'epoch_2.pth'))


def test_until_a_checkpoint_is_loaded_the_same_command_resumes_it(
        digits_run, train_digits, tmp_path, monkeypatch):
    shutil.copytree(digits_run, run := tmp_path / 'run')
    monkeypatch.setattr(sys, 'orig_argv', ['python', 'tools/train.py'])
    monkeypatch.setattr(continuing, '_work_dir', None)
    with pytest.raises(ValueError, match='was begun with seed 0, not 7'):
        train_digits('--work-dir', str(run), '--resume', str(run / 'epoch_2.pth'), '--seed', '7',
                     options=('train_cfg.max_epochs=3',))
    assert continuing.how_to_go_on() == 'To go on, run the same command again.'


@pytest.mark.parametrize('left', [None, b'PK'])
def test_a_run_without_its_best_checkpoint_keeps_its_record(
        left, digits_run, train_digits, tmp_path):
    shutil.copytree(digits_run, run := tmp_path / 'run')
    checkpoint = torch.load(run / 'epoch_2.pth')
    best = run / 'best_accuracy_top1_epoch_1.pth'
    checkpoint['message_hub']['runtime_info']['best_ckpt'] = str(best)
    torch.save(checkpoint, run / 'epoch_2.pth')
    if left:
        best.write_bytes(left)
    before = (run / 'result.json').read_text()
    with pytest.raises(ValueError, match=f'names {best.name}, which was removed or is damaged'):
        train_digits('--work-dir', str(run), '--resume', options=('train_cfg.max_epochs=3',))
    assert (run / 'result.json').read_text() == before


def test_a_killed_run_resumes_at_the_right_epoch(
        repo_root, digits_options, train_digits, tmp_path):
    work_dir = tmp_path / 'killed'
    process = subprocess.Popen(
        [sys.executable, 'tools/train.py', DIGITS, '--work-dir', str(work_dir),
         '--cfg-options', 'train_cfg.max_epochs=500', *digits_options],
        cwd=repo_root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (work_dir / 'epoch_3.pth').exists() and not (work_dir / 'epoch_4.pth').exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = int((work_dir / 'last_checkpoint').read_text().split('epoch_')[-1].split('.')[0])
    result = train_digits('--work-dir', str(work_dir), '--resume',
                          options=(f'train_cfg.max_epochs={reached + 2}',))
    iterations = result['history'][-1]['iter'] // result['epochs']
    assert [e['epoch'] for e in result['history']][-2:] == [reached + 1, reached + 2]
    assert result['epochs'] == reached + 2
    assert result['history'][-1]['iter'] == iterations * (reached + 2)


@pytest.mark.parametrize('task, sibling', [
    ('classification', 'mmdet'), ('detection', 'mmpretrain')])
def test_a_task_does_not_import_the_other_tasks_package(task, sibling):
    code = (f'import sys; import plugins.{task}; '
            f'sys.exit(any(name in sys.modules for name in ({sibling!r}, "kornia", "sklearn")))')
    subprocess.run([sys.executable, '-c', code], cwd=REPO_ROOT, check=True, capture_output=True)


def test_the_record_is_written_before_it_is_printed_and_says_what_the_config_changes(
        train_digits, monkeypatch, tmp_path):
    from plugins.engine import session
    seen = []
    monkeypatch.setattr(session, 'print_result', lambda _: seen.append(
        json.loads((tmp_path / 'w/result.json').read_text())))
    result = train_digits('--work-dir', str(tmp_path / 'w'), '--seed', '3')
    record, = seen
    assert record == json.loads(json.dumps(result)) and (tmp_path / 'w/curves.png').is_file()
    changes = {key: (base, own) for key, base, own in record['changes']}
    assert changes['train_cfg.max_epochs'][1] == '1'  # an option
    assert not any('data_root' in key or 'seed' in key for key in changes)
    assert record['recipe'] == dict(
        optimizer='Adam', lr=1e-3, decay=None, batch_size=64, max_epochs=1, dropouts=[0.25, 0.5],
        dense=[512])


@pytest.mark.parametrize('argv, options, error, message', [
    ([], ['train_cfg.max_epochs'], ValueError, 'train_cfg.max_epochs: expected KEY=VALUE'),
    ([], ['model.head.in_channels=7'], ValueError, 'does not run on two samples.*1024 and 7x'),
    ([], ['optim_wrapper.optimizer.lr=1e37'], ValueError,
     'epoch 1: the mean training loss is (nan|inf).*optim_wrapper.optimizer.lr is 1e[+]37'),
    ([], ['+model.backbone.init_cfg.type=Pretrained',
          '+model.backbone.init_cfg.checkpoint=/none.pth'], FileNotFoundError,
     'checkpoint /none.pth: no such file'),
    (['--auto-scale-lr'], [], ValueError, 'base_batch_size'),
    (['--resume', 'none.pth'], [], FileNotFoundError, '--resume none.pth: no such checkpoint'),
    (['--work-dir', '/no/caf\udce9'], [], UnicodeError, 'surrogates not allowed')])
def test_what_cannot_be_trained_is_told_and_leaves_no_checkpoint(
        train_digits, tmp_path, argv, options, error, message):
    with pytest.raises(error, match=message):
        train_digits('--work-dir', str(tmp_path / 'w'), *argv, options=tuple(options))
    assert not list(tmp_path.rglob('*.pth'))


@pytest.mark.parametrize('argv, message', [
    (['--seed', '-1'], "'-1' is not a whole number from 0 to 4294967295"),
    (['--work-dir', __file__], 'test_train.py: is a file, expected a folder'),
    (['--resume', '--overwrite'], 'give one of them'), (['--launcher', 'x'], 'invalid choice')])
def test_a_wrong_command_line_is_told_at_once(train_digits, capsys, argv, message):
    with pytest.raises(SystemExit):
        train_digits(*argv)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('argv, code, message', [
    (['configs/none.py'], 2, 'configs/none.py: no such config file'),
    ([DIGITS, '--work-dir={}', '--cfg-options', 'train_dataloader.dataset.source.data_root={}/x'],
     1, '/x: no such folder')])
def test_an_error_has_no_traceback(tmp_path, argv, code, message):
    done = subprocess.run(
        [sys.executable, 'tools/train.py', *(text.format(tmp_path / 'w') for text in argv)],
        cwd=REPO_ROOT, capture_output=True, text=True)
    assert done.returncode == code and message in done.stderr and 'Traceback' not in done.stderr
    assert code == 2 or 'MMTRANSFER_TRACEBACK=1' in done.stderr


def test_a_run_of_few_steps_says_so_and_how_long_to_train(train_digits, tmp_path, capsys):
    run = tmp_path / 'run'  # 240 images in batches of 64: 4 steps an epoch
    told = 'the run has 4 steps of the optimizer, fewer than 30: the model has hardly learnt; ' \
           'set train_cfg.max_epochs=8'
    result = train_digits('--work-dir', str(run))
    assert result['warnings'] == json.loads((run / 'result.json').read_text())['warnings'] == [told]
    assert f'Warning: {told}' in capsys.readouterr().out
    result = train_digits('--work-dir', str(run), '--overwrite',
                          options=('train_cfg.max_epochs=8', ))
    assert result['warnings'] == []
    assert train_digits('--fast-dev-run')['warnings'] == []
    result = train_digits('--work-dir', str(run), '--overwrite', '--no-validate', options=(
        'train_cfg.max_epochs=8', '+optim_wrapper.accumulative_counts=2'))
    assert '16 steps' in result['warnings'][0] and 'max_epochs=15' in result['warnings'][0]

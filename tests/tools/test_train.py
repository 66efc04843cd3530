import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from plugins.engine.files import REPO_ROOT


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
    checkpoint = torch.load(digits_run / result['checkpoint'].split('/')[-1], weights_only=False)
    tensors = checkpoint['state_dict']
    buffers = ('running_mean', 'running_var', 'num_batches_tracked', 'or.mean', 'or.std')
    learned = sum(v.numel() for k, v in tensors.items() if not k.endswith(buffers))
    assert result['parameters'] == dict(total=learned, trainable=learned)
    assert len(result['data_fingerprint']['train']) == 64
    assert result['torch_version'] == torch.__version__ and result['seconds'] > 0
    assert len(result['config_hash']) == 66 and result['processes'] == 1


def test_normalisation_of_the_training_set_is_in_the_checkpoint(digits_run):
    last = torch.load(digits_run / 'epoch_2.pth', weights_only=False)['state_dict']
    mean = last['data_preprocessor.mean'].flatten()
    # scikit-learn's digits average 4.88 of 16 (their own documentation's figure is 4.884).
    assert mean.tolist() == pytest.approx([4.88 / 16 * 255] * 3, rel=0.03)


def test_a_filled_work_dir_is_refused_and_left_alone(train_digits, digits_run):
    before = sorted(p.name for p in digits_run.rglob('*'))
    with pytest.raises(FileExistsError, match='holds an earlier run'):
        train_digits('--work-dir', str(digits_run))
    assert sorted(p.name for p in digits_run.rglob('*')) == before


def test_same_seed_same_run_other_seed_other_run(train_digits, tmp_path):
    first, again, other = (
        train_digits('--work-dir', str(tmp_path / name), '--seed', seed)
        for name, seed in (('a', '1'), ('b', '1'), ('c', '2')))
    weights = [torch.load(tmp_path / name / 'epoch_1.pth', weights_only=False)['state_dict']
               ['head.layers.1.fc.weight'] for name in 'abc']
    assert first['history'][0]['metrics'] == again['history'][0]['metrics']
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert (first['seed'], other['seed']) == (1, 2)
    assert first['config_hash'] == other['config_hash']


def test_typo_in_cfg_options_is_refused(train_digits, tmp_path):
    with pytest.raises(ValueError, match='optim_wraper.optimizer.lr.*optim_wrapper.optimizer.lr'):
        train_digits('--work-dir', str(tmp_path / 'x'), options=('optim_wraper.optimizer.lr=1',))
    assert not (tmp_path / 'x').exists()


def test_option_without_value_is_refused(train_digits, tmp_path):
    with pytest.raises(ValueError, match='train_cfg.max_epochs: expected KEY=VALUE'):
        train_digits('--work-dir', str(tmp_path / 'x'), options=('train_cfg.max_epochs',))


def test_wrong_number_of_classes_is_refused_before_the_first_batch(train_digits, tmp_path):
    with pytest.raises(ValueError, match='num_classes is 9, but the data have 10 classes'):
        train_digits('--work-dir', str(tmp_path / 'x'), options=('model.head.num_classes=9',))


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


def test_resume_without_a_checkpoint_and_with_overwrite_is_refused(train_digits, tmp_path, capsys):
    with pytest.raises(FileNotFoundError, match='holds no checkpoint. Leave out --resume'):
        train_digits('--work-dir', str(tmp_path / 'none'), '--resume')
    with pytest.raises(SystemExit):
        train_digits('--resume', '--overwrite')
    assert 'give one of them' in capsys.readouterr().err


def copy_run(source, target):
    shutil.copytree(source, target)
    return target


def test_resuming_another_runs_checkpoint_leaves_that_run_alone(train_digits, digits_run, tmp_path):
    other = copy_run(digits_run, tmp_path / 'other')
    before = sorted(p.name for p in other.glob('*.pth'))
    result = train_digits('--work-dir', str(tmp_path / 'new'), '--resume',
                          str(other / 'epoch_2.pth'), options=('train_cfg.max_epochs=3',))
    assert sorted(p.name for p in other.glob('*.pth')) == before
    assert [entry['epoch'] for entry in result['history']] == [3]
    assert str(tmp_path / 'new') in result['checkpoint']
    with pytest.raises(FileExistsError, match='holds an earlier run'):
        train_digits('--work-dir', str(tmp_path / 'new'), '--resume', str(other / 'epoch_2.pth'))


def test_a_copied_run_resumes_from_its_own_files(train_digits, digits_run, tmp_path):
    copy = copy_run(digits_run, tmp_path / 'copy')
    before = sorted(p.name for p in digits_run.glob('*.pth'))
    result = train_digits('--work-dir', str(copy), '--resume', options=('train_cfg.max_epochs=3',))
    assert sorted(p.name for p in digits_run.glob('*.pth')) == before
    assert [entry['epoch'] for entry in result['history']] == [1, 2, 3]
    assert str(copy) in result['checkpoint']


def test_a_resumed_run_keeps_its_seed(train_digits, digits_run, tmp_path):
    copy = copy_run(digits_run, tmp_path / 'copy')
    with pytest.raises(ValueError, match='begun with seed 0, not 5'):
        train_digits('--work-dir', str(copy), '--resume', '--seed', '5',
                     options=('train_cfg.max_epochs=3',))


def test_auto_scale_lr_needs_a_base_batch_size(train_digits, tmp_path):
    with pytest.raises(ValueError, match='base_batch_size'):
        train_digits('--work-dir', str(tmp_path / 'x'), '--auto-scale-lr')


def test_a_killed_run_resumes_at_the_right_epoch(repo_root, digits_root, train_digits, tmp_path):
    from tests.conftest import DIGITS
    work_dir = tmp_path / 'killed'
    data = [f'{loader}.dataset.source.data_root={digits_root / part}' for loader, part in (
        ('train_dataloader', 'train'), ('val_dataloader', 'train'), ('test_dataloader', 'test'))]
    process = subprocess.Popen(
        [sys.executable, 'tools/train.py', DIGITS, '--work-dir', str(work_dir),
         '--cfg-options', 'train_cfg.max_epochs=500', *data],
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


@pytest.mark.parametrize('argv, message', [
    (['configs/none.py'], 'configs/none.py: no such config file'),
    (['configs/_base_/default_runtime.py', '--launcher', 'x'], 'invalid choice')])
def test_command_line_errors_are_one_line_without_a_traceback(argv, message):
    done = subprocess.run([sys.executable, 'tools/train.py', *argv], cwd=REPO_ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr and 'Traceback' not in done.stderr


@pytest.mark.parametrize('argv, message', [
    (['--seed', '-1'], "'-1' is not a whole number from 0 to 4294967295"),
    (['--work-dir', __file__], 'test_train.py: is a file, expected a folder')])
def test_a_seed_or_folder_that_is_none_is_refused_at_once(train_digits, capsys, argv, message):
    with pytest.raises(SystemExit):
        train_digits(*argv)
    assert message in capsys.readouterr().err


def test_missing_weights_are_told_before_the_work_dir_is_made(train_digits, tmp_path):
    with pytest.raises(FileNotFoundError, match='checkpoint .*none.pth: no such file'):
        train_digits('--work-dir', str(tmp_path / 'w'), options=(
            '+model.backbone.init_cfg.type=Pretrained',
            f'+model.backbone.init_cfg.checkpoint={tmp_path}/none.pth'))
    assert not (tmp_path / 'w').exists()


def test_a_wrong_width_ends_in_a_sentence(train_digits, tmp_path):
    with pytest.raises(ValueError, match='does not run on two samples.*1024 and 7x'):
        train_digits('--work-dir', str(tmp_path / 'w'), options=('model.head.in_channels=7',))


def test_a_loss_of_nan_ends_the_run(train_digits, tmp_path):
    with pytest.raises(ValueError, match='epoch 1: the mean training loss is (nan|inf).*'
                                         'optim_wrapper.optimizer.lr is 1e[+]37'):
        train_digits('--work-dir', str(tmp_path / 'w'), options=(
            'optim_wrapper.optimizer.lr=1e37',))
    assert not list((tmp_path / 'w').glob('*.pth'))


def test_missing_data_end_in_a_sentence_that_names_the_place(tmp_path):
    from tests.conftest import DIGITS
    done = subprocess.run(
        [sys.executable, 'tools/train.py', DIGITS, '--work-dir', str(tmp_path / 'w'),
         '--cfg-options', f'train_dataloader.dataset.source.data_root={tmp_path}/nowhere'],
        cwd=REPO_ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and f'{tmp_path}/nowhere: no such folder' in done.stderr
    assert 'Traceback' not in done.stderr and 'MMTRANSFER_TRACEBACK=1' in done.stderr


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
    assert record['recipe'] == dict(optimizer='Adam', lr=1e-3, batch_size=64)

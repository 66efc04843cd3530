"""Trainings that are stopped or killed, and continued with the command that they print."""
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.conftest import DIGITS

pytestmark = pytest.mark.slow
EPOCHS = 3


@pytest.fixture(scope='module')
def command(repo_root, digits_options):
    """A function: the command that trains in a folder, in one process or in two."""
    def call(folder: Path, processes: int = 1, workers: int = 0) -> list[str]:
        start = [sys.executable, 'tools/train.py', DIGITS] if processes == 1 \
            else ['bash', 'tools/dist_train.sh', DIGITS, '2']
        return [*start, '--work-dir', str(folder), '--overwrite', '--cfg-options', *digits_options,
                f'train_cfg.max_epochs={EPOCHS}', 'train_dataloader.batch_size=2',
                '+train_dataloader.drop_last=True', f'train_dataloader.num_workers={workers}']
    return call


@pytest.fixture(scope='module')
def start(repo_root):
    """A function that starts a command in a process group of its own."""
    env = dict(os.environ, VENV=str(Path(sys.executable).parents[1]), OMP_NUM_THREADS='1')
    started = []

    def call(command: list[str]) -> subprocess.Popen:
        started.append(subprocess.Popen(
            command, cwd=repo_root, env=env, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]
    yield call
    for process in started:
        process.kill()


@pytest.fixture(scope='module')
def whole(command, start, tmp_path_factory):
    """A function: the folder of an undisturbed run."""
    folders = {}

    def call(processes: int = 1, workers: int = 0) -> Path:
        key = processes, workers
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp('whole') / 'run'
            done = start(command(folders[key], *key))
            assert done.communicate() and done.returncode == 0
        return folders[key]
    return call


def same(whole: Path, folder: Path) -> None:
    """Both runs have the same weights and metrics."""
    states = [torch.load(run / f'epoch_{EPOCHS}.pth')['state_dict'] for run in (whole, folder)]
    records = [json.loads((run / 'result.json').read_text()) for run in (whole, folder)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert records[0]['metrics'] == records[1]['metrics']


def wait_for(process: subprocess.Popen, line: str, seconds: float = 0.) -> None:
    """Wait until a process has printed a line, and then some seconds."""
    assert any(read.startswith(line) for read in process.stdout), process.stderr.read()
    time.sleep(seconds)


def ranks(launcher: subprocess.Popen) -> list[int]:
    """The ids of the processes that a launcher started."""
    children = Path(f'/proc/{launcher.pid}/task/{launcher.pid}/children').read_text().split()
    return sorted(map(int, children))


def wait_until_gone(pids: list[int]) -> None:
    for _ in range(3000):
        if not any(Path(f'/proc/{pid}').exists() for pid in pids):
            return
        time.sleep(.01)
    raise AssertionError(f'{pids} still run after 30 s')


@pytest.mark.parametrize('number, processes, workers, moment', [
    (signal.SIGTERM, 1, 0, 'Training'), (signal.SIGHUP, 1, 0, 'Training'),
    (signal.SIGINT, 1, 0, 'epoch 1/'), (signal.SIGTERM, 1, 2, 'Training'),
    (signal.SIGTERM, 2, 0, 'Training'), (signal.SIGINT, 2, 0, 'epoch 1/')])
def test_the_printed_command_continues_to_the_same_result(
        number, processes, workers, moment, command, start, whole, tmp_path):
    """Sent to all processes, as by a terminal or a cluster, and again by the launcher."""
    folder = tmp_path / 'run'
    stopped = start(command(folder, processes, workers))
    wait_for(stopped, moment, .5)
    os.killpg(stopped.pid, number)
    _, told = stopped.communicate()
    assert stopped.returncode == 128 + number
    found = re.fullmatch(rf'\nStopped by {number.name}. To go on from (.*?): (.*)\n', told)
    assert found and Path(found[1]).parent == folder, told
    resumed = start(shlex.split(found[2]))
    out, told = resumed.communicate()
    assert resumed.returncode == 0 and f'Continuing from {found[1]}' in out, told
    same(whole(processes, workers), folder)


def test_before_the_first_batch_the_same_command_starts_again(command, start, whole, tmp_path):
    folder = tmp_path / 'run'
    stopped = start(command(folder))
    while not folder.exists():
        assert stopped.poll() is None
        time.sleep(.01)
    stopped.terminate()
    _, told = stopped.communicate()
    assert stopped.returncode == 143
    assert told == '\nStopped by SIGTERM. To go on, run the same command again.\n'
    again = start([word for word in command(folder) if word != '--overwrite'])
    assert again.communicate() and again.returncode == 0
    same(whole(), folder)


def test_a_named_checkpoint_is_the_last_one_when_its_run_is_killed_before_it_saves(
        command, start, whole, tmp_path):
    folder = tmp_path / 'run'
    options = [*command(folder), 'default_hooks.checkpoint.max_keep_ckpts=-1']
    first = start(options)
    assert first.communicate() and first.returncode == 0
    options.remove('--overwrite')
    killed = start([*options, '--resume', str(folder / 'epoch_1.pth')])
    wait_for(killed, 'Training')
    killed.kill()
    killed.communicate()
    assert (folder / f'epoch_{EPOCHS}.pth').exists()
    resumed = start([*options, '--resume'])
    out, told = resumed.communicate()
    assert f'Continuing from {folder / "epoch_1.pth"}' in out, told
    same(whole(), folder)


@pytest.mark.parametrize('victim', ['launcher', 0, 1])
def test_a_killed_process_leaves_no_other_and_a_run_that_continues(
        victim, command, start, whole, tmp_path):
    folder = tmp_path / 'run'
    launcher = start(command(folder, 2))
    wait_for(launcher, 'epoch 2/')
    both = ranks(launcher)
    assert len(both) == 2
    os.kill(launcher.pid if victim == 'launcher' else both[victim], signal.SIGKILL)
    _, told = launcher.communicate()
    wait_until_gone(both)
    assert told.count('\n') <= 3 and 'Traceback' not in told
    if victim == 'launcher':
        assert told.startswith('\nStopped by SIGTERM. To go on from ')
    else:
        assert launcher.returncode == 137
        assert told.startswith(f'\nProcess {victim + 1} of 2 ended: Killed.')
    resumed = start(shlex.split(told.strip().rpartition(': ')[2]))
    out, told = resumed.communicate()
    assert resumed.returncode == 0 and 'Training 3 epochs from epoch' in out, told
    same(whole(2), folder)


def test_a_wrong_config_is_told_once(command, start, tmp_path):
    failed = start([*command(tmp_path / 'run', 2), 'model.backbone.bogus=3'])
    _, told = failed.communicate()
    assert failed.returncode == 1 and told.count('has no such key') == 1 and told.count('\n') <= 6

"""Two gloo processes on a machine without a GPU."""
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.conftest import DIGITS
from tools.misc.make_sample_data import main as make_sample_data

ROADS = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'
# Starts the processes as Slurm does, after a look at what slurm_*.sh typed.
SRUN = f'''#!{sys.executable}
import os, subprocess, sys
wanted = ['-p', 'part', '--job-name=job', '--gres=gpu:2', '--ntasks=2', '--ntasks-per-node=2',
          '--cpus-per-task=1', '--kill-on-bad-exit=1', '--gres=none', '--time', '9']
assert sys.argv[1:len(wanted) + 1] == wanted, sys.argv
place = dict(os.environ, SLURM_NTASKS='2', SLURM_NODELIST='node[3,7]')
tasks = [subprocess.Popen(sys.argv[len(wanted) + 1:], env=dict(
    place, SLURM_PROCID=str(rank), SLURM_LOCALID=str(rank))) for rank in range(2)]
sys.exit(max(task.wait() for task in tasks))
'''
SCONTROL = '''#!/bin/sh
[ "$*" = 'show hostname node[3,7]' ] && printf '127.0.0.1\\nnode7\\n'
'''


def environment(**more: object) -> dict[str, str]:
    """Variables of a user whose environment is this one; the ranks of no other run."""
    place = {'RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'}
    return {key: value for key, value in os.environ.items() if key not in place} | dict(
        VENV=str(Path(sys.executable).parents[1]), OMP_NUM_THREADS='1') | {
        key: str(value) for key, value in more.items()}


def free_port() -> int:
    """A port that no program uses now."""
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def run_script(script: str, *argv: object, repo_root: Path, **more: object
               ) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*([sys.executable] if script.endswith('.py') else []), f'tools/{script}', *map(str, argv)],
        cwd=repo_root, capture_output=True, text=True, env=environment(**more))


def indices(predictions: Path) -> list[int]:
    """The images in a file of predictions, in order."""
    return sorted(one['sample_idx'] for one in pickle.loads(predictions.read_bytes()))


@pytest.mark.slow
def test_two_processes_train_like_one_and_test_every_image_once(
        repo_root, digits_options, train_digits, tmp_path):
    done = run_script('dist_train.sh', DIGITS, 2, '--work-dir', tmp_path / 'two', '--cfg-options',
                      'train_cfg.max_epochs=20', 'train_dataloader.batch_size=16', *digits_options,
                      repo_root=repo_root)
    assert done.returncode == 0, done.stderr
    two = json.loads((tmp_path / 'two/result.json').read_text())
    one = train_digits('--work-dir', str(tmp_path / 'one'), options=(
        'train_cfg.max_epochs=20', 'train_dataloader.batch_size=32'))
    assert two['processes'] == 2 and two['epochs'] == one['epochs'] == 20
    assert two['history'][0]['iter'] == one['history'][0]['iter']
    # 24 validation images of 300 digits: one image is 4 points.
    assert two['metrics']['accuracy/top1'] == pytest.approx(one['metrics']['accuracy/top1'], abs=9)


def test_a_test_on_two_processes_gives_one_processs_figures(
        repo_root, digits_root, digits_run, tmp_path):
    checkpoint = next(digits_run.glob('best_*.pth'))
    option = f'test_dataloader.dataset.source.data_root={digits_root / "test"}'
    done = run_script('dist_test.sh', digits_run, 2, '--work-dir', tmp_path / 'two',
                      '--out', tmp_path / 'two.pkl', repo_root=repo_root)
    assert done.returncode == 0, done.stderr
    from tools.test import main
    one = main([str(repo_root / DIGITS), str(checkpoint), '--work-dir', str(tmp_path / 'one'),
                '--cfg-options', option])
    two = json.loads((tmp_path / 'two/result.json').read_text())
    assert two['processes'] == 2 and two['metrics'] == one['metrics']
    assert indices(tmp_path / 'two.pkl') == list(range(len(list(
        (digits_root / 'test').rglob('*.png')))))
    examples = [json.loads((tmp_path / f'{name}/examples/examples.json').read_text())
                for name in ('one', 'two')]
    assert examples[0]['examples'] == examples[1]['examples'] != []


@pytest.mark.parametrize('script, argv, code, message', [
    ('dist_train.sh', (), 2, 'usage: tools/dist_train.sh CONFIG NUM_PROCS'),
    ('dist_test.sh', (), 2, r'usage: tools/dist_test.sh CONFIG \[CHECKPOINT\] NUM_PROCS'),
    ('slurm_train.sh', ('gpu', 'job', DIGITS), 2,
     r'usage: \[GPUS=8\] .*tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR \['),
    ('slurm_test.sh', (), 2, 'usage: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT'),
    ('dist_train.sh', (DIGITS, 'two'), 2, "NUM_PROCS: 'two' is not a whole number above 0"),
    ('dist_train.sh', ('missing.py', 2), 2, 'missing.py: no such config file'),
    ('dist_train.sh', (DIGITS, 2, '--bogus'), 2, 'dist_train.sh: error: unrecognized.*--bogus'),
    ('train.py', (DIGITS, '--launcher', 'pytorch'), 1, '--launcher pytorch: RANK.*dist_train.sh')])
def test_wrong_arguments(script, argv, code, message, repo_root, monkeypatch):
    for variable in ('RANK', 'WORLD_SIZE'):
        monkeypatch.delenv(variable, raising=False)
    done = run_script(script, *argv, repo_root=repo_root)
    assert done.returncode == code and re.search(message, done.stderr)


def test_slurm_tests_a_run(repo_root, tmp_path, monkeypatch):
    (tmp_path / 'srun').write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / 'srun').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    done = run_script('slurm_test.sh', 'part', 'job', 'work_dirs/a/seed0', repo_root=repo_root)
    assert done.stdout.endswith('tools/test.py work_dirs/a/seed0 --launcher slurm\n'), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize('config', [DIGITS, ROADS])
def test_a_fast_dev_run_of_each_task_as_it_is_typed(config, repo_root, tmp_path):
    make_sample_data([str(tmp_path / 'data/sample'), '--sets', 'digits', 'kitti', '--size',
                      'digits=300', 'kitti=20', '--kitti-width', '310'])
    done = subprocess.run(
        [str(repo_root / 'tools/dist_train.sh'), config, '2', '--fast-dev-run'], cwd=tmp_path,
        capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    assert 'epoch 1/1' in done.stdout and '2 process(es)' in done.stdout
    mmengines = '.dist_test'  # where it collects results
    assert {path.name for path in tmp_path.iterdir()} == {'data', mmengines}


@pytest.mark.slow
def test_slurm_trains_and_tests_every_image_once(
        repo_root, digits_root, digits_options, tmp_path, monkeypatch):
    for name, text in (('srun', SRUN), ('scontrol', SCONTROL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    place = dict(GPUS=2, GPUS_PER_NODE=2, CPUS_PER_TASK=1, SRUN_ARGS='--gres=none --time 9',
                 repo_root=repo_root)
    run = tmp_path / 'run'
    done = run_script('slurm_train.sh', 'part', 'job', DIGITS, run, '--cfg-options',
                      'train_cfg.max_epochs=2', *digits_options, MASTER_PORT=free_port(), **place)
    assert done.returncode == 0, done.stderr
    assert json.loads((run / 'result.json').read_text())['processes'] == 2
    done = run_script('slurm_test.sh', 'part', 'job', run, '--out', tmp_path / 'two.pkl',
                      MASTER_PORT=free_port(), **place)
    assert done.returncode == 0, done.stderr
    images = list((digits_root / 'test').rglob('*.png'))
    assert indices(tmp_path / 'two.pkl') == list(range(len(images)))
    from tools.test import main
    one = main([str(run), '--work-dir', str(tmp_path / 'one')])
    assert json.loads((run / 'test/result.json').read_text())['metrics'] == one['metrics']


@pytest.fixture
def on_two_nodes(repo_root):
    """A function that starts a script as two machines would, one process on each."""
    started = []

    def call(script: str, *argv: object) -> list[subprocess.Popen]:
        port = free_port()
        started.extend(subprocess.Popen(
            [f'tools/{script}', *map(str, argv)], cwd=repo_root, text=True, stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, env=environment(
                NNODES=2, NODE_RANK=rank, MASTER_ADDR='127.0.0.1', PORT=port)) for rank in (0, 1))
        return started[-2:]
    yield call
    for node in started:
        node.kill()
        node.wait()
        node.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize('dies, codes, told', [
    ('launcher', [143, -9], 'Stopped by SIGTERM. To go on from .*/stopped.pth: env NNODES=2'),
    ('process', [1, 137], 'To go on from .*/epoch_.*.pth: env NNODES=2 NODE_RANK=0 .*--resume')])
def test_two_nodes_go_on_after_one_was_lost_and_test_every_image_once(
        dies, codes, told, on_two_nodes, repo_root, digits_root, digits_options, tmp_path):
    options = ['--cfg-options', 'train_cfg.max_epochs=12', *digits_options]
    nodes = on_two_nodes('dist_train.sh', DIGITS, 1, '--work-dir', tmp_path / 'run', *options)
    while not list((tmp_path / 'run').glob('epoch_[2-9].pth')):
        assert nodes[0].poll() is None and nodes[1].poll() is None
        time.sleep(.02)
    children = Path(f'/proc/{nodes[1].pid}/task/{nodes[1].pid}/children').read_text().split()
    os.kill(nodes[1].pid if dies == 'launcher' else int(children[0]), signal.SIGKILL)
    errors = [node.communicate()[1] for node in nodes]
    assert [node.returncode for node in nodes] == codes
    assert re.search(told, errors[0])
    nodes = on_two_nodes('dist_train.sh', DIGITS, 1, '--work-dir', tmp_path / 'run', '--resume',
                         *options)
    for node in nodes:
        assert node.wait() == 0, node.stderr.read()
    done = run_script('dist_train.sh', DIGITS, 2, '--work-dir', tmp_path / 'at_once', *options,
                      repo_root=repo_root)
    assert done.returncode == 0, done.stderr
    resumed, at_once = (torch.load(tmp_path / name / 'epoch_12.pth')['state_dict']
                        for name in ('run', 'at_once'))
    assert [key for key, value in at_once.items() if not torch.equal(value, resumed[key])] == []
    nodes = on_two_nodes('dist_test.sh', tmp_path / 'run', 1, '--out', tmp_path / 'two.pkl')
    for node in nodes:
        assert node.wait() == 0, node.stderr.read()
    images = list((digits_root / 'test').rglob('*.png'))
    assert indices(tmp_path / 'two.pkl') == list(range(len(images)))
    from tools.test import main
    one = main([str(tmp_path / 'run'), '--work-dir', str(tmp_path / 'one')])
    two = json.loads((tmp_path / 'run/test/result.json').read_text())
    assert two['processes'] == 2 and two['metrics'] == one['metrics']

"""Two gloo processes on a machine without a GPU."""
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DIGITS


def run_script(script: str, *argv: object, repo_root: Path) -> subprocess.CompletedProcess:
    venv = Path(sys.executable).parents[1]
    return subprocess.run(
        [*([sys.executable] if script.endswith('.py') else []), f'tools/{script}', *map(str, argv)],
        cwd=repo_root, capture_output=True,
        text=True, env=dict(os.environ, VENV=str(venv), OMP_NUM_THREADS='1'))


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
    indices = [p['sample_idx'] for p in pickle.loads((tmp_path / 'two.pkl').read_bytes())]
    assert sorted(indices) == list(range(len(list((digits_root / 'test').rglob('*.png')))))
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

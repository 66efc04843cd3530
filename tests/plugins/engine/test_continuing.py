import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.engine import continuing
from plugins.engine.continuing import TYPED, how_to_go_on, resuming


@pytest.mark.parametrize('typed, expected', [
    ('python tools/train.py a.py', 'python tools/train.py a.py --resume'),
    ('python train.py a.py --overwrite --amp', 'python train.py a.py --amp --resume'),
    ('python train.py a.py --resume', 'python train.py a.py --resume'),
    ('python train.py a.py --resume --amp', 'python train.py a.py --resume --amp --resume'),
    ('python train.py --resume=b.pth a.py', 'python train.py --resume=b.pth a.py --resume'),
    ('train.py --seed 1 -- a.py', 'train.py --seed 1 --resume -- a.py'),
    ('train.py a.py --cfg-options b=1 c=2', 'train.py a.py --cfg-options b=1 c=2 --resume'),
    ('bash tools/dist_train.sh a.py 2 --work-dir "my runs/1"',
     'bash tools/dist_train.sh a.py 2 --work-dir "my runs/1" --resume')])
def test_the_command_that_resumes(typed, expected):
    assert resuming(shlex.split(typed)) == shlex.split(expected)


def test_a_run_with_a_checkpoint_is_resumed_others_begin_again(tmp_path, digits_run, monkeypatch):
    monkeypatch.setattr(sys, 'orig_argv', ['python', 'train.py', 'a b.py'])
    monkeypatch.setattr(continuing, '_work_dir', digits_run)
    told = how_to_go_on()
    assert told == f"To go on from {digits_run}/epoch_2.pth: python train.py 'a b.py' --resume"
    monkeypatch.setenv(TYPED, "bash dist_train.sh 'a b.py' 2")
    assert how_to_go_on().endswith(": bash dist_train.sh 'a b.py' 2 --resume")
    monkeypatch.setenv(TYPED, 'python tools/search.py a.py')  # which trains in this process
    assert how_to_go_on() == 'To go on, run the same command again.'
    monkeypatch.setenv(TYPED, 'python train.py a.py')
    for folder in (None, tmp_path, tmp_path / 'missing'):
        monkeypatch.setattr(continuing, '_work_dir', folder)
        assert how_to_go_on() == 'To go on, run the same command again.'


def test_the_launcher_of_several_processes_is_part_of_the_command(
        digits_run, monkeypatch, repo_root, tmp_path):
    monkeypatch.setattr(continuing, '_work_dir', digits_run)
    torchrun = subprocess.Popen(['bash', '-c', 'echo; read', 'torchrun', 'train.py', 'a b.py'],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    torchrun.stdout.read(1)  # before, its command line may still be empty
    monkeypatch.setenv('TORCHELASTIC_RUN_ID', 'none')
    monkeypatch.setattr(os, 'getppid', lambda: torchrun.pid)
    assert how_to_go_on().endswith(": bash -c 'echo; read' torchrun train.py 'a b.py' --resume")
    torchrun.communicate()
    monkeypatch.setenv('VENV', str(Path(sys.executable).parents[1]))
    (tmp_path / 'srun').write_text('#!/bin/sh\necho "$MMTRANSFER_TYPED"\necho "$@"\n')
    (tmp_path / 'srun').chmod(0o755)
    typed = 'env SRUN_ARGS=-t\\ 9 GPUS=2 bash tools/slurm_train.sh part job a.py my\\ run --amp'
    done = subprocess.run(typed.replace('env', f'env PATH={tmp_path}:$PATH'), shell=True,
                          cwd=repo_root, capture_output=True, text=True)
    assert not done.stderr
    out = done.stdout.splitlines()
    assert out[0] == f'{typed} ' and '--ntasks=2 ' in out[1] and ' -t 9 ' in out[1]
    assert out[1].endswith('tools/train.py a.py --work-dir my run --amp --launcher slurm')
    monkeypatch.setenv(TYPED, out[0])
    assert how_to_go_on().endswith(
        ": env 'SRUN_ARGS=-t 9' GPUS=2 bash tools/slurm_train.sh part job a.py 'my run' --amp "
        '--resume')

import shlex
import sys

import pytest

from plugins.engine import continuing
from plugins.engine.continuing import TYPED, how_to_go_on, resuming


@pytest.mark.parametrize('typed, expected', [
    ('python tools/train.py a.py', 'python tools/train.py a.py --resume'),
    ('python train.py a.py --overwrite --amp', 'python train.py a.py --amp --resume'),
    ('python train.py a.py --over', 'python train.py a.py --resume'),
    ('python train.py a.py --resume', 'python train.py a.py --resume'),
    ('python train.py a.py --resume --amp', 'python train.py a.py --amp --resume'),
    ('python train.py --res epoch_3.pth --seed 1 a.py', 'python train.py --seed 1 a.py --resume'),
    ('python train.py --resume=b.pth a.py', 'python train.py a.py --resume'),
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

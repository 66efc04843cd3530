"""Runs that are killed at random moments, and resumed until they end, are the undisturbed run."""
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from plugins.engine.checkpoint import read_checkpoint
from tests.conftest import DIGITS
from tests.plugins.apis.cases import roads_options

pytestmark = pytest.mark.slow
PREPROCESSOR = 'model.data_preprocessor'
FROZEN = (  # without augmentation, for the feature cache; dropout draws random numbers
    '+model.trainable=[backbone.stages.1,head]', f'{PREPROCESSOR}.train_geometry=[]',
    f'{PREPROCESSOR}.eval_geometry=[]', f'{PREPROCESSOR}.input_size=None',
    'model.head.in_channels=256', '+default_hooks.feature_cache.type=FeatureCacheHook',
    '+default_hooks.feature_cache.batch_size=32')
ROADS = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


class Training:
    """Starts one command again and again; its output is appended to a file."""

    def __init__(self, repo_root, work_dir, config, options, processes=1):
        self.repo_root, self.folder, self.processes = repo_root, work_dir, processes
        self.log = work_dir.with_suffix('.log')
        self.argv = [sys.executable, 'tools/train.py', config] if processes == 1 else [
            'bash', 'tools/dist_train.sh', config, str(processes)]
        self.options = ['--cfg-options', *options]

    def start(self, *flags):
        with self.log.open('a') as log:
            log.write(f'\nlife {flags}\n')
        environment = dict(os.environ, OMP_NUM_THREADS='1', PYTHONUNBUFFERED='1',
                           VENV=str(Path(sys.executable).parents[1]))
        return subprocess.Popen(
            [*self.argv, '--work-dir', str(self.folder), *flags, *self.options],
            cwd=self.repo_root, stdout=self.log.open('a'), stderr=subprocess.STDOUT,
            env=environment)

    def said(self):
        """The output of the current life."""
        return self.log.read_text().rpartition('\nlife ')[2]

    def finish(self, process):
        assert process.wait(timeout=300) == 0, self.said()
        return json.loads((self.folder / 'result.json').read_text())

    def last_epoch(self):
        """The last epoch of which there is a whole checkpoint."""
        return max((int(path.stem[6:]) for path in self.folder.glob('epoch_*.pth')), default=0)

    def wait(self, process, condition):
        """Until the condition holds; False if the process ends first."""
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline, self.said()
            if process.poll() is not None:
                return False
            time.sleep(0.001)
        return True

    def kill_at(self, process, moment, chance):
        """Kill it at a moment after it began to train: the process itself, or one of its ranks."""
        began = self.last_epoch()
        epochs = chance.randint(0, 2)
        conditions = dict(
            loading=lambda: True,
            training=lambda: len(re.findall(r'^epoch ', self.said(), re.M)) >= epochs,
            writing=lambda: any(self.folder.glob('.epoch_*.partial')),
            written=lambda: self.last_epoch() > began + epochs,
            best=lambda: any(self.folder.glob('.best_*.partial')) or self.last_epoch() > began + 3)
        self.wait(process, lambda: 'Training' in self.said() or moment == 'loading')
        assert self.wait(process, conditions[moment]), self.said()
        if moment in ('loading', 'training'):
            time.sleep(chance.random() * (4 if moment == 'loading' else 0.5))
        os.kill(chance.choice(self.ranks(process)) if self.processes > 1 else process.pid, 9)
        assert process.wait(timeout=120) != 0, self.said()

    def ranks(self, launcher):
        """The ids of the processes below a launcher."""
        found = subprocess.run(['ps', '-ww', '-o', 'pid=,args=', '--ppid', str(launcher.pid)],
                               text=True, capture_output=True).stdout.splitlines()
        ranks = [int(line.split()[0]) for line in found if 'tools/train.py' in line]
        assert len(ranks) == self.processes, found
        return ranks


def what_remains(training, result):
    """All that a run leaves, but for times and paths."""
    result = {key: value for key, value in result.items() if key not in ('seconds', 'checkpoint')}
    result['history'] = [{**entry, 'seconds': 0} for entry in result['history']]
    checkpoints = {path.name: read_checkpoint(path) for path in training.folder.glob('*.pth')}
    return result, {name: checkpoint['state_dict'] for name, checkpoint in checkpoints.items()}, {
        name: checkpoint.get('optimizer') for name, checkpoint in checkpoints.items()}


def assert_equal(one, other, where=''):
    """Equal in every bit; plain == does not compare dicts of tensors."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_equal(one[key], other[key], f'{where} {key}')
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_equal(*pair, f'{where} {number}')
    else:
        assert one == other, where


def check_kills(repo_root, tmp_path, config, options, moments, seed, processes=1):
    """Kill a run at these moments, resume it each time, and compare it with an undisturbed one."""
    chance = random.Random(seed)
    whole = Training(repo_root, tmp_path / 'whole', config, options, processes)
    killed = Training(repo_root, tmp_path / 'killed', config, options, processes)
    undisturbed = whole.start()
    flags = ()
    for moment in chance.sample(moments, len(moments)):
        before = killed.last_epoch()
        killed.kill_at(killed.start(*flags), moment, chance)
        check_continued(killed, before)
        flags = ('--resume', )
    before = killed.last_epoch()
    results = killed.finish(killed.start(*flags)), whole.finish(undisturbed)
    check_continued(killed, before)
    remains = what_remains(killed, results[0])
    assert_equal(remains, what_remains(whole, results[1]))
    assert not list(killed.folder.glob('*.partial'))
    # a finished run stays as it is
    assert_equal(remains, what_remains(killed, killed.finish(killed.start('--resume'))))
    assert 'The run is finished' in killed.said()


def check_continued(killed, before):
    """The life that has ended repeated no epoch of which there was a checkpoint."""
    said = killed.said()
    if begins := re.search(r'Training \d+ epochs(?: from epoch (\d+))?', said):
        assert int(begins[1] or 1) == before + 1, said
    assert 'Error' not in said or killed.processes > 1, said
    assert not list(killed.folder.glob('epoch_*.pth')) or killed.last_epoch() >= before


def test_a_classifier_killed_ten_times(repo_root, digits_options, tmp_path):
    options = ['train_cfg.max_epochs=36', 'train_dataloader.num_workers=1', *digits_options]
    check_kills(repo_root, tmp_path, DIGITS, options, seed=0, moments=[
        'loading', 'loading', 'training', 'training', 'training', 'writing', 'writing', 'written',
        'written', 'best'])


def test_a_run_on_cached_features_killed_five_times(repo_root, digits_options, tmp_path):
    options = ['train_cfg.max_epochs=25', *FROZEN, *digits_options,
               f'+default_hooks.feature_cache.cache_dir={tmp_path / "store"}']
    check_kills(repo_root, tmp_path, DIGITS, options, seed=1, moments=[
        'loading', 'training', 'training', 'writing', 'written'])


def test_the_quick_starts_detector_killed_five_times(repo_root, roads, tmp_path):
    options = ['train_cfg.max_epochs=15', 'train_cfg.val_begin=2', *roads_options(roads)]
    check_kills(repo_root, tmp_path, ROADS, options, seed=2, moments=[
        'training', 'training', 'writing', 'written', 'best'])


def test_a_process_of_two_killed_three_times(repo_root, digits_options, tmp_path):
    options = ['train_cfg.max_epochs=15', *digits_options]
    check_kills(repo_root, tmp_path, DIGITS, options, seed=3, processes=2,
                moments=['training', 'written', 'writing'])


def test_of_two_starts_in_one_folder_one_goes_on(repo_root, digits_options, tmp_path):
    options = [*digits_options, 'train_cfg.max_epochs=900']
    run = Training(repo_root, tmp_path / 'run', DIGITS, options)
    both = [run.start(), run.start()]
    assert run.wait(both[0], lambda: both[1].poll() is not None) or both[1].poll() is None
    winner, loser = sorted(both, key=lambda process: process.poll() is not None)
    assert loser.returncode == 1 and f'is in use by process {winner.pid} on ' in run.said()
    run.wait(winner, lambda: run.last_epoch() > 1)
    others = [run.start(*flags) for flags in ((), ('--resume', ), ('--overwrite', ))]
    assert [other.wait() for other in others] == [1, 1, 1]
    assert run.log.read_text().count(f'is in use by process {winner.pid} on ') == 4
    assert winner.poll() is None
    winner.kill()
    winner.wait()
    end = run.last_epoch() + 2
    run.options[-1] = f'train_cfg.max_epochs={end}'
    result = run.finish(run.start('--resume'))
    assert [entry['epoch'] for entry in result['history']] == list(range(1, end + 1))
    assert len([path for path in run.folder.iterdir() if path.is_dir()]) == 2

"""In processes of their own: pytest keeps its own handlers."""
import subprocess
import sys

import pytest

from plugins.engine.stop_signal import SIGNALS

BEGIN = '''
import os, signal, sys, time
from plugins.engine import stop_signal
from plugins.engine.stop_signal import *
'''


def outcome(script: str, repo_root, listen: str = 'listen()') -> list[str]:
    """What a script prints, in words."""
    done = subprocess.run([sys.executable, '-u', '-c', f'{BEGIN}{listen}\n{script}'], cwd=repo_root,
                          stdout=subprocess.PIPE, text=True, timeout=60)
    return done.stdout.split()


@pytest.mark.parametrize('number', SIGNALS)
def test_a_signal_ends_what_runs_and_cleans_up(number, repo_root):
    assert outcome(f'''
try:
    with open(os.devnull) as file:
        signal.raise_signal({number})
except Exception:
    print('swallowed')
except KeyboardInterrupt as stopped:
    print(stopped, stopped.number, file.closed)
''', repo_root) == [number.name, str(int(number)), 'True']


def test_a_training_ends_its_batch_first_but_a_second_signal_ends_it(repo_root):
    assert outcome('''
try:
    with postponed():
        print(asked())
        os.kill(os.getpid(), signal.SIGTERM)
        print(asked())
        signal.raise_signal(signal.SIGINT)  # sent to the process, then to its group: one signal
        print('saved')
    print('not reached')
except Stopped as stopped:
    print(stopped)
try:
    with postponed():
        signal.raise_signal(signal.SIGTERM)
        time.sleep(1.1)
        signal.raise_signal(signal.SIGINT)
        print('not reached')
except Stopped as stopped:
    print(stopped)
''', repo_root) == ['0', '15', 'saved', 'SIGTERM', 'SIGTERM']


def test_an_error_is_not_hidden_by_a_signal_before_it(repo_root):
    assert outcome('''
try:
    with postponed():
        signal.raise_signal(signal.SIGTERM)
        raise OSError('full')
except OSError as error:
    print(error)
''', repo_root) == ['full']


def test_what_nohup_ignores_stays_ignored(repo_root):
    assert outcome('signal.raise_signal(signal.SIGHUP); print(asked())', repo_root, '''
signal.signal(signal.SIGHUP, signal.SIG_IGN)
listen()''') == ['0']


@pytest.mark.slow
def test_a_long_validation_is_ended_but_no_checkpoint(repo_root):
    assert outcome('''
since = time.monotonic()
try:
    with postponed():
        signal.raise_signal(signal.SIGTERM)
        time.sleep(60)
except Stopped as stopped:
    print(stopped, round(time.monotonic() - since))
try:
    with postponed():
        signal.raise_signal(signal.SIGHUP)
        allow_saving()
        time.sleep(10)
        print('saved')
except Stopped as stopped:
    print(stopped)
''', repo_root) == ['SIGTERM', '8', 'saved', 'SIGHUP']


def test_a_signal_before_it_listens_is_not_lost(repo_root):
    assert outcome('', repo_root, '''
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # as the launcher does
signal.raise_signal(signal.SIGINT)
try:
    listen()
except Stopped as stopped:
    print(stopped)''') == ['SIGINT']


def test_workers_outlive_a_signal_to_all_processes(repo_root):
    assert outcome('''
import torch.utils.data
from functools import partial
class Slow(torch.utils.data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, index):
        time.sleep(.3)
        return index
os.setpgrp()
try:
    with postponed():
        for index in torch.utils.data.DataLoader(
                Slow(), num_workers=1, multiprocessing_context='fork',
                worker_init_fn=partial(outlive_signals, int)):
            print(int(index))
            if index == 0:
                for number in SIGNALS:
                    os.killpg(0, number)
except Stopped as stopped:
    print(stopped)
''', repo_root) == ['0', '1', '2', '3', 'SIGINT']


def test_processes_of_a_pool_end_when_they_are_told(repo_root):
    """mmdet's VOCMetric waits for them without end."""
    assert outcome('''
from multiprocessing import Pool
for _ in range(20):
    with Pool(4):
        pass
print('ended')
''', repo_root) == ['ended']

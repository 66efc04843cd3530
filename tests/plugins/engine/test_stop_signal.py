"""In processes of their own: pytest keeps its own handlers."""
import subprocess
import sys
import time

import pytest

from plugins.engine.stop_signal import SIGNALS

BEGIN = '''
import os, signal, sys, time
from plugins.engine import stop_signal
from plugins.engine.stop_signal import *
last_words = lambda number: print('hung', number)
'''


def outcome(script: str, repo_root, listen: str = 'listen(last_words, 0)') -> list[str]:
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
listen(last_words, 0)''') == ['0']


@pytest.mark.slow
@pytest.mark.parametrize('limit', [None, 45])
def test_a_process_that_hangs_is_ended(limit, repo_root):
    """As in a collective whose other process is gone: no Python handler runs any more."""
    script = f'''{BEGIN}
import ctypes
listen(last_words, 0)
if {limit is not None}:
    allow_saving()
mutex = ctypes.create_string_buffer(128)
ctypes.CDLL(None).pthread_mutex_lock(mutex)
print('hangs')
ctypes.CDLL(None).pthread_mutex_lock(mutex)
'''
    process = subprocess.Popen([sys.executable, '-u', '-c', script], cwd=repo_root,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'hangs\n'
    time.sleep(.5)
    process.terminate()
    if limit:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
    else:
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, said) == (143, 'hung 15\n')


@pytest.mark.parametrize('late', [False, True])
def test_a_process_ends_with_its_parent(late, repo_root):
    """Also if the parent was gone before the process looked."""
    assert outcome(f'''
parent = os.getpid()
if os.fork():
    os.kill(parent, signal.SIGKILL)
while {late} and os.getppid() == parent:
    time.sleep(.01)
listen(last_words, parent)
try:
    time.sleep(60)
except Stopped as stopped:
    print(stopped)
''', repo_root, '') == ['SIGTERM']


def test_a_process_whose_parent_lives_goes_on(repo_root):
    assert outcome('time.sleep(1.2); print(asked())', repo_root,
                   'listen(last_words, os.getppid())') == ['0']


def test_forked_workers_leave_signals_to_the_training(repo_root):
    """Pools end theirs with SIGTERM; a loader's outlive a signal to all processes."""
    assert outcome('''
import torch.utils.data, multiprocessing
from functools import partial
if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(1) as pool:
        print(pool.apply(abs, (-3,)))
    class Slow(torch.utils.data.Dataset):
        def __len__(self): return 4
        def __getitem__(self, index):
            time.sleep(.3)
            return index
    loader = torch.utils.data.DataLoader(Slow(), num_workers=1, multiprocessing_context='fork',
        worker_init_fn=partial(outlive_signals, int))
    os.setpgrp()
    try:
        with postponed():
            for index in loader:
                print(int(index))
                if index == 0:
                    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                        os.killpg(0, number)
    except Stopped as stopped:
        print(stopped)
''', repo_root) == ['3', '0', '1', '2', '3', 'SIGTERM']

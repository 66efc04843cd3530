"""The launcher, with small processes without PyTorch."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import DIGITS
from tools import dist_run

LAUNCH = '''
import os, sys
from tools import dist_run
os.environ[dist_run.TYPED] = "bash dist_train.sh 'a b.py' 2"
sys.exit(dist_run.launch(sys.argv[1:], 2))
'''
SCRIPT = '''
import os, pathlib, signal, sys, time
sys.path.insert(0, {root!r})
from plugins.engine import continuing
from plugins.engine.command_line import run
rank = int(os.environ['RANK'])

def main():
    (pathlib.Path({pids!r}) / f'{{rank}}.new').write_text(str(os.getpid()))
    os.rename({pids!r} + f'/{{rank}}.new', {pids!r} + f'/{{rank}}')
    while len([name for name in os.listdir({pids!r}) if '.' not in name]) < 2:
        time.sleep(.01)
{body}

run(main)
'''


@pytest.fixture
def start(tmp_path, repo_root):
    """A function that starts the launcher on two processes that run the given lines."""
    started = []

    def call(body: str, **environment: str) -> subprocess.Popen:
        pids = tmp_path / f'pids{len(started)}'
        pids.mkdir()
        script = tmp_path / 'script.py'
        script.write_text(SCRIPT.format(root=str(repo_root), pids=str(pids), body='\n'.join(
            f'    {line}' for line in body.splitlines())))
        started.append(subprocess.Popen(
            [sys.executable, '-c', LAUNCH, str(script)], cwd=repo_root, text=True,
            env=dict(os.environ, **environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        started[-1].pids = pids
        return started[-1]
    yield call
    for process in started:
        process.kill()


def wait_for(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(.01)
    raise AssertionError('nothing happened within 30 s')


def ranks(process: subprocess.Popen) -> list[int]:
    """The ids of both processes, once they run."""
    files = [process.pids / '0', process.pids / '1']
    wait_for(lambda: all(file.is_file() for file in files))
    return [int(file.read_text()) for file in files]


def runs(pid: int) -> bool:
    status = Path(f'/proc/{pid}/stat')
    return status.is_file() and status.read_text().rpartition(')')[2].split()[0] != 'Z'


def test_the_environment_of_each_process(start):
    names = 'RANK LOCAL_RANK WORLD_SIZE MASTER_ADDR MASTER_PORT'
    body = f'os.write(1, (" ".join(os.environ[n] for n in {names.split()!r}) + chr(10)).encode())'
    out, err = (one := start(body)).communicate()
    assert one.returncode == 0 and err == ''
    rows = sorted(line.split() for line in out.splitlines())
    assert [row[:4] for row in rows] == [['0', '0', '2', '127.0.0.1'],
                                         ['1', '1', '2', '127.0.0.1']]
    assert rows[0][4] == rows[1][4] != '29500'
    out, _ = start(body, NNODES='3', NODE_RANK='2', MASTER_ADDR='here', PORT='77').communicate()
    assert sorted(out.splitlines()) == ['4 0 6 here 77', '5 1 6 here 77']


def test_the_same_error_of_all_is_printed_once(start):
    out, err = (failed := start("raise ValueError('no such key')")).communicate()
    assert failed.returncode == 1 and out == ''
    lines = [line for line in err.splitlines() if line]
    assert lines[0] == 'ValueError: no such key' and lines[1].startswith('(script.py:')
    assert ' of 2 ended: with exit code 1, see above' in lines[2] and len(lines) == 3


def test_after_a_claimed_work_dir_a_failure_says_how_to_go_on(start, digits_run):
    body = f'continuing.claim(pathlib.Path({str(digits_run)!r}))\nraise ValueError("not finite")'
    _, err = start(body).communicate()
    assert err.endswith(".pth: bash dist_train.sh 'a b.py' 2 --resume\n")


@pytest.mark.parametrize('culprit', [0, 1])
@pytest.mark.parametrize('error, tracebacks', [('ZeroDivisionError', 1), ('ValueError', 0)])
def test_the_cause_is_told_not_what_follows_from_it(culprit, error, tracebacks, start):
    """The other process notices, as in a collective, when the first one has gone."""
    body = f'''if rank == {culprit}:
    raise {error}('the cause')
other = pathlib.Path('/proc', (pathlib.Path(sys.argv[0]).parent / 'pids0/{culprit}').read_text())
while other.exists() and ' Z ' not in (other / 'stat').read_text():
    time.sleep(.001)
raise RuntimeError('connection closed')'''
    _, err = (failed := start(body)).communicate()
    assert failed.returncode == 1 and 'connection closed' not in err
    assert err.count('Traceback') == tracebacks and err.count(f'{error}: the cause') == 1
    assert f'Process {culprit + 1} of 2 ended: with exit code 1' in err


def test_a_killed_process_is_named_and_the_others_end(start):
    launcher = start('time.sleep(60)')
    first, second = ranks(launcher)
    os.kill(second, signal.SIGKILL)
    out, err = launcher.communicate()
    assert launcher.returncode == 128 + signal.SIGKILL and not runs(first)
    assert err == ('\nProcess 2 of 2 ended: Killed. The others were ended.\n'
                   'To go on, run the same command again.\n')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_all_and_is_told_once(number, start, digits_run):
    launcher = start(f'continuing.claim(pathlib.Path({str(digits_run)!r}))\ntime.sleep(60)')
    both = ranks(launcher)
    time.sleep(.1)
    launcher.send_signal(number)
    _, err = launcher.communicate()
    assert launcher.returncode == 128 + number and not any(map(runs, both))
    assert err.startswith(f'\nStopped by {number.name}. To go on from ')
    assert err.endswith(".pth: bash dist_train.sh 'a b.py' 2 --resume\n") and err.count('\n') == 2


def test_a_signal_to_one_process_ends_all(start):
    launcher = start('time.sleep(60)')
    first, second = ranks(launcher)
    os.kill(second, signal.SIGTERM)
    _, err = launcher.communicate()
    assert launcher.returncode == 143 and not runs(first)
    assert err == '\nStopped by SIGTERM. To go on, run the same command again.\n'


def test_no_process_outlives_a_killed_launcher(start):
    launcher = start('time.sleep(60)')
    both = ranks(launcher)
    launcher.kill()
    wait_for(lambda: not any(map(runs, both)))
    assert launcher.communicate()[1].startswith('\nStopped by SIGTERM.')


def test_the_variables_of_several_machines_are_part_of_the_command(repo_root, monkeypatch):
    monkeypatch.setattr(dist_run, 'launch', lambda script, count: (script[1:], count))
    monkeypatch.setattr(sys, 'argv', [*sys.argv])
    for variable in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', dist_run.TYPED):
        monkeypatch.setenv(variable, '1')
    monkeypatch.setenv('NNODES', '2')
    monkeypatch.setenv('NODE_RANK', '1')
    config = str(repo_root / DIGITS)
    assert dist_run.main(['tools/dist_train.sh', config, '2', '--seed', '3']) == (
        [config, '--seed', '3', '--launcher', 'pytorch'], 2)
    assert os.environ[dist_run.TYPED] == (
        f'env NNODES=2 NODE_RANK=1 bash tools/dist_train.sh {config} 2 --seed 3')


@pytest.mark.slow
def test_processes_that_hang_are_ended(start):
    """As in a collective whose other process is gone: no Python handler runs any more."""
    launcher = start("""import ctypes
mutex = ctypes.create_string_buffer(128)
for _ in range(2):
    ctypes.CDLL(None).pthread_mutex_lock(mutex)""")
    both = ranks(launcher)
    time.sleep(.5)
    launcher.terminate()
    _, err = launcher.communicate()
    assert launcher.returncode == 137 and not any(map(runs, both))
    assert re.match('\nProcess [12] of 2 ended: Killed. The others were ended.\n', err)


def test_a_signal_before_all_processes_listen_is_told_once(start):
    for delay in (.1, .2, .3, .4):
        launcher = start('time.sleep(60)')
        time.sleep(delay)
        launcher.send_signal(signal.SIGTERM)
        _, err = launcher.communicate()
        assert 'Traceback' not in err and launcher.returncode in (143, -15)


@pytest.mark.parametrize('place, message', [
    (dict(PORT='abc'), 'PORT=abc, expected a whole number'),
    (dict(NNODES='2', NODE_RANK='5'), 'NODE_RANK=5, expected one below NNODES=2')])
def test_a_place_that_is_none(place, message, monkeypatch, capsys, repo_root):
    for variable, value in place.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, 'argv', [*sys.argv])
    with pytest.raises(SystemExit):
        dist_run.main(['tools/dist_train.sh', str(repo_root / DIGITS), '2'])
    assert message in capsys.readouterr().err


def test_a_folder_that_is_no_run(repo_root, tmp_path):
    done = subprocess.run(
        [sys.executable, str(repo_root / 'tools/dist_run.py'), 'tools/dist_test.sh', str(tmp_path),
         '2'], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith('FileNotFoundError: ')
    assert 'Traceback' not in done.stderr

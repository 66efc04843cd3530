"""Start tools/train.py or test.py in several processes, for dist_train.sh and dist_test.sh.

torchrun restarts what was lost; here a lost process ends the run, which goes on from its last
checkpoint. So this needs no rendezvous and no PyTorch, and says in two lines what happened.
"""
import ctypes
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import Parser, positive
from plugins.engine.continuing import LAUNCHER, TYPED, claim, how_to_go_on
from plugins.engine.stop_signal import SIGNALS

PLACE = dict(NNODES='1', NODE_RANK='0', MASTER_ADDR='127.0.0.1', PORT='29500')  # as in OpenMMLab
LIMIT = 60  # seconds that the processes have after a signal; one may wait for another that is gone


def main(argv: list[str]) -> int:
    """Check the arguments, run the processes, and return the exit code.

    Args:
        argv: The shell script as typed, and its arguments.
    """
    shell = sys.argv[0] = argv[0]  # for the usage of the script, which reads its arguments here
    name = Path(shell).stem.removeprefix('dist_')
    parser = Parser(prog=shell, add_help=False)
    parser.add_argument('CONFIG')
    if name == 'test':
        parser.add_argument('CHECKPOINT', nargs='?')  # a run needs none
    parser.add_argument('NUM_PROCS', type=positive)
    placed, others = parser.parse_known_args(argv[1:])
    *files, count = filter(None, vars(placed).values())
    place = PLACE | os.environ
    for variable in ('NNODES', 'NODE_RANK', 'PORT'):
        if not place[variable].isdecimal():
            parser.error(f'{variable}={place[variable]}, expected a whole number')
    if int(place['NODE_RANK']) >= int(place['NNODES']):
        parser.error(f'NODE_RANK={place["NODE_RANK"]}, expected one below '
                     f'NNODES={place["NNODES"]}')
    import_module(f'tools.{name}').parse_args([*files, *others])
    given = [f'{variable}={os.environ[variable]}' for variable in PLACE if variable in os.environ]
    os.environ[TYPED] = shlex.join([*(['env'] if given else []), *given, 'bash', *argv])
    # Processes with a thread for every core would wait for each other.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    threads = os.environ.setdefault('OMP_NUM_THREADS', str(max(1, cores // count)))
    os.environ.setdefault('MKL_NUM_THREADS', threads)
    script = [str(Path(__file__).with_name(f'{name}.py')), *files, *others, '--launcher', 'pytorch']
    return launch(script, count)


def launch(script: list[str], count: int) -> int:
    """Run a Python script in ``count`` processes; return the exit code of the first that fails."""
    mine, theirs = socket.socketpair()
    mine.send(b'1')  # for the first process that fails, see wait_for_turn
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until all are there to receive them
    processes = start(script, count, theirs.fileno())

    def send(number: int, frame: object = None) -> None:
        signal.alarm(LIMIT)
        for process in processes.values():
            process.send_signal(number)

    signal.signal(signal.SIGALRM, lambda *_: send(signal.SIGKILL))
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, send)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    while not (failed := [rank for rank, process in processes.items() if process.poll()]):
        if all(process.returncode == 0 for process in processes.values()):
            return 0
        time.sleep(.05)
    code = processes[failed[0]].returncode
    if code - 128 in SIGNALS:  # as the main process says
        send(signal.SIGTERM)
    else:
        send(signal.SIGKILL)
        how = f'with exit code {code}, see above' if code > 0 else signal.strsignal(-code)
        print(f'\nProcess {failed[0] + 1} of {os.environ["WORLD_SIZE"]} ended: {how}. '
              'The others were ended.', file=sys.stderr)
        theirs.send(b'\0')  # there is something to read, also if no process has claimed a folder
        if work_dir := os.fsdecode(mine.recv(9999).partition(b'\0')[0]):
            claim(work_dir)
        if work_dir or code < 0:  # else the error is in what was typed
            print(how_to_go_on(), file=sys.stderr)
    for process in processes.values():
        process.wait()
    return code if code > 0 else 128 - code


def start(script: list[str], count: int, line: int) -> dict[int, subprocess.Popen]:
    """Start the processes, which get SIGTERM when this one ends; their ranks are the keys.

    Args:
        script: Path and arguments.
        count: How many processes.
        line: The number of their socket to this one.
    """
    if not {'NNODES', 'PORT'} & os.environ.keys():  # two runs on one machine do not conflict
        with socket.create_server(('127.0.0.1', 0)) as free:
            os.environ['PORT'] = str(free.getsockname()[1])
    place = PLACE | os.environ
    os.environ |= dict(MASTER_ADDR=place['MASTER_ADDR'], MASTER_PORT=place['PORT'],
                       WORLD_SIZE=str(count * int(place['NNODES'])), **{LAUNCHER: str(line)})
    follow = None
    if sys.platform == 'linux':
        follow = partial(ctypes.CDLL(None).prctl, 1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    first = count * int(place['NODE_RANK'])
    return {first + local: subprocess.Popen(
        [sys.executable, '-u', *script], pass_fds=[line], preexec_fn=follow,
        env=dict(os.environ, RANK=str(first + local), LOCAL_RANK=str(local)))
        for local in range(count)}


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f'{type(error).__name__}: {error}')

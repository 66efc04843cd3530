"""Start tools/train.py or test.py in several processes, for dist_train.sh and dist_test.sh.

torchrun restarts what was lost; here a lost process ends the run, which goes on from its last
checkpoint. So this needs no rendezvous and no PyTorch, and says in two lines what happened.
"""
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentTypeError
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import positive
from plugins.engine.continuing import LAUNCHER, NOTES, TYPED, claimed, how_to_go_on
from plugins.engine.stop_signal import SIGNALS


def main(argv: list[str]) -> int:
    """Check the arguments, run the processes, and return the exit code.

    Args:
        argv: The shell script as typed, and its arguments.
    """
    shell, *arguments = argv
    name = Path(shell).stem.removeprefix('dist_')
    names = ['CONFIG', *(['CHECKPOINT'] if name == 'test' else []), 'NUM_PROCS']
    try:
        count = positive((arguments + [''] * 3).pop(len(names) - 1))
    except ArgumentTypeError as error:
        print(f'usage: {shell} {" ".join(names)} [arguments of {name}.py]\nNUM_PROCS: {error}',
              file=sys.stderr)
        return 2
    del arguments[len(names) - 1]
    from tools import test, train
    sys.argv[0] = shell  # for the usage: wrong arguments are reported here, once
    dict(train=train, test=test)[name].parse_args(arguments)
    # Processes with a thread for every core would wait for each other.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    threads = os.environ.setdefault('OMP_NUM_THREADS', str(max(1, cores // count)))
    os.environ.setdefault('MKL_NUM_THREADS', threads)
    script = [str(Path(__file__).with_name(f'{name}.py')), *arguments, '--launcher', 'pytorch']
    return launch(script, count, ['bash', *argv])


def launch(script: list[str], count: int, typed: list[str]) -> int:
    """Run a Python script in several processes; return the exit code of the first that fails.

    NNODES, NODE_RANK, MASTER_ADDR and PORT of the environment describe a run on several machines.

    Args:
        script: Its path and arguments.
        count: How many processes on this machine.
        typed: The command that started it.
    """
    processes: list[subprocess.Popen] = []
    notes = tempfile.TemporaryDirectory()

    def send(number: int, frame: object = None) -> None:
        for process in processes:
            process.send_signal(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, send)
    here = dict(NNODES='1', NODE_RANK='0', MASTER_ADDR='127.0.0.1') | os.environ | {
        LAUNCHER: str(os.getpid()), TYPED: shlex.join(typed), NOTES: notes.name}
    if 'PORT' not in here and 'NNODES' not in os.environ:  # two runs on one machine do not conflict
        with socket.create_server(('127.0.0.1', 0)) as free:
            here['PORT'] = str(free.getsockname()[1])
    total, first = count * int(here['NNODES']), count * int(here['NODE_RANK'])
    here |= dict(WORLD_SIZE=str(total), MASTER_PORT=here.get('PORT', '29500'))
    for local in range(count):
        processes.append(subprocess.Popen([sys.executable, '-u', *script], env=dict(
            here, RANK=str(first + local), LOCAL_RANK=str(local))))
    codes: list[int | None] = [None]
    while None in codes and not any(codes):
        time.sleep(.05)
        codes = [process.poll() for process in processes]
    if not any(codes):
        return 0
    # Of two at once, one that was killed (a negative code) is the cause of the other's error.
    code, local = min((code, local) for local, code in enumerate(codes) if code)
    if code - 128 in SIGNALS:  # as the main process says
        send(signal.SIGTERM)
    else:
        send(signal.SIGKILL)
        how = f'with exit code {code}, see above' if code > 0 else signal.strsignal(-code)
        print(f'\nProcess {first + local + 1} of {total} ended: {how}. The others were ended.',
              file=sys.stderr)
        work_dir = claimed(notes.name)
        if work_dir or code < 0:  # else the error is in what was typed
            print(how_to_go_on(typed, work_dir), file=sys.stderr)
    for process in processes:
        process.wait()
    return code if code > 0 else 128 - code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

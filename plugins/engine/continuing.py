"""What to type so that an ended run goes on."""
import os
import shlex
import sys
import time
from pathlib import Path

from .files import shown_path
from .work_dir import last_checkpoint

TYPED = 'MMTRANSFER_TYPED'  # what started this process and others, as a launcher exports it
LAUNCHER = 'MMTRANSFER_LAUNCHER'  # the number of a socket to tools/dist_run.py
_work_dir: Path | None = None  # of the training in this process


def claim(work_dir: str | Path) -> None:
    """Remember the folder of this process's training, also for tools/dist_run.py."""
    global _work_dir
    _work_dir = Path(work_dir)
    if LAUNCHER in os.environ:
        os.write(int(os.environ[LAUNCHER]), os.fsencode(work_dir) + b'\0')


def has_claimed() -> bool:
    """Whether this process has begun a training, and no launcher tells how it goes on."""
    return _work_dir is not None and LAUNCHER not in os.environ


def wait_for_turn() -> None:
    """Let one process tell its error; the others wait for the launcher to end them.

    The launcher has one second to end a process whose error follows from the end of another one.
    """
    if LAUNCHER in os.environ:
        time.sleep(1)
        os.read(int(os.environ[LAUNCHER]), 1)


def how_to_go_on() -> str:
    """One sentence on how the run of this process goes on."""
    typed = sys.orig_argv
    if TYPED in os.environ:
        typed = shlex.split(os.environ[TYPED])
    elif 'TORCHELASTIC_RUN_ID' in os.environ:  # the parent is torchrun
        typed = Path(f'/proc/{os.getppid()}/cmdline').read_text().split('\0')[:-1]
    trains = {'train.py', 'dist_train.sh', 'slurm_train.sh'} & {Path(word).name for word in typed}
    checkpoint = last_checkpoint(_work_dir) if trains and _work_dir else None
    if not checkpoint:
        return 'To go on, run the same command again.'
    return f'To go on from {shown_path(checkpoint)}: {shlex.join(resuming(typed))}'


def resuming(command: list[str]) -> list[str]:
    """A command with ``--resume``, the last of which counts, and without ``--overwrite``."""
    kept = [word for word in command if word != '--overwrite']
    if kept[-1] == '--resume':
        return kept
    end = [*kept, '--'].index('--')
    return [*kept[:end], '--resume', *kept[end:]]

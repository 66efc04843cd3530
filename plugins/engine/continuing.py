"""What to type so that an ended run goes on."""
import os
import shlex
import sys
from pathlib import Path

from .files import shown_path
from .work_dir import last_checkpoint

TYPED, LAUNCHER = 'MMTRANSFER_TYPED', 'MMTRANSFER_LAUNCHER'  # tools/dist_run.py's command and pid
work_dir: Path | None = None  # of the training in this process


def how_to_go_on() -> str:
    """One sentence on how the run of this process goes on."""
    typed = shlex.split(os.environ[TYPED]) if TYPED in os.environ else sys.orig_argv
    checkpoint = work_dir and last_checkpoint(work_dir)
    if not checkpoint:
        return 'To go on, run the same command again.'
    return f'To go on from {shown_path(checkpoint)}: {shlex.join(resuming(typed))}'


def resuming(command: list[str]) -> list[str]:
    """A command with ``--resume``, and without the options that this replaces."""
    kept = []
    for before, word in zip(['', *command], command, strict=False):
        its_checkpoint = _means(before, '--resume') and '=' not in before and word[:1] != '-'
        if not (its_checkpoint or _means(word, '--resume') or _means(word, '--overwrite')):
            kept.append(word)
    return [*kept, '--resume']


def _means(word: str, option: str) -> bool:
    name = word.partition('=')[0]
    return len(name) > 2 and option.startswith(name)  # argparse accepts the beginning

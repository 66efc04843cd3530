"""What to type so that an ended run goes on."""
import os
import shlex
import sys
from pathlib import Path

from .files import shown_path
from .work_dir import last_checkpoint

TYPED, LAUNCHER = 'MMTRANSFER_TYPED', 'MMTRANSFER_LAUNCHER'  # tools/dist_run.py's command and pid
NOTES = 'MMTRANSFER_NOTES'  # a folder in which its processes leave notes
_work_dir: Path | None = None  # of the training in this process


def claim(work_dir: Path) -> None:
    """Remember the folder of this process's training, also for tools/dist_run.py."""
    global _work_dir
    _work_dir = work_dir
    if NOTES in os.environ:
        Path(os.environ[NOTES], 'work_dir').write_bytes(os.fsencode(work_dir))


def claimed(notes: str) -> Path | None:
    """The folder that a process claimed, by its note."""
    note = Path(notes, 'work_dir')
    return Path(os.fsdecode(note.read_bytes())) if note.is_file() else None


def is_first_to_fail() -> bool:
    """Whether no other process of the launcher has failed before."""
    try:
        Path(os.environ.get(NOTES, os.devnull), 'failed').touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # without a launcher
        pass
    return True


def how_to_go_on(typed: list[str] | None = None, work_dir: Path | None = None) -> str:
    """One sentence on how a run goes on; by default, that of this process."""
    if typed is None:
        typed = shlex.split(os.environ[TYPED]) if TYPED in os.environ else sys.orig_argv
    work_dir = work_dir or _work_dir
    trains = any(Path(word).name in ('train.py', 'dist_train.sh') for word in typed)
    checkpoint = last_checkpoint(work_dir) if trains and work_dir else None
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
    end = kept.index('--') if '--' in kept else len(kept)
    return [*kept[:end], '--resume', *kept[end:]]


def _means(word: str, option: str) -> bool:
    name = word.partition('=')[0]
    return len(name) > 2 and option.startswith(name)  # argparse accepts the beginning

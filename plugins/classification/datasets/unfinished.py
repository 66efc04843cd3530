"""Room on the disk for large files, and what killed runs have left of theirs."""
import shutil
import time
from pathlib import Path

from mmengine.logging import print_log

PREFIX = 'unfinished-'  # of folders that are written to, and renamed or deleted afterwards
# Seconds. Who computes features or decodes images writes every few seconds; a day is longer than
# any pause that such a run outlives (a batch on a loaded machine, a laptop asleep overnight).
MAX_AGE = 24 * 3600


def make_room(folder: Path, needed: int, what: str, advice: str) -> None:
    """Make a folder and see that so much fits into it.

    A run that is killed deletes nothing: its ``unfinished-*`` stays. Those that
    nobody has written to for MAX_AGE are deleted; younger ones may be of a run
    that goes on.

    Args:
        folder: Where the files will be.
        needed: Bytes.
        what: What needs them.
        advice: What to do where they do not fit.

    Raises:
        OSError: They do not; names what is unfinished.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = _without_old(folder)
    free = shutil.disk_usage(folder).free
    if needed > free:  # a full disk would otherwise kill the process with SIGBUS
        others = (f'. Of runs that go on or were killed: {", ".join(unfinished)}; '
                  'delete those of no running one') if unfinished else ''
        raise OSError(f'{folder}: {needed / 1e9:.1f} GB needed for {what}, {free / 1e9:.1f} GB '
                      f'free; make room, {advice}{others}')


def _without_old(folder: Path) -> list[str]:
    """Delete what is unfinished and old; the names of the rest."""
    rest = []
    for path in sorted(folder.glob(f'{PREFIX}*')):
        try:  # a file's own time: that of its folder stays while it is written to
            age = time.time() - max(each.stat().st_mtime for each in (path, *path.rglob('*')))
        except FileNotFoundError:  # its run has just finished it
            continue
        if age > MAX_AGE:
            shutil.rmtree(path, ignore_errors=True)  # another user's stays
        if path.exists():
            rest.append(path.name)
        else:
            print_log(f'Deleted {path}: what a killed run left {age / 3600:.0f} h ago',
                      logger='current')
    return rest

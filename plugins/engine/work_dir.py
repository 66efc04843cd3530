"""Where a run writes, what it continues from, and what it may not overwrite."""
import os
import platform
import re
import shutil
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from .files import MANIFEST, PARTIAL, REPO_ROOT, naming, resolve_path
from .run_reader import EXAMPLES, RECORD, TEST_FOLDERS

CONFIGS = REPO_ROOT / 'configs'
LOCK = '.lock'
POINTER = 'last_checkpoint'  # names the newest checkpoint
STOPPED = 'stopped.pth'  # the checkpoint of a run that was stopped within an epoch
RESUMABLE = r'(?:(?:epoch|iter)_(\d+)|stopped)\.pth'
_CHECKPOINT = rf'(best_.+_)?{RESUMABLE[:-5]}(-[0-9a-f]{{8}})?\.pth'  # a hash, if published
# What runs and tests write besides logs and examples, but for the config: it may be a user's own.
_WRITTEN = (rf'{_CHECKPOINT}|\..+\.\d+\{PARTIAL}|{POINTER}|{re.escape(RECORD)}|'
            r'(curves|confusion_matrix|classes|pr_curve|f1_curve)\.png')


def default_work_dir(config: str | Path, seed: int) -> Path:
    """``work_dirs/<path below configs/, without .py>/seed<k>``.

    For a config outside ``configs/``, the file name is used.
    """
    config = Path(config).resolve()
    inside = config.is_relative_to(CONFIGS)
    name = config.relative_to(CONFIGS) if inside else Path(config.name)
    return REPO_ROOT / 'work_dirs' / name.with_suffix('') / f'seed{seed}'


def last_checkpoint(folder: Path) -> Path | None:
    """The newest undamaged checkpoint in a run's folder, which may have been moved; else None.

    It is the one that the pointer names, or one that a killed run wrote after it; else the last.
    """
    pointer = folder / POINTER
    text = pointer.read_text(errors='replace') if pointer.is_file() else ''
    named = folder / Path(text.strip()).name
    since = named.stat().st_mtime_ns if named.is_file() else float('inf')
    steps = {path: float(found[1] or 'inf') for path in folder.glob('*.pth')
             if (found := re.fullmatch(RESUMABLE, path.name))}
    for path in sorted(steps, reverse=True, key=lambda path: (
            path.stat().st_mtime_ns >= since, steps[path])):
        if is_whole(path):
            return path
        print(f'{path} is damaged')
    return None


def lock(folder: Path) -> TextIO:
    """Create a folder and lock it, until the returned file is closed or the process ends.

    A record lock, unlike flock's, is not inherited by the workers of a data loader, which outlive
    a killed process by seconds. BlockingIOError if another process has the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / LOCK).open('a+', encoding='utf-8')
    try:
        import fcntl
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        file.seek(0)
        raise BlockingIOError(f'{folder} is in use by {file.read(99).strip() or "another process"};'
                              ' wait for it to end or choose another --work-dir') from error
    except (ImportError, OSError) as error:  # on Windows, and some network file systems
        print(f'{folder} cannot be locked ({error}); start no second run in it')
    with naming(folder / LOCK):
        file.truncate(0)
        file.write(f'process {os.getpid()} on {platform.node()}\n')
        file.flush()
    return file


def claim_work_dir(folder: Path, resume: str | None, overwrite: bool) -> Path | None:
    """Prepare a locked folder for a run; an earlier run without a checkpoint does not count.

    Args:
        folder: The work dir.
        resume: ``auto`` for the last checkpoint of the run in it, a checkpoint file, or None.
        overwrite: The run in it is deleted first: only what runs and tests write.

    Returns:
        The checkpoint to continue from; None to train from the beginning.

    Raises:
        OSError: The folder contains something else, a run, or one that is tested just now.
    """
    checkpoint = last_checkpoint(folder) if resume == 'auto' else resume and resolve_path(resume)
    if checkpoint and not checkpoint.is_file():
        raise FileNotFoundError(f'--resume {resume}: no such checkpoint')
    for half_written in filter(_is_written, folder.glob(f'*{PARTIAL}')):  # by a run that was killed
        half_written.unlink()
    if checkpoint and checkpoint.parent.samefile(folder):
        print(f'Continuing from {checkpoint}')
        return checkpoint
    files = [path for path in folder.iterdir() if path.name != LOCK]
    if files and not any(path.name == POINTER or _is_log(path) for path in files):
        (folder / LOCK).unlink()
        raise FileExistsError(f'{folder} contains files, but no earlier run. Choose another '
                              '--work-dir.')
    if overwrite:
        _delete_run(folder)
    earlier = sorted(path.name for path in folder.iterdir()
                     if path.name == RECORD or re.fullmatch(_CHECKPOINT, path.name))
    if earlier:
        how = 'Continue it with --resume, replace it' if last_checkpoint(folder) else \
            'It cannot be continued; test a best checkpoint with tools/test.py, or replace the run'
        raise FileExistsError(f'{folder} contains an earlier run ({", ".join(earlier)}). {how} '
                              'with --overwrite, or choose another --work-dir or --seed.')
    if resume == 'auto':
        print(f'--resume: {folder} contains no checkpoint; training from the beginning')
    return checkpoint


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint exists and its checksums are right."""
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return archive.testzip() is None
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error):
        return False


def _delete_run(folder: Path) -> None:
    """Delete what runs and tests write; folders that contain other files stay."""
    for test in folder.glob(f'*/{LOCK}'):
        lock(test.parent).close()  # refused while the test is running
        test.unlink()
    manifest = folder / MANIFEST  # of examples
    written = manifest.read_text(encoding='utf-8') + MANIFEST if manifest.is_file() else ''
    for path in list(folder.iterdir()):
        if _is_log(path):
            shutil.rmtree(path)
        elif path.is_dir() and path.name in (*TEST_FOLDERS.values(), EXAMPLES):
            _delete_run(path)
            with suppress(OSError):
                path.rmdir()
        elif path.name in written.split('\n') or _is_written(path):
            path.unlink()


def _is_log(path: Path) -> bool:
    return path.is_dir() and bool(re.fullmatch(r'\d{8}_\d{6}', path.name)) and (
        not any(path.iterdir()) or (path / f'{path.name}.log').exists()
        or (path / 'vis_data').exists())


def _is_written(path: Path) -> bool:
    return path.is_file() and re.fullmatch(_WRITTEN, path.name) is not None

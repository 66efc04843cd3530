"""Where a run writes, what it continues from, and what it may not overwrite."""
import re
import shutil
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

from .files import LOCK, PARTIAL, REPO_ROOT, archive_damage, listed_files, lock, resolve_path
from .records import EXAMPLES, RECORD, TEST_FOLDERS

CONFIGS = REPO_ROOT / 'configs'
POINTER = 'last_checkpoint'  # names the newest checkpoint
STOPPED = 'stopped.pth'  # the checkpoint of a run that was stopped within an epoch
RESUMABLE = r'(?:(?:epoch|iter)_(\d+)|stopped)\.pth'
_CHECKPOINT = rf'(best_.+_)?{RESUMABLE[:-5]}(-[0-9a-f]{{8}})?\.pth'  # a hash, if published
# What runs and tests write besides logs and examples, but for the config: it may be a user's own.
_WRITTEN = (rf'{_CHECKPOINT}|\..+\.\d+\{PARTIAL}|{POINTER}|{re.escape(RECORD)}|'
            r'(curves|confusion_matrix|classes|pr_curve|f1_curve)\.png')
_VIS_DATA = 'vis_data'  # in a folder of logs
_LOGGED = r'\d{8}_\d{6}\.(log|json)|scalars\.json|config\.py|events\.out\.tfevents\..+'


def default_work_dir(config: str | Path, seed: int) -> Path:
    """``work_dirs/<path below configs/, without .py>/seed<k>``.

    For a config outside ``configs/``, the file name is used.
    """
    config = Path(config).resolve()
    inside = config.is_relative_to(CONFIGS)
    name = config.relative_to(CONFIGS) if inside else Path(config.name)
    return REPO_ROOT / 'work_dirs' / name.with_suffix('') / f'seed{seed}'


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint in a run's folder, which may have been moved; else None.

    It is the one that the pointer names, or one that a killed run wrote after it; else the last.
    """
    return next(iter(_newest_first(folder)), None)


def _newest_first(folder: Path) -> list[Path]:
    pointer = folder / POINTER
    text = ''
    if pointer.is_file():
        with pointer.open(errors='replace') as file:
            text = file.read(9999)
    named = folder / Path(text.strip()).name
    since = pointer.stat().st_mtime_ns if named.is_file() else float('inf')
    steps = {path: float(found[1] or 'inf') for path in folder.glob('*.pth')
             if (found := re.fullmatch(RESUMABLE, path.name))}
    return sorted(steps, reverse=True, key=lambda path: (
        path == named or path.stat().st_mtime_ns > since, steps[path]))


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
    last = None if overwrite else _last_undamaged(folder)
    checkpoint = last if resume == 'auto' else resume and resolve_path(resume)
    if checkpoint and not checkpoint.is_file():
        raise FileNotFoundError(f'--resume {resume}: no such checkpoint')
    for half_written in filter(_is_written, folder.glob(f'*{PARTIAL}')):  # by a run that was killed
        half_written.unlink()
    if checkpoint and checkpoint.parent.samefile(folder):
        print(f'Continuing from {checkpoint}')
        return checkpoint
    files = [path for path in folder.iterdir() if path.name != LOCK]
    if files and not any(path.name in (POINTER, RECORD) or _is_log(path) for path in files):
        (folder / LOCK).unlink()
        raise FileExistsError(f'{folder} contains files, but no earlier run. Choose another '
                              '--work-dir.')
    if overwrite:
        _delete_run(folder)
    earlier = sorted(path.name for path in folder.iterdir()
                     if path.name == RECORD or re.fullmatch(_CHECKPOINT, path.name))
    if earlier:
        how = 'Continue it with --resume, replace it' if last else \
            'It cannot be continued; test a best checkpoint with tools/test.py, or replace the run'
        raise FileExistsError(f'{folder} contains an earlier run ({", ".join(earlier)}). {how} '
                              'with --overwrite, or choose another --work-dir (or --seed, unless '
                              'the config has a work_dir).')
    if resume == 'auto':
        print(f'--resume: {folder} contains no checkpoint; training from the beginning')
    return checkpoint


def _last_undamaged(folder: Path) -> Path | None:
    for path in _newest_first(folder):
        if is_whole(path):
            return path
        print(f'{path} is damaged')
    return None


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint exists and its checksums are right."""
    if not checkpoint.is_file():  # but a pipe, which would be waited for
        return False
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return not archive_damage(archive)
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error):
        return False


def _delete_run(folder: Path) -> None:
    """Delete what runs and tests write; folders that contain other files stay."""
    for test in folder.glob(f'*/{LOCK}'):
        lock(test.parent).close()  # refused while the test is running
        test.unlink()
    listed = listed_files(folder)  # examples
    for path in list(folder.iterdir()):
        if path.name == f'.{EXAMPLES}{PARTIAL}':
            shutil.rmtree(path)
        elif path.name in listed or _is_written(path):
            path.unlink()
        elif not path.is_symlink() and path.is_dir() and (
                path.name in (EXAMPLES, _VIS_DATA) or TEST_FOLDERS.fullmatch(path.name)
                or _is_log(path)):
            _delete_run(path)
            with suppress(OSError):
                path.rmdir()


def _is_log(path: Path) -> bool:
    return path.is_dir() and bool(re.fullmatch(r'\d{8}_\d{6}', path.name)) and (
        not any(path.iterdir()) or (path / f'{path.name}.log').exists()
        or (path / _VIS_DATA).exists())


def _is_written(path: Path) -> bool:
    logged = path.parent.name == _VIS_DATA or _is_log(path.parent)
    return path.is_file() and re.fullmatch(_LOGGED if logged else _WRITTEN, path.name) is not None

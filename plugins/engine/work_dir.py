"""Where a run writes, and what it may not overwrite."""
import re
import shutil
from pathlib import Path

from .files import PARTIAL, REPO_ROOT, resolve_path
from .run_reader import RECORD, TEST_FOLDERS

CONFIGS = REPO_ROOT / 'configs'


def default_work_dir(config: str | Path, seed: int) -> Path:
    """``work_dirs/<path below configs/, without .py>/seed<k>``.

    For a config outside ``configs/``, the file name is used.
    """
    config = Path(config).resolve()
    inside = config.is_relative_to(CONFIGS)
    name = config.relative_to(CONFIGS) if inside else Path(config.name)
    return REPO_ROOT / 'work_dirs' / name.with_suffix('') / f'seed{seed}'


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint in a run's folder, which may have been moved; else None."""
    pointer = folder / 'last_checkpoint'
    if not pointer.is_file():
        return None
    checkpoint = folder / Path(pointer.read_text().strip()).name
    return checkpoint if checkpoint.is_file() else None


def checkpoint_to_resume(folder: Path, resume: str) -> Path:
    """The file that ``--resume [CKPT]`` means: ``auto`` is the folder's last checkpoint.

    Raises:
        FileNotFoundError: There is no such checkpoint.
    """
    if resume != 'auto':
        if not resolve_path(resume).is_file():
            raise FileNotFoundError(f'--resume {resume}: no such checkpoint')
        return resolve_path(resume)
    found = last_checkpoint(folder)
    if found is None:
        raise FileNotFoundError(f'--resume: {folder} holds no checkpoint. Leave out --resume to '
                                'start from the beginning.')
    return found


def claim_work_dir(work_dir: Path, resume: bool, overwrite: bool) -> None:
    """Prepare ``work_dir`` for a run; an earlier run without a checkpoint does not count.

    Args:
        work_dir: The folder of the run.
        resume: The run in it continues; its files are kept.
        overwrite: The run in it is deleted first: only what runs and tests write.

    Raises:
        FileExistsError: The folder contains a run and neither flag is given, or it contains other
            files.
    """
    if resume or not work_dir.is_dir() or not any(work_dir.iterdir()):
        work_dir.mkdir(parents=True, exist_ok=True)
        for half_written in work_dir.glob(f'*{PARTIAL}'):  # by a run that was killed
            half_written.unlink()
        return
    files = [path for path in work_dir.iterdir() if _written_by_runs(path)]
    if not any((path / 'vis_data/config.py').is_file() for path in files):
        raise FileExistsError(f'{work_dir} contains files, but no earlier run. Choose another '
                              '--work-dir.')
    if any(work_dir.glob('*.pth')) and not overwrite:
        raise FileExistsError(
            f'{work_dir} contains an earlier run. Continue it with --resume, replace it with '
            '--overwrite, or choose another place with --work-dir or --seed.')
    for path in files if overwrite else ():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _written_by_runs(path: Path) -> bool:
    """Whether it is a log folder, a test, a checkpoint, a config, a record or curves."""
    if path.is_dir():
        return (path.name in TEST_FOLDERS.values()
                or re.fullmatch(r'\d{8}_\d{6}', path.name) is not None)
    return path.suffix in ('.pth', '.py', PARTIAL) or path.name in (
        'last_checkpoint', RECORD, 'curves.png')

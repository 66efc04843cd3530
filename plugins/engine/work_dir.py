"""Where a run writes, and what it may not overwrite."""
import shutil
from pathlib import Path

from .paths import REPO_ROOT

CONFIGS = REPO_ROOT / 'configs'


def default_work_dir(config: str | Path, seed: int) -> Path:
    """``work_dirs/<path below configs/, without .py>/seed<k>``.

    Upstream's default is the config's base name alone, under which two
    configs of one name, or two seeds, write over each other. A config that
    lies outside ``configs/`` is filed under its base name.
    """
    config = Path(config).resolve()
    inside = config.is_relative_to(CONFIGS)
    name = config.relative_to(CONFIGS) if inside else Path(config.name)
    return REPO_ROOT / 'work_dirs' / name.with_suffix('') / f'seed{seed}'


def claim_work_dir(work_dir: Path, resume: bool, overwrite: bool) -> None:
    """Make ``work_dir`` ready for a run, or refuse.

    Args:
        work_dir: The folder that the run is about to write into.
        resume: An earlier run goes on here; its files stay.
        overwrite: An earlier run's files are deleted first.

    Raises:
        FileExistsError: The folder holds files, and neither flag is given; or
            ``overwrite`` is, but the folder is not an earlier run's.
    """
    filled = work_dir.is_dir() and any(work_dir.iterdir())
    if filled and not resume and not overwrite:
        raise FileExistsError(
            f'{work_dir} holds an earlier run. Continue it with --resume, replace it with '
            '--overwrite, or choose another place with --work-dir or --seed.')
    if filled and overwrite:
        if not _is_run(work_dir):
            raise FileExistsError(f'{work_dir} is not the folder of an earlier run, so --overwrite '
                                  'does not delete it. Choose another --work-dir.')
        shutil.rmtree(work_dir)
    work_dir.mkdir(parents=True, exist_ok=True)


def _is_run(work_dir: Path) -> bool:
    """Whether mmengine's Runner wrote here: it dumps its config at the start of every run."""
    return any(work_dir.glob('*/vis_data/config.py'))

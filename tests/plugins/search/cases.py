"""A search that takes seconds: BaseNet on a hundred digits, one epoch a trial."""
import csv
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest

from plugins.engine.files import REPO_ROOT
from tests.conftest import DIGITS

TWELVE = """
space = {
    'batch': dict(type='categorical', values=[8, 16], key='train_dataloader.batch_size'),
    'optimizer': dict(type='categorical', key='optim_wrapper.optimizer', values=dict(
        Adam=dict(type='Adam', lr=1e-3), SGD=dict(type='SGD', lr=1e-2))),
    'lr': dict(type='categorical', values=[0.001, 0.003, 0.01], key='optim_wrapper.optimizer.lr')}
"""
FOUR = """
space = {
    'train_dataloader.batch_size': [8, 16],
    'flip': dict(type='categorical', values=dict(off=0., on=0.5),
                 key='model.data_preprocessor.train_geometry.1.prob')}
"""


def write_search(folder: Path, digits: Path, text: str = FOUR, name: str = 'digits.py') -> Path:
    """Write a search config; ``text`` has its space, and overrides what stands before it."""
    roots = {f'{part}_dataloader.dataset.source.data_root': str(digits / where)
             for part, where in (('train', 'train'), ('val', 'train'), ('test', 'test'))}
    geometry = [dict(type='Resize', size=[16, 16]),
                dict(type='RandomFlip', prob=0., direction='horizontal')]
    changes = {**roots, 'model.data_preprocessor.train_geometry': geometry}
    path = folder / name
    path.write_text(f'base = {str(REPO_ROOT / DIGITS)!r}\nmetric = "accuracy/top1"\nepochs = 1\n'
                    f'heartbeat = 1\nchanges = {json.dumps(changes)}\n{text}')
    return path


def search(config: Path, work_dir: Path, *argv: str) -> dict[str, Any]:
    """Call tools/search.py."""
    from tools.search import main
    return main([str(config), '--work-dir', str(work_dir), *argv])


def rows(work_dir: Path) -> list[dict[str, str]]:
    """The rows of trials.csv."""
    with (work_dir / 'trials.csv').open() as file:
        return list(csv.DictReader(file))


def load(url: Path | str) -> optuna.Study:
    """The study of a work dir, or of a database."""
    from plugins.search.study import open_storage
    url = f"sqlite:///{url / 'study.db'}" if isinstance(url, Path) else url
    return optuna.load_study(study_name='digits', storage=open_storage(url, 1))


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL database of a server of its own, which ends with this context."""
    found = sorted(Path('/usr/lib/postgresql').glob('*/bin/initdb'))
    if not found and not shutil.which('initdb'):
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    binaries = (found[-1] if found else Path(shutil.which('initdb'))).parent
    user = dict(user='postgres', group='postgres') if os.getuid() == 0 else {}  # it refuses root
    folder = Path(tempfile.mkdtemp(prefix='pg-'))
    if user:
        shutil.chown(folder, **user)

    def run(program: str, *argv: str) -> None:
        subprocess.run([binaries / program, '-D', folder / 'data', *argv], check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, **user)
    try:
        run('initdb', '--auth=trust', '--username=search')
        run('pg_ctl', '-w', '-l', f'{folder}/log', '-o', f"-c listen_addresses='' -k {folder}",
            'start')
        try:
            yield f'postgresql://search@/postgres?host={folder}'
        finally:
            run('pg_ctl', '-w', '-m', 'immediate', 'stop')
    finally:
        shutil.rmtree(folder)

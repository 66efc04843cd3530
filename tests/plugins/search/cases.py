"""A search that takes seconds: BaseNet on a hundred digits, one epoch a trial."""
import json
from pathlib import Path
from typing import Any

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

"""How long a start takes, each time in a process of its own."""
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from plugins.engine.files import REPO_ROOT
from tools.misc.make_sample_data import main as make_sample_data

from .leaf import write_leaf
from .record import Case, Figure, Settings
from .timing import interleave, summary

ROUNDS = 5
_IMPORT = 'import torch, time; start = time.perf_counter(); import plugins; ' \
          'print(time.perf_counter() - start)'
_CLASSIFIER = 'basenet/basenet-residual_scratch_1xb64-20e_digits-16px.py'
_DETECTOR = 'yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'
_HOOK = dict(type='tools.benchmarks.first_iteration.FirstIterationHook')
# What a stock training script of the task imports before its Runner is built; the least of it.
_STOCK = dict(classifier='import mmengine.runner, mmpretrain.apis',
              detector='import mmengine.runner, mmdet.apis')


def run(settings: Settings, told: Callable[..., None], done: Callable[[Case], None]) -> None:
    """The import of plugins, then the quick start's classifier and detector."""
    rounds = settings.rounds or settings.pick(ROUNDS, 1)
    make_sample_data([str(settings.folder), '--sets', 'digits', 'kitti', '--size', 'digits=300',
                      'kitti=20'])
    done(import_case(settings, rounds, told))
    done(start_case('classifier', _CLASSIFIER, {
        f'{part}_dataloader': dict(dataset=dict(source=dict(
            data_root=str(settings.folder / 'digits' / folder))))
        for part, folder in (('train', 'train'), ('val', 'train'), ('test', 'test'))},
        settings, rounds, told))
    done(start_case('detector', _DETECTOR, {
        f'{part}_dataloader': dict(dataset=dict(data_root=str(settings.folder / 'kitti')))
        for part in ('train', 'val', 'test')}, settings, rounds, told))


def import_case(settings: Settings, rounds: int, told: Callable[..., None]) -> Case:
    """``import plugins`` in a process that has imported torch."""
    case = Case('import', '`import plugins` after `import torch`')
    case.samples = interleave(
        {'ours': lambda: float(_python(['-c', _IMPORT], settings))}, rounds, told)
    case.figures = [Figure('seconds beyond torch', summary(case.samples['ours'])['median'], 0.3,
                           at_least=False)]
    return case


def start_case(kind: str, base: str, keys: dict, settings: Settings, rounds: int,
               told: Callable[..., None]) -> Case:
    """tools/train.py from its process's start until the first iteration is done."""
    config = write_leaf(settings.folder / f'{kind}.py', base, custom_hooks=[_HOOK], **keys)
    work_dir = settings.folder / f'{kind}_run'
    command = ['tools/train.py', config, '--work-dir', str(work_dir), '--overwrite']

    def ours() -> float:
        start = time.time()  # two processes share no other clock
        return float(_python(command, settings).splitlines()[-1]) - start

    def bare() -> float:
        start = time.perf_counter()
        _python(['-c', 'import torch'], settings)
        return time.perf_counter() - start

    def stock() -> float:
        start = time.perf_counter()
        _python(['-c', f'import plugins; {_STOCK[kind]}'], settings)  # plugins: NMS for mmcv
        return time.perf_counter() - start

    case = Case(kind, f'tools/train.py configs/{base}, from the start of the process to the '
                'end of its first iteration. The least that others need: '
                f'`{_STOCK[kind]}`, with which a stock script begins, and `import torch`')
    case.samples = interleave({'ours': ours, "stock's imports": stock, 'import torch': bare},
                              rounds, told)
    case.figures = [Figure('seconds to the first iteration',
                           summary(case.samples['ours'])['median'], 8., at_least=False)]
    return case


def _python(arguments: list[str], settings: Settings) -> str:
    """What a fresh interpreter prints.

    Raises:
        ValueError: It failed; holds the end of what it wrote.
    """
    environment = dict(os.environ, OMP_NUM_THREADS=str(settings.threads),
                       PYTHONPATH=str(Path(REPO_ROOT)))
    done = subprocess.run([sys.executable, *arguments], cwd=REPO_ROOT, env=environment,
                          capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f'python {" ".join(arguments)} ended with code {done.returncode}:\n'
                         f'{done.stderr[-2000:]}')
    return done.stdout

"""Measure start-up times, each in a new process."""
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook

from plugins.engine.files import REPO_ROOT

from .measure import timed
from .record import Case, Settings

ROUNDS = 5


class FirstIterationHook(Hook):
    """Print the time of day, in seconds since 1970, after the first iteration, and exit."""

    priority = 'LOWEST'

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        outputs['loss'].item()  # waits for the GPU
        print(time.time(), flush=True)
        sys.exit()


def run(settings: Settings) -> Iterator[Case]:
    """Time the start of the quick start's classifier and detector."""
    # not at the top: the timed processes import this module for its hook
    from tools.misc.make_sample_data import main as make_sample_data
    make_sample_data([str(settings.folder), '--sets', 'digits', 'kitti', '--size', 'digits=300',
                      'kitti=20'])
    for kind, package, config, keys in (
            ('classifier', 'mmpretrain', 'basenet/basenet-residual_scratch_1xb64-20e_digits-16px',
             {'source.data_root': 'digits/train'}),
            ('detector', 'mmdet', 'yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128',
             {'data_root': 'kitti'})):
        command = [
            'tools/train.py', f'configs/{config}.py', '--overwrite', '--work-dir',
            str(settings.folder / kind), '--cfg-options',
            *(f'{part}_dataloader.dataset.{key}={settings.folder / folder}'
              for part in ('train', 'val') for key, folder in keys.items()),
            f'+default_hooks.first_iteration.type={__name__}.FirstIterationHook']

        def ours(command: list[str] = command) -> float:
            start = time.time()  # the only clock that two processes share
            return float(python(*command).splitlines()[-1]) - start

        # The minimum that a stock training script imports; plugins add the NMS missing in mmcv.
        stock = f'import plugins, mmengine.runner, {package}.apis'
        case = Case(kind, f'tools/train.py configs/{config}.py, from the start of the process to '
                    f'the end of its first iteration. What a stock script begins with: `{stock}`')
        case.samples = settings.time({'ours': ours, "stock's imports": timed(
            lambda stock=stock: python('-c', stock))}, ROUNDS)
        case.add('seconds to the first iteration', case.median('ours'))
        yield case


def python(*arguments: str) -> str:
    """Return the output of a new interpreter; its errors go to stderr."""
    return subprocess.run([sys.executable, *arguments], cwd=REPO_ROOT, check=True,
                          stdout=subprocess.PIPE, text=True).stdout

"""Two gloo processes against one, started as a user starts them."""
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from plugins.engine.files import REPO_ROOT

from .leaf import TRAINING_ONLY, merged, write_leaf
from .record import Case, Settings
from .synthetic import CIFAR_CLASSES, write_cifar10
from .timing import interleave

BATCH = 64  # of all processes together
ROUNDS = 3
_BASE = 'resnet/resnet18_finetune_1xb64-25e_cifar10-224px.py'
_SIDE = [dict(type='Resize', size=(64, 64))]


def scaling_case(settings: Settings, told: Callable[..., None]) -> Case:
    """ResNet18 at 64 px by tools/dist_train.sh: one process of 2 threads, two of 1 thread.

    On a machine with GPUs, two processes need two of them; the case says so there.
    """
    case = Case('processes', f'ResNet18, 64 px, {BATCH} images a step of all processes together, '
                'float32, tools/dist_train.sh', images=BATCH)
    if torch.cuda.is_available() and torch.cuda.device_count() < 2:
        case.facts['not measured'] = 'this machine has one GPU; two processes need two'
        return case
    warmup, iterations = settings.pick((2, 10), (1, 2))
    images = BATCH * (warmup + iterations) / 0.9
    root = write_cifar10(settings.folder / 'processes', int(images / CIFAR_CLASSES) + 2)

    def block(processes: int, threads: int) -> Callable[[], float]:
        return lambda: train_distributed(root, processes, threads, warmup, iterations)

    blocks = {'1 process x 2 threads': block(1, 2), '2 processes x 1 thread': block(2, 1)}
    case.samples = interleave(blocks, settings.rounds or settings.pick(ROUNDS, 1), told)
    case.compare('2 processes x 1 thread', ['1 process x 2 threads'], 'two processes / one')
    return case


def train_distributed(root: Path, processes: int, threads: int, warmup: int,
                      iterations: int) -> float:
    """Train an epoch by tools/dist_train.sh.

    Args:
        root: CIFAR-10's folder; also gets the config, the clock's file and the work dir.
        processes: How many; they share the batch.
        threads: Of each process.
        warmup, iterations: See :class:`~tools.benchmarks.clock.ClockHook`.

    Returns:
        Seconds of an iteration.

    Raises:
        ValueError: The training failed; holds the end of what it wrote.
    """
    name = f'{processes}x{threads}'
    out, work_dir = root / f'{name}.json', root / name
    out.unlink(missing_ok=True)
    source = dict(dataset=dict(source=dict(data_root=str(root))))
    changes = merged(TRAINING_ONLY, dict(
        model=dict(backbone=dict(init_cfg=None), data_preprocessor=dict(
            input_size=(64, 64), train_geometry=_SIDE, eval_geometry=_SIDE, color=[])),
        custom_hooks=[dict(type='tools.benchmarks.clock.ClockHook', warmup=warmup,
                           iterations=iterations, out=str(out))],
        train_dataloader=dict(source, batch_size=BATCH // processes),
        val_dataloader=source, test_dataloader=source))
    config = write_leaf(root / f'{name}.py', _BASE, **changes)
    environment = dict(os.environ, VENV=sys.prefix, OMP_NUM_THREADS=str(threads),
                       MKL_NUM_THREADS=str(threads))
    done = subprocess.run(
        ['bash', 'tools/dist_train.sh', config, str(processes), '--work-dir', str(work_dir),
         '--overwrite'],
        cwd=REPO_ROOT, env=environment, capture_output=True, text=True)
    if done.returncode or not out.is_file():
        raise ValueError(f'tools/dist_train.sh {config} {processes} ended with code '
                         f'{done.returncode} and without a time:\n{done.stderr[-2000:]}')
    return json.loads(out.read_text())

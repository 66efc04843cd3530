"""A real Runner on a model of one weight, whose validation gives what a test wrote down."""
import itertools
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.registry import METRICS, MODELS

import plugins.engine.registration  # noqa: F401  (registers the hooks under test)
from plugins.engine.run_record import flat_numbers
from plugins.engine.runner import TransferRunner
from plugins.engine.session import Session
from plugins.engine.stop_signal import SIGNALS

_numbers = itertools.count()


@MODELS.register_module()
class OneWeightModel(BaseModel):
    """Draws its weight to the inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs: list, mode: str = 'tensor') -> Any:
        if mode == 'loss':
            return dict(loss=sum((self.weight - x).square().sum() for x in inputs))
        return [dict(mode=self.training) for _ in inputs]


@METRICS.register_module()
class ScriptedMetric(BaseMetric):
    """Gives, for each key, the value written down for the current epoch (or iteration)."""

    def __init__(self, scores: dict[str, list[float]], clock: str) -> None:
        super().__init__()
        self.scores = scores
        self.clock = clock

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        now = MessageHub.get_current_instance().get_info(self.clock)
        return {key: values[min(now, len(values) - 1)] for key, values in self.scores.items()}


class Killer(Hook):
    """Ends the run as a kill would, at one moment."""

    priority = 'VERY_HIGH'

    def __init__(self, moment: str, epoch: int) -> None:
        def kill(runner: Any, **_: Any) -> None:
            if runner.epoch == epoch:
                raise KeyboardInterrupt
        setattr(self, moment, kill)


@pytest.fixture
def run_scripted() -> Any:
    """A function that trains; it returns the runner, after its end or its death."""
    def call(work_dir: Path, scores: dict[str, list[float]] | None, epochs: int = 8,
             save_best: Any = None, hooks: dict | None = None, kill: tuple[str, int] | None = None,
             resume: bool = False, samples: int = 2, optimizer: dict | None = None,
             checkpoint: dict | None = None, **changes: Any) -> TransferRunner:
        loader = dict(batch_size=1, dataset=[dict(inputs=torch.full((1, ), 1. + i))
                                             for i in range(samples)],
                      sampler=dict(type='DefaultSampler', shuffle=False))
        clock = 'iter' if 'max_iters' in changes.get('train_cfg', {}) else 'epoch'
        cfg = dict(
            model=dict(type='OneWeightModel'), work_dir=str(work_dir),
            experiment_name=f'scripted_{next(_numbers)}', train_dataloader=loader,
            randomness=dict(seed=0), param_scheduler=[],
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=dict(optimizer=optimizer or dict(type='SGD', lr=0.01)),
            default_hooks=dict(
                checkpoint={**dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1,
                                   save_best=save_best), **(checkpoint or {})},
                record=dict(type='RunRecordHook'), **(hooks or {})))
        if scores is not None:
            cfg.update(val_dataloader=loader, val_cfg=dict(), val_evaluator=dict(
                type='ScriptedMetric', scores=scores, clock=clock))
        if resume:
            cfg.update(resume=True,
                       load_from=(Path(work_dir) / 'last_checkpoint').read_text().strip())
        cfg.update(changes)
        runner = TransferRunner.from_cfg(Config(cfg, format_python_code=False))
        if kill is None:
            runner.train()
            return runner
        runner.register_hook(Killer(*kill))
        with pytest.raises(KeyboardInterrupt):
            runner.train()
        return runner
    return call


@pytest.fixture
def history_of() -> Any:
    """A function: the validations in a run's record, as (epoch, metrics)."""
    def call(runner: TransferRunner) -> list[tuple[int, dict[str, float]]]:
        record = next(h for h in runner.hooks if type(h).__name__ == 'RunRecordHook')
        return [(e['epoch'], flat_numbers(e['metrics'])) for e in record.history if e['metrics']]
    return call


@pytest.fixture
def session_of(repo_root: Path) -> Any:
    """A function: the session of a config and options."""
    return lambda config, *options: Session(str(repo_root / config), options)


@pytest.fixture
def in_another_process(repo_root: Path) -> Any:
    """A context manager: another process locks a folder, and is killed at the end."""
    @contextmanager
    def call(folder: Path) -> Iterator[int]:
        code = ('import sys, time, pathlib, plugins.engine.files as m; '
                'held = m.lock(pathlib.Path(sys.argv[1])); print(1, flush=True); time.sleep(600)')
        process = subprocess.Popen([sys.executable, '-c', code, str(folder)], cwd=repo_root,
                                   stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b'1\n'
            yield process.pid
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    return call


@pytest.fixture
def handlers_restored() -> Iterator[None]:
    """Restore the signal handlers that a tool's command line replaces."""
    before = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)

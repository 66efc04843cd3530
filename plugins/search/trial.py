"""Run one trial: write its config, train it, tell Optuna."""
import gc
import os
import platform
import shutil
import statistics
import sys
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import optuna
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.visualization import Visualizer
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from .claim import FOLDER
from .definition import Search
from .leaf import Leaves
from .report_hook import reporting_to
from .sampler import SLOT
from .space import Values
from .study import BEGUN, ERROR, SUPERFLUOUS, is_finished
from .watch import Lost, stopped_when_lost

_WRITES = 'writes'  # attribute of a trial: what is in its folder may be its own


class Superfluous(Exception):
    """The trial need not run: its slot is another one's."""


class TrialRunner:
    """The objective that Optuna calls.

    Args:
        search: What is searched.
        leaves: Of the search.
        storage: Of the study.
        work_dir: Of the search; a trial writes into ``trials/<slot>`` there, what it prints into
            ``trials/<slot>.log``, and its config is ``trials/<slot>.py``.
    """

    def __init__(self, search: Search, leaves: Leaves, storage: RDBStorage,
                 work_dir: Path) -> None:
        self.search, self.leaves, self.storage = search, leaves, storage
        self.folder = work_dir / FOLDER

    def __call__(self, trial: Trial) -> float:
        """Run a trial, and return its value: the mean over the seeds.

        Raises:
            Lost: It is another process's by now.
            optuna.TrialPruned: The pruner ended it, or an earlier one with the same values.
            Exception: As the training; its message is in the trial's attributes.
        """
        self._begin(trial)
        values = self.search.space.suggest(trial)
        twin = _twin(trial.study, values)
        if twin is not None:
            trial.set_user_attr('same_as', twin.user_attrs[SLOT])
            if twin.state == TrialState.PRUNED:
                raise optuna.TrialPruned
            return twin.value
        try:
            with stopped_when_lost(self.storage, trial._trial_id, self.search.heartbeat):
                value = self._train(trial, values)
        except Exception as error:
            _check_still_ours(trial)
            if not isinstance(error, optuna.TrialPruned):
                trial.set_user_attr(ERROR, f'{type(error).__name__}: {error}')
            raise
        _check_still_ours(trial)
        return value

    def _begin(self, trial: Trial) -> None:
        slot = trial.user_attrs.get(SLOT)
        if slot is None:
            trial.set_user_attr(SUPERFLUOUS, 'another process took the last one of the queue')
            raise Superfluous
        self.storage.record_heartbeat(trial._trial_id)  # now: Optuna's thread may not have come
        trial.set_user_attr(BEGUN, f'{platform.node()}, process {os.getpid()}')
        for other in trial.study.get_trials(deepcopy=False):
            if (other.number < trial.number and other.user_attrs.get(SLOT) == slot
                    and SUPERFLUOUS not in other.user_attrs
                    and (not other.state.is_finished()
                         or other.state in (TrialState.COMPLETE, TrialState.PRUNED))):
                trial.set_user_attr(SUPERFLUOUS, f'trial {other.number} is the same')
                raise Superfluous

    def paths(self, slot: int) -> tuple[Path, list[Path]]:
        """The config of a trial, and a work dir for each of its seeds."""
        folder = self.folder / f'{slot:04d}'
        seeds = self.search.seeds
        return folder.with_suffix('.py'), [folder] if len(seeds) == 1 else [
            folder / f'seed{seed}' for seed in seeds]

    def _train(self, trial: Trial, values: Values) -> float:
        from tools.train import main
        slot = trial.user_attrs[SLOT]
        config, folders = self.paths(slot)
        self._clear(trial, config)
        self.leaves.write(config, values, _docstring(self.search, slot, values),
                          reporting=self.search.pruner is not None)
        results: list[dict[str, Any]] = []
        for folder, seed in zip(folders, self.search.seeds, strict=True):
            report = _Report(trial, first=not results)
            with quiet(config.with_suffix('.log'), append=bool(results)), reporting_to(report):
                results.append(main([str(config), '--work-dir', str(folder), '--seed', str(seed)]))
            if report.pruned:
                self._tell(trial, results, folders)
                raise optuna.TrialPruned
        self._tell(trial, results, folders)
        value = statistics.fmean(result['metrics'][self.search.metric] for result in results)
        if value != value:
            raise ValueError(f'{self.search.metric} is not a number in any epoch')
        return value

    def _clear(self, trial: Trial, config: Path) -> None:
        """Delete what a killed attempt left; what no attempt can have written is the user's."""
        slot, folder = trial.user_attrs[SLOT], config.with_suffix('')
        if any(other.number != trial.number and other.user_attrs.get(SLOT) == slot
               and _WRITES in other.user_attrs for other in trial.study.get_trials(deepcopy=False)):
            shutil.rmtree(folder, ignore_errors=True)
        elif found := [path for path in (folder, config) if path.exists()]:
            raise FileExistsError(f'{found[0]}: is there already, but trial {slot} of this study '
                                  'never wrote it; move it away, then --retry-failed')
        trial.set_user_attr(_WRITES, True)

    def _tell(self, trial: Trial, results: list[dict[str, Any]], folders: list[Path]) -> None:
        """What tables say of the trial, beside its value."""
        told = dict(
            epochs=sum(result['epochs'] for result in results),
            best_epoch=results[0]['best_epoch'],
            seconds=round(sum(result['seconds'] for result in results), 1),
            by_seed=[result['metrics'].get(self.search.metric) for result in results],
            config_hash=results[0]['config_hash'],
            work_dirs=[str(folder) for folder in folders[:len(results)]])
        for key, value in told.items():
            trial.set_user_attr(key, value)


def _docstring(search: Search, slot: int, values: Values) -> str:
    said = ', '.join(f'{name}={value}' for name, value in values.items())
    return '\n'.join([f'Trial {slot} of the search {search.name}.', '', *textwrap.wrap(
        f'{said}.', 96, break_long_words=False, break_on_hyphens=False)])


class _Report:
    """Pass a run's epochs on to Optuna; a further seed of the trial is not pruned."""

    def __init__(self, trial: Trial, first: bool) -> None:
        self.trial, self.first, self.pruned = trial, first, False

    def __call__(self, epoch: int, value: float) -> bool:
        if not self.first:
            return False
        self.trial.report(value, epoch)
        self.pruned = self.trial.should_prune()
        return self.pruned


def _twin(study: Study, values: Values) -> FrozenTrial | None:
    """A trial of the same values with a result: nothing is trained twice."""
    return next((trial for trial in study.get_trials(
        deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        if trial.params == values), None)


def _check_still_ours(trial: Trial) -> None:
    found = next(one for one in trial.study.get_trials(deepcopy=False)
                 if one.number == trial.number)
    if found.state != TrialState.RUNNING and not is_finished(found):
        raise Lost(f'trial {trial.number}')


@contextmanager
def quiet(log: Path, append: bool = False) -> Iterator[None]:
    """Send all that a run prints into a file, with the traceback if it fails; then tidy up.

    mmengine keeps loggers and their open files until the process ends, which
    some hundred trials would feel.

    Args:
        log: The file.
        append: Whether it goes on.
    """
    with log.open('a' if append else 'w') as file:
        try:
            with redirect_stdout(file), redirect_stderr(file):
                yield
        except Exception:
            traceback.print_exc(file=file)
            raise
        finally:
            _forget_runs()


def _forget_runs() -> None:
    for visualizer in Visualizer._instance_dict.values():
        visualizer.close()
    for logger in MMLogger._instance_dict.values():
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            if getattr(handler, 'stream', None) not in (sys.stdout, sys.stderr):
                handler.close()
    for kind in (Visualizer, MMLogger, MessageHub):
        kind._instance_dict.clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

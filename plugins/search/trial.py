"""Run one trial: write its config, train it, report to Optuna."""
import math
import os
import platform
import statistics
import textwrap
from operator import methodcaller
from pathlib import Path
from typing import Any

from optuna import Trial, TrialPruned
from optuna.trial import TrialState

from plugins.engine.files import write_text
from plugins.engine.quiet import Tool, quiet

from .definition import Search
from .leaf import Leaves
from .report_hook import reporting_to
from .space import Values
from .study import ERROR, HOST, SLOT, by_slot


class NoResult(Exception):
    """The training failed, which is recorded, or another trial already counts for the slot."""


class TakenOver(BaseException):
    """Another process runs this trial; not an ``Exception``, so that Optuna does not change it."""


class TrialRunner:
    """The objective that Optuna calls.

    A trial writes its run into ``<folder>/<number>``; its config and output are beside it, in
    ``<number>.py`` and ``<number>.log``. ``train`` is ``main`` of tools/train.py.
    """

    claimed = '.py'  # suffix of the file whose creation claims a trial

    def __init__(self, leaves: Leaves, folder: Path, train: Tool) -> None:
        self.leaves, self.search, self.folder, self.train = leaves, leaves.search, folder, train

    def __call__(self, trial: Trial) -> float:
        """Run a trial, and return its value: the mean over the seeds.

        Raises:
            NoResult: The training failed; its message is stored in the trial's attributes. Or the
                trial was queued twice, and another one counts for its slot.
            TakenOver: Another process runs the trial, from the start or since then.
            TrialPruned: The pruner stopped it, or an earlier trial with the same values.
        """
        counts = by_slot(trial.study).get(trial.user_attrs.get(SLOT))
        if counts is None or counts.number != trial.number:
            raise NoResult
        config = self.folder / f'{trial.number:04d}.py'
        self._claim(trial, config)
        error = None
        try:
            value = self._run(trial, config)
        except Exception as raised:
            error = raised
        if trial.study.get_trials(deepcopy=False)[trial.number].state != TrialState.RUNNING:
            raise TakenOver
        if isinstance(error, TrialPruned):
            raise error
        if error:
            trial.set_user_attr(ERROR, f'{type(error).__name__}: {error}')
            raise NoResult from error
        return value

    def _claim(self, trial: Trial, config: Path) -> None:
        """Claim the trial for this process; raises TakenOver if another process has it.

        In SQLite, two processes can take the same trial from the queue at the same time; only one
        of them succeeds in creating the config file.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            config.with_suffix(self.claimed).touch(exist_ok=False)
        except FileExistsError as error:
            raise TakenOver from error
        trial.storage.record_heartbeat(trial._trial_id)  # Optuna's thread may not have done it yet
        trial.set_user_attr(HOST, f'{platform.node()}, process {os.getpid()}')

    def _run(self, trial: Trial, config: Path) -> float:
        values = self.search.space.complete(methodcaller('suggest', trial))
        write_leaf(self.leaves, config, trial.number, values)
        for twin in trial.study.get_trials(
                deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)):
            if twin.params == values:  # nothing is trained twice
                trial.set_user_attr('same_as', twin.number)
                if twin.state == TrialState.PRUNED:
                    raise TrialPruned
                return twin.value
        return self._train(trial, config)

    def _train(self, trial: Trial, config: Path) -> float:
        seeds, metric, folders = self.search.seeds, self.search.metric, runs(config, self.search)
        results: list[dict[str, Any]] = []
        pruned = False

        def report(epoch: int, value: float) -> bool:
            nonlocal pruned
            if not results:  # only the first seed can be pruned
                trial.report(value, epoch)
                pruned = trial.should_prune()
            return pruned

        for run, seed in zip(folders, seeds, strict=True):
            with quiet(config.with_suffix('.log'), append=bool(results)), reporting_to(report):
                results.append(self.train([
                    str(config), '--work-dir', str(run), '--seed', str(seed)]))
            if pruned:
                break
        data = results[0].get('data_fingerprint')
        for other in trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            if other.user_attrs.get('data', data) != data:
                raise ValueError(f'the images are not those of trial {other.number}, so values '
                                 'cannot be compared; restore them, or search anew with another '
                                 '--work-dir')
        for key, value in dict(
                data=data, epochs=sum(result['epochs'] for result in results),
                best_epoch=results[0]['best_epoch'],
                seconds=round(sum(result['seconds'] for result in results), 1),
                by_seed=[result['metrics'].get(metric) for result in results]).items():
            trial.set_user_attr(key, value)
        if pruned:
            raise TrialPruned
        value = statistics.fmean(result['metrics'][metric] for result in results)
        if not math.isfinite(value):
            raise ValueError(f'{metric} is not a finite number in any epoch')
        return value


def write_leaf(leaves: Leaves, config: Path, number: int, values: Values) -> None:
    """Write a trial's leaf config."""
    docstring = '\n'.join([f'Trial {number} of the search {leaves.search.name}.', '', *wrap(
        f"{', '.join(f'{name}={value}' for name, value in values.items())}.")])
    write_text(config, leaves.text(config, values, docstring, bool(leaves.search.pruner)))


def runs(config: Path, search: Search) -> list[Path]:
    """The work dirs of a trial's runs, one for each seed, by the path of its leaf config."""
    folder = config.with_suffix('')
    return [folder / f'seed{seed}' for seed in search.seeds] if len(search.seeds) > 1 else [folder]


def wrap(text: str) -> list[str]:
    """Wrap text into the lines of a docstring, without breaking words."""
    return textwrap.wrap(text, 96, break_long_words=False, break_on_hyphens=False)

"""Train and test rows of reports: a search among them, in which each with a seed is one trial."""
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any

import optuna
from optuna import Trial
from sqlalchemy.engine import URL

from plugins.engine.files import shown_path
from plugins.engine.quiet import Tool, quiet
from plugins.engine.records import RECORD
from plugins.engine.run_reader import Run, read_run

from . import study as studies
from .definition import Search
from .record import TRIALS
from .space import Space
from .study import ERROR, HOST
from .trial import TrialRunner
from .worker import work

NOT_TRAINED, NOT_TESTED = 'not trained yet', 'not tested yet'
_PLAN = 'plan'  # attribute of a study: all names, in the order of the process that began it


@dataclass(frozen=True, eq=False)
class RowRun:
    """A row of a report with a seed, and the work dir of its run."""

    row: str
    seed: int
    config: Path
    options: Sequence[str]  # of both tools
    folder: Path
    short: bool  # a fast dev run
    recipe: Mapping[str, Any]
    config_hash: str  # with the options; '' if the config is broken
    problem: str  # why it cannot be trained; '' if it can

    @property
    def name(self) -> str:
        return f'{self.row} seed {self.seed}'

    def state(self) -> tuple[Run | None, str]:
        """The finished run, and why it is not trained and tested; '' if it is."""
        if not self.config_hash or not (self.folder / RECORD).is_file():
            return None, self.problem or NOT_TRAINED
        try:
            run = read_run(self.folder, 'config_hash', 'seconds')
        except (OSError, ValueError) as error:
            return None, str(error)
        if run.trained['config_hash'] != self.config_hash:
            options = ' '.join(run.trained.get('options') or []) or 'none'
            return None, (f'{shown_path(self.folder)}: holds a run of another config (options: '
                          f'{options}), or the config has changed since; move it elsewhere')
        return run, run.stale or ('' if run.tested else NOT_TESTED)

    def do(self, train: Tool, test: Tool) -> float:
        """Train, or continue, and test, unless that is done; return the first figure."""
        if self.state()[1] == NOT_TRAINED:
            train([str(self.config), '--work-dir', str(self.folder), '--seed', str(self.seed),
                   '--fast-dev-run' if self.short else '--resume', *self.options])
        run, why_not = self.state()
        if why_not == NOT_TESTED:
            test([str(self.config), str(self.folder / Path(run.trained['checkpoint']).name),
                  *self.options])
            run, why_not = self.state()
        if why_not:
            raise ValueError(why_not)
        return next(filter(math.isfinite, run.figures.values()), 0.)


class RowRunner(TrialRunner):
    """The objective; its value is the first figure of the test."""

    claimed = '.log'

    def __init__(self, search: Search, folder: Path, runs: Mapping[str, RowRun],
                 train: Tool, test: Tool) -> None:
        self.search, self.folder, self.runs, self.tools = search, folder, runs, (train, test)

    def _run(self, trial: Trial, config: Path) -> float:
        values = self.search.space.complete(methodcaller('suggest', trial))
        with quiet(config.with_suffix('.log')):
            return self.runs[values['run']].do(*self.tools)


def reproduce(runs: Sequence[RowRun], work_dir: Path, train: Tool, test: Tool,
              storage_url: str | None, join: bool) -> dict[str, str]:
    """Train and test, with all processes that do the same with the same storage.

    Args:
        runs: In this order, unless another process has begun in another one.
        work_dir: Gets the study, unless there is a URL, a table of the trials and their output.
        train, test: ``main`` of tools/train.py and tools/test.py.
        join: Leave what has failed or was removed to the process that this one joins.

    Returns:
        By name, the error of each run, or where it was finished.

    Raises:
        OSError: The work dir cannot be written.
        ValueError: The storage fails.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    work_dir.mkdir(parents=True, exist_ok=True)
    url = storage_url or URL.create('sqlite', database=str(work_dir / 'study.db'))
    storage, by_name = studies.open_storage(url, Search.heartbeat), {run.name: run for run in runs}
    with studies.reading():
        study = optuna.create_study(storage=storage, study_name=work_dir.name,
                                    direction='maximize', load_if_exists=True)
        if _PLAN not in study.user_attrs:
            study.set_user_attr(_PLAN, list(by_name))
        plan, done = study.user_attrs[_PLAN], studies.finished_trials(study)
        if not join:
            studies.retry_failed(study)
            plan += [name for name in by_name if by_name[name].state()[1] and any(  # removed since
                trial.value is not None and trial.params['run'] == name and
                trial.user_attrs[HOST].startswith(f'{platform.node()},') for trial in done)]
            study.set_user_attr(_PLAN, plan)
        search = Search(work_dir, {}, work_dir, '', Space(dict(run=[*dict.fromkeys(plan)])),
                        enumerated=[dict(run=name) for name in plan])
        work(study, RowRunner(search, work_dir / TRIALS, by_name, train, test), len(plan))
        ended = [trial.user_attrs for _, trial in sorted(studies.by_slot(study).items())]
    return {name: told.get(ERROR) or f'not here, but finished by {told[HOST]}: copy it from there'
            for name, told in zip(plan, ended, strict=True)}

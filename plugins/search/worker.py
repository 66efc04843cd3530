"""From a search config to a winner: what one process does, alone or among others."""
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from .claim import check_free
from .definition import Search
from .leaf import Leaves
from .lock import exclusive
from .progress import TrialBar
from .storage import open_storage
from .study import bury_the_dead, fill, is_begun, lock_file, open_study, retry_failed, survey
from .tables import add_winner, write_csv, write_tables
from .trial import TrialRunner
from .watch import Lost
from .winner import check_target, write_winner

_POLL = 1.  # seconds


def search_with(search: Search, work_dir: Path, storage_url: str | None = None,
                trials: int | None = None, winner: Path | None = None, test: bool = True,
                again: bool = False) -> dict[str, Any]:
    """Work on a study until it has its trials; then write tables and the winner.

    Args:
        search: What is searched.
        work_dir: Of the search.
        storage_url: Of the database; None: ``study.db`` in the work dir.
        trials: Finished trials that the study is to have; None: the config's.
        winner: See :func:`write_winner`.
        test: Whether to test the winner.
        again: Whether trials that an error ended are run again.

    Returns:
        What ``search.json`` holds.

    Raises:
        FileExistsError: The work dir or ``winner`` holds what is not of this study.
        ValueError: The search cannot be done, see :class:`Leaves`, :func:`open_storage`,
            :func:`open_study`; or all trials failed.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    plan, count, leaves = search.plan(), search.trials(trials), Leaves(search)
    own = work_dir / 'study.db'
    if storage_url:
        work_dir.mkdir(parents=True, exist_ok=True)  # the database may be meant to lie there
    storage = open_storage(storage_url or f'sqlite:///{own}', search.heartbeat) \
        if storage_url or own.exists() else None
    fresh = storage is None or not is_begun(search, storage)
    if fresh:  # a study that cannot be is not begun
        check_free(work_dir, search.name)
        if winner:
            check_target(winner, None)
        try_first(search, leaves)
    if storage is None:
        work_dir.mkdir(parents=True, exist_ok=True)
        storage = open_storage(f'sqlite:///{own}', search.heartbeat)
    study = open_study(search, leaves, storage, work_dir)
    if winner:
        check_target(winner, study)
    if not fresh and not survey(study).finished:
        try_first(search, leaves)
    if again:
        retry_failed(study, plan, work_dir)
    fill(study, plan, count, work_dir)
    runner = TrialRunner(search, leaves, storage, work_dir)
    work(study, search, runner, count)
    with exclusive(lock_file(work_dir)):
        summary = write_tables(study, search, work_dir)
    with exclusive(work_dir / 'winner.lock'):  # one process tests, others find it tested
        found = write_winner(study, search, leaves, runner, winner, test)
        if found is None:
            raise ValueError(_all_failed(study, work_dir))
        with exclusive(lock_file(work_dir)):
            return add_winner(summary, work_dir, found)


def try_first(search: Search, leaves: Leaves) -> None:
    """Two batches of the first trial, so that a wrong metric or data set ends here.

    Raises:
        Exception: As tools/train.py; a metric that the validation does not give is a ValueError.
    """
    from tools.train import main
    plan = search.plan()
    first = plan[0] if plan and search.sampler == 'grid' else next(search.space.examples())[2]
    with TemporaryDirectory() as folder:
        config = Path(folder, 'first.py')
        leaves.write(config, first, f'Is the search {search.name} possible?')
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            main([str(config), '--fast-dev-run'])


def work(study: Study, search: Search, runner: TrialRunner, count: int) -> None:
    """Take trials from the queue until ``count`` are finished, by whomever.

    Where others have the last ones, wait for them: they may be killed.
    """
    # The standard output of now: while a trial runs, sys.stdout is its log.
    bar = TrialBar(search, count, Console(file=sys.stdout))
    said: set[int] = set()
    with bar.shown():
        while True:
            bury_the_dead(study, search.heartbeat)
            found = survey(study)
            bar.update(found)
            if len(found.finished) >= count:
                return
            if found.waiting:
                _run_one(study, runner, bar)
            elif found.missing(count):  # interrupted, or its process killed while re-queueing it
                fill(study, search.plan(), count, runner.folder.parent)
            else:
                if not said >= set(found.running):
                    _say_who(bar, found.running)
                    said |= set(found.running)
                time.sleep(_POLL)


def _say_who(bar: TrialBar, running: dict[int, Any]) -> None:
    for slot, trial in sorted(running.items()):
        bar.console.print(f"waiting for trial {slot} of {trial.user_attrs.get('host', '?')}",
                          highlight=False, markup=False)


def _run_one(study: Study, runner: TrialRunner, bar: TrialBar) -> None:
    def objective(trial: optuna.Trial) -> float:
        try:
            return runner(trial)
        except UpdateFinishedTrialError as error:
            raise Lost(f'trial {trial.number}') from error

    def after(study: Study, trial: FrozenTrial) -> None:
        bar.after_trial(study, trial)
        work_dir = runner.folder.parent
        with exclusive(lock_file(work_dir)):
            write_csv(study, runner.search, work_dir)

    try:
        study.optimize(objective, n_trials=1, catch=(Exception,), callbacks=[after])
    except Lost as error:
        bar.console.print(str(error), highlight=False, markup=False, soft_wrap=True)


def _all_failed(study: Study, work_dir: Path) -> str:
    finished = survey(study).finished
    failed = {slot: trial for slot, trial in finished.items() if trial.state == TrialState.FAIL}
    if not failed:
        return f'all {len(finished)} trials were pruned: there is no winner; prune less'
    slot, trial = min(failed.items())
    return (f'all {len(finished)} trials failed, or were pruned. Trial {slot}: '
            f"{trial.user_attrs['error']} (see {work_dir / 'trials' / f'{slot:04d}.log'}). Once "
            'its cause is mended, run them again with --retry-failed')

"""Run a search in one process, which may share the study with others."""
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL

from plugins.engine.files import write_text
from plugins.engine.quiet import Tool

from . import study as studies
from .definition import Search
from .leaf import Leaves
from .record import TRIALS, WINNER
from .study import ERROR, SLOT, by_slot, finished_trials
from .tables import draw, trial_row, write_outcome, write_table
from .trial import NoResult, TakenOver, TrialRunner
from .winner import best_trial, write_winner

_POLL = 1.  # seconds


def search_with(search: Search, work_dir: Path, train: Tool, test: Tool | None,
                storage_url: str | None = None, trials: int | None = None,
                winner: Path | None = None, again: bool = False) -> dict[str, Any] | None:
    """Run trials until the study has enough of them; then write the tables and the winner.

    ``train`` and ``test`` are ``main`` of tools/train.py and tools/test.py; with ``test=None``, the
    winner is not tested. ``again`` repeats trials that failed with an error. The other arguments
    are those of tools/search.py.

    Returns:
        The content of ``search.json``; None if another process, which finished last, tests.

    Raises:
        FileExistsError: The work dir contains files of another study.
        ValueError: The search is not possible, or no trial is complete.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    count, leaves, own = search.trials(trials), Leaves(search), work_dir / 'study.db'
    url, is_new = studies.checked_url(
        storage_url or URL.create('sqlite', database=str(own)), work_dir)
    storage = None if is_new else studies.open_storage(url, search.heartbeat)
    if not studies.check_work_dir(work_dir, search, storage):
        try_first(leaves, train)  # fails before an impossible study is created
    work_dir.mkdir(parents=True, exist_ok=True)
    storage = storage or studies.open_storage(url, search.heartbeat)
    study = studies.open_study(leaves, storage)
    with studies.reading():
        if again:
            studies.retry_failed(study)
        is_last = work(study, TrialRunner(leaves, work_dir / TRIALS, train), count)
        write_table(study, search, work_dir)
        best, ended = best_trial(study, search.rule), finished_trials(study)
    if best is None:
        errors = [trial.user_attrs[ERROR] for trial in ended if ERROR in trial.user_attrs]
        raise ValueError(
            f'none of {len(ended)} trials has a finite {search.metric}, {len(errors)} failed: see '
            f'{work_dir / TRIALS}. ' + (
                f'The first error: {errors[0]}. Once its cause is removed, run them again with '
                '--retry-failed' if errors else 'Prune less, or search for another metric'))
    if not is_last:
        return None
    with studies.reading():
        write_outcome(study, search, work_dir)
        draw(study, search, work_dir)
    path = winner or work_dir / WINNER / f'{search.name}.py'
    found = write_winner(study, leaves, best, path, work_dir / TRIALS, test)
    return write_outcome(study, search, work_dir, found)


def try_first(leaves: Leaves, train: Tool) -> None:
    """Run two batches of the first trial, so that a wrong metric or data set fails at once."""
    first = next(leaves.search.space.examples())
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        config = Path(folder, 'first.py')
        write_text(config, leaves.text(config, first, 'Is this search possible?'))
        train([str(config), '--fast-dev-run'])


def work(study: Study, runner: TrialRunner, count: int) -> bool:
    """Run trials, one at a time, until ``count`` are finished by this and other processes.

    If other processes run the last trials, wait for them, in case they are killed.

    Returns:
        False if another process finished the last one in the meantime.
    """
    search, plan, ran = runner.search, runner.search.plan(), set()
    # The stream is kept, as a running trial redirects sys.stdout.
    say = partial(print, file=sys.stdout, flush=True)

    def after(study: Study, trial: FrozenTrial) -> None:
        if trial.state != TrialState.FAIL or ERROR in trial.user_attrs:
            ran.add(trial.number)
            told = [f'{key}={value:.4g}' if isinstance(value, float) else f'{key}={value}'
                    for key, value in trial_row(trial, search).items() if value is not None]
            say(f'trial {trial.number} ({len(finished_trials(study))}/{count})', *told[1:])
            write_table(study, search, runner.folder.parent)

    def finished() -> list[FrozenTrial]:
        studies.requeue_killed(study, search.heartbeat)
        return finished_trials(study)

    if len(finished()) >= count:
        say(f'{search.name} is already done: {count} trials are finished')
        return True
    while len(finished()) < count:
        taken = by_slot(study)
        if all(trial.state != TrialState.WAITING for trial in taken.values()):
            slot = next((slot for slot in range(count) if slot not in taken), None)
            if slot is None:  # other processes run the last trials
                time.sleep(_POLL)
                continue
            study.enqueue_trial(plan[slot] if slot < len(plan) else {}, user_attrs={SLOT: slot})
        try:
            study.optimize(runner, n_trials=1, catch=(NoResult,), callbacks=[after])
        except TakenOver:
            say('a trial was dropped here: another process has it')
    return max(finished(), key=lambda trial: trial.datetime_complete).number in ran

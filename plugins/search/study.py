"""Create or load the Optuna study of a search, and decide which of its trials count."""
import json
import math
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.pruners import MedianPruner, NopPruner
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from plugins.engine.checks import is_whole, refuse
from plugins.engine.config_keys import Kind, dotted, kind_of
from plugins.engine.wording import some

from .definition import Search
from .leaf import Leaves
from .record import PICTURES, RECORD, TABLE, TRIALS, WINNER

GRACE = 6  # heartbeats that may be missed
# Attributes of a trial: its index among the n_trials, why it failed, where it was run.
SLOT, ERROR, HOST = 'slot', 'error', 'host'
warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)  # heartbeats, plots
_EXPECTED = 'expected sqlite:///FILE or postgresql://USER@HOST/DATABASE'
_DEFINITION, _BASE = 'definition', 'the base config, '


def checked_url(text: str | URL, work_dir: Path | None = None) -> tuple[URL, bool]:
    """A URL for SQLAlchemy, and whether it leads to a file that is still to be created.

    Raises:
        ValueError: The URL is wrong; or the folder of the file is neither there nor ``work_dir``.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(f'--storage: not a database URL; {_EXPECTED}') from None
    sqlite = url.get_backend_name() == 'sqlite'
    if sqlite and url.database in (None, '', ':memory:'):
        raise ValueError(f'--storage: a study in memory is lost with its process; {_EXPECTED}')
    file = Path(url.database or '').absolute()
    new = sqlite and 'uri' not in url.query and not file.exists()
    if new and not file.parent.is_dir() and file.parent != work_dir:
        raise ValueError(f'--storage: there is no folder {file.parent}; create it')
    return url, new


def open_storage(url: str | URL, heartbeat: int) -> RDBStorage:
    """Open a database for Optuna, or create it.

    Args:
        url: A URL for SQLAlchemy; errors do not repeat it, as it may contain a password.
        heartbeat: Seconds between two heartbeats of a running trial; after ``GRACE`` missed ones
            it counts as killed.

    Raises:
        ValueError: The URL is wrong, its driver is not installed, or it leads to no database.
    """
    parsed = checked_url(url)[0]
    if parsed.drivername == 'postgresql':  # SQLAlchemy would look for psycopg 3
        parsed = parsed.set(drivername='postgresql+psycopg2')
    options = dict(connect_args=dict(timeout=60)) if parsed.get_backend_name() == 'sqlite' else {}
    for _ in range(5):  # another process may be creating the same tables
        try:
            return RDBStorage(
                parsed.render_as_string(False), options, heartbeat_interval=heartbeat,
                grace_period=GRACE * heartbeat, heartbeat_stale_trial_callback=retry)
        except (SQLAlchemyError, StorageInternalError, ImportError, RuntimeError) as error:
            cause = _cause(error)
            if not isinstance(error, IntegrityError) and 'already exists' not in cause:
                break
        time.sleep(0.5)
    raise ValueError(f'--storage: cannot open this database: {cause}')


def _cause(error: Exception) -> str:
    cause = str(getattr(error, 'orig', None) or error.__cause__ or error).strip()
    return (cause.splitlines() or [type(error).__name__])[0]


@contextmanager
def reading() -> Iterator[None]:
    """Turn any error but an OSError into a ValueError on the study.

    It may come from anyone, and neither Optuna nor SQLAlchemy checks what a database holds.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as raised:
        # Where Optuna handles an error of the database, it fails itself, and so hides the cause.
        error = raised.__context__ if isinstance(raised, UnboundLocalError) else raised
        if isinstance(error, OperationalError | StorageInternalError):
            raise ValueError(f'--storage: the database fails: {_cause(error)}; once its cause is '
                             'removed, repeat the command') from raised
        kind = '' if isinstance(error, ValueError) else f'{type(error).__name__}: '
        raise ValueError(f'--storage: the study is damaged: {kind}{_cause(error)}; give a copy '
                         'from before, or another --storage and --work-dir') from raised


def retry(study: Study, trial: FrozenTrial) -> None:
    """Put a killed or failed trial back into the queue, with its values.

    Optuna's callback alone would copy all attributes, including the error message.
    """
    if SLOT in trial.user_attrs:
        trial.user_attrs = {SLOT: trial.user_attrs[SLOT]}
        RetryHeartbeatStaleTrialCallback()(study, trial)


def open_study(leaves: Leaves, storage: RDBStorage) -> Study:
    """Create the study of a search, or load it.

    Only the process that creates a study uses the config's seed; a process that continues or joins
    it uses a random seed, else it would repeat the values of the first process.

    Raises:
        ValueError: The study is damaged, or was begun with another search config; the message names
            what differs.
    """
    search = leaves.search
    given = search.pruner
    pruner = NopPruner() if given is None else MedianPruner(
        given.get('startup_trials', 5), given.get('warmup_epochs', 0))
    begun = dict(storage=storage, study_name=search.name, pruner=pruner)
    kinds = optuna.samplers  # grids are enumerated in Search.plan: GridSampler has no conditions
    sampler = kinds.TPESampler if search.sampler == 'tpe' else kinds.RandomSampler
    with reading():
        try:
            study = optuna.create_study(
                direction='maximize' if search.rule == 'greater' else 'minimize',
                sampler=sampler(seed=search.seed), **begun)
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(sampler=sampler(), **begun)
        known = study.user_attrs.get(_DEFINITION)
        stored = dict(json.loads(known or '{}'))
        if len(study.directions) > 1:
            raise refuse('', 'directions', study.directions, 'one')
        complete_trials(study)  # fails before any training if they are damaged
        if not known and not (foreign := study.get_trials(deepcopy=False)):
            study.set_user_attr(_DEFINITION, json.dumps(_definition(leaves)))
    if known:
        _check_same(search, stored, _definition(leaves))
    elif foreign:
        raise ValueError(f'the database has a study {search.name!r} that tools/search.py did not '
                         'begin: rename the search config, or choose another --storage')
    return study


def check_work_dir(work_dir: Path, search: Search, storage: RDBStorage | None) -> bool:
    """Whether the study exists; FileExistsError if not, but the work dir contains a search."""
    with reading():
        begun = storage is not None and search.name in optuna.get_all_study_names(storage)
    names = (TRIALS, WINNER, TABLE, RECORD, *PICTURES)
    found = [name for name in names if (work_dir / name).exists()]
    if found and not begun:
        raise FileExistsError(
            f'{work_dir}: holds {", ".join(found)}, but the database has no study {search.name!r}; '
            'give another --work-dir, or the --storage with which the study was begun')
    return begun


def _definition(leaves: Leaves) -> dict[str, object]:
    of_base = dotted(leaves.base._cfg_dict.to_dict())
    keys = {**dict(dotted(leaves.search.raw)), **{f'{_BASE}{key}': value for key, value in of_base}}
    return json.loads(json.dumps(keys, default=str))


def _matters(key: str) -> bool:
    if not key.startswith((_BASE, 'changes.')):
        return key not in ('n_trials', 'heartbeat', 'base')  # the base's keys count, not its name
    key = key.removeprefix(_BASE).removeprefix('changes.').lstrip('+')
    return kind_of(key) is not Kind.PLACE and not key.startswith('test_')


def _check_same(search: Search, stored: dict[str, object], wanted: dict[str, object]) -> None:
    differing = [f'{key} was {stored.get(key)!r}, is {wanted.get(key)!r}'
                 for key in {**stored, **wanted}
                 if stored.get(key) != wanted.get(key) and _matters(key)]
    if differing:
        raise ValueError(
            f'{search.path}: the study {search.name!r} was begun with another search config: '
            f'{some(differing, "; ", 3)}. Rename the changed search config, or give another '
            '--storage and --work-dir; only n_trials may change')


def by_slot(study: Study) -> dict[int, FrozenTrial]:
    """Map each slot in use to the trial that counts for it.

    This is the first trial that is waiting, running, complete or pruned, else the last one that
    failed with an error. Killed and superfluous trials have no error and do not count.

    Raises:
        ValueError: Numbers or slots are damaged, which would mix up trials without any error.
    """
    found: dict[int, FrozenTrial] = {}
    for number, trial in enumerate(study.get_trials(deepcopy=False)):
        slot, failed = trial.user_attrs.get(SLOT), trial.state == TrialState.FAIL
        if trial.number != number or not (slot is None or is_whole(slot)):
            raise refuse(f'trial {number}', 'number, slot', (trial.number, slot),
                         f'{number} and a whole number')
        if slot is None or failed and ERROR not in trial.user_attrs:
            continue
        if slot not in found or found[slot].state == TrialState.FAIL:
            found[slot] = trial
    return found


def finished_trials(study: Study) -> list[FrozenTrial]:
    """The trials with a result, one for each slot: complete, pruned, or failed with an error."""
    return [trial for _, trial in sorted(by_slot(study).items()) if trial.state.is_finished()]


def complete_trials(study: Study) -> list[FrozenTrial]:
    """The complete trials with a finite value, one for each slot."""
    return [trial for trial in finished_trials(study)
            if trial.state == TrialState.COMPLETE and math.isfinite(trial.value)]


def retry_failed(study: Study) -> None:
    """Put the trials that failed with an error into the queue again."""
    for trial in finished_trials(study):
        if trial.state == TrialState.FAIL:
            retry(study, study.trials[trial.number])  # a copy


def requeue_killed(study: Study, heartbeat: int) -> None:
    """Mark trials whose process was killed as failed; Optuna puts them back into the queue.

    Optuna overlooks a trial that was killed before its first heartbeat and has no HOST yet; it is
    marked as failed here, and its slot becomes free.
    """
    fail_stale_trials(study)
    latest = datetime.now() - timedelta(seconds=GRACE * heartbeat)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if HOST not in trial.user_attrs and trial.datetime_start < latest:
            with suppress(UpdateFinishedTrialError, ValueError):  # another process was faster
                study.tell(trial.number, state=TrialState.FAIL)

"""The database of a study."""
import re
import time
import warnings
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.study import Study
from optuna.trial import FrozenTrial
from sqlalchemy.engine import URL, make_url

from .lock import exclusive
from .sampler import SLOT

GRACE = 6  # heartbeats that may be missed
_ATTEMPTS = 5
_BUSY = 60.  # seconds to wait for another process's transaction


def open_storage(url: str, heartbeat: int) -> RDBStorage:
    """Open a database for Optuna, or make it.

    Trials that give no sign of life for ``GRACE`` heartbeats are put back into
    the queue with the values that they had, by Optuna's own means.

    What Optuna lacks: in SQLite, two processes can take the same trial from
    the queue, as its transactions read before they lock. Here they lock first.
    PostgreSQL and MySQL lock the row that is read.

    Args:
        url: As SQLAlchemy's: ``sqlite:///FILE``, ``postgresql://USER@HOST/DATABASE``.
        heartbeat: Seconds between two signs of life of a running trial.

    Raises:
        ValueError: The URL is none, its driver is not installed, or it leads to no database.
    """
    try:
        parsed = make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise ValueError(  # from None: what SQLAlchemy says may hold the password
            f'--storage {_without_password(url)!r}: no database URL; expected sqlite:///FILE or '
            'postgresql://USER@HOST/DATABASE') from None
    sqlite = parsed.get_backend_name() == 'sqlite'
    options: dict[str, Any] = {}
    if sqlite:
        _check_file(parsed)
        # No transactions of the driver's own, which would begin too late.
        options = dict(connect_args=dict(timeout=_BUSY, isolation_level=None))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # heartbeats count as experimental since 2021
            arguments = dict(engine_kwargs=options, heartbeat_interval=heartbeat,
                             grace_period=GRACE * heartbeat,
                             heartbeat_stale_trial_callback=_retry)
            if not sqlite:
                return _open_server(url, arguments)
            file = Path(parsed.database)
            with exclusive(file.with_name(f'{file.name}.lock')):  # while tables are made
                storage = RDBStorage(url, **arguments)
    except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError, ImportError,
            RuntimeError) as error:
        raise ValueError(f'--storage {_without_password(url)}: cannot open this database: '
                         f'{_reason(error)}') from error
    sqlalchemy.event.listen(storage.engine, 'begin',
                            lambda connection: connection.exec_driver_sql('BEGIN IMMEDIATE'))
    return storage


def _retry(study: Study, trial: FrozenTrial) -> None:
    """Put a killed trial back into the queue, as one that nobody has begun.

    Optuna's own callback passes all attributes on: an error, or where it ran.
    """
    trial.user_attrs = {key: value for key, value in trial.user_attrs.items() if key == SLOT}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # it counts as experimental since 2021
        RetryHeartbeatStaleTrialCallback()(study, trial)


def _without_password(url: str) -> str:
    """A URL to be printed, also if it is none: all that stands before the last @ may be secret."""
    shown = re.sub(r'^([\w+.-]+://)?.*@', r'\1***@', url, flags=re.DOTALL)
    return re.sub(r'(passw(or)?d=)[^&]*', r'\1***', shown, flags=re.IGNORECASE)


def _open_server(url: str, arguments: dict[str, Any]) -> RDBStorage:
    """Of processes that make the tables at once, the database lets one; the others look again."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return RDBStorage(url, **arguments)
        except (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError):
            time.sleep(1)
    return RDBStorage(url, **arguments)


def _check_file(url: URL) -> None:
    shown = _without_password(url.render_as_string())
    if not url.database or url.database == ':memory:':
        raise ValueError(f'--storage {shown}: names no file, and a study in memory is lost with '
                         'its process; expected sqlite:///FILE')
    file = Path(url.database)
    if not file.absolute().parent.is_dir():
        raise ValueError(f'--storage {shown}: there is no folder {file.absolute().parent}')
    if file.is_dir():
        raise ValueError(f'--storage {shown}: {file} is a folder, expected a file')


def _reason(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return (f'{error.__cause__ or error}; install the driver of the database, for psycopg: '
                "pip install 'psycopg[binary]'")
    cause = getattr(error, 'orig', None) or error.__cause__ or error
    return str(cause).strip().splitlines()[0]

"""Let a run stop once its trial is another process's."""
import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

_POLL = 1.  # seconds


class Lost(BaseException):
    """Another process has taken the trial over, as this one gave no sign of life.

    No ``Exception``: nothing in a training may take it for one of its own errors.
    """

    def __init__(self, trial: str = 'a trial') -> None:
        super().__init__(f'{trial} was silent for so long that another process took it; was this '
                         'machine asleep?')


@contextmanager
def stopped_when_lost(storage: BaseStorage, trial_id: int, every: float) -> Iterator[None]:
    """Within this context, raise :class:`Lost` soon after the trial is no longer running.

    Optuna's heartbeat only writes: a process that was asleep for longer than
    the grace would go on training, in the folder that another one trains in
    by then. A hook could look, but would be part of the trial's config. So a
    thread looks, and raises in the thread that trains, at its next step.

    Args:
        storage: Of the study.
        trial_id: Optuna's, within the storage.
        every: Seconds between two looks. After a sleep it looks at once (within a second).
    """
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, daemon=True, args=(
        storage, trial_id, every, threading.get_ident(), ended))
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        ended.is_set()  # a step, so that what the watcher raised last arrives here


def _watch(storage: BaseStorage, trial_id: int, every: float, thread: int,
           ended: threading.Event) -> None:
    looked = time.time()  # of the wall clock, which goes on while the machine sleeps
    try:
        while not ended.wait(min(_POLL, every)):
            if abs(time.time() - looked) < every:
                continue
            looked = time.time()
            try:
                state = storage.get_trial(trial_id).state
            except (SQLAlchemyError, StorageInternalError):
                continue  # out of reach; the run itself will tell
            if state != TrialState.RUNNING:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread),
                                                           ctypes.py_object(Lost))
                return
    finally:
        storage.remove_session()

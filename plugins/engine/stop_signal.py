"""Stop on SIGINT, SIGTERM and SIGHUP: a training saves first, everything else ends at once.

In :func:`postponed`, the first signal is only noted, and the training loop asks for it after each
batch. A second one ends the process; so do eight seconds, as in a long validation.
"""
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType, SimpleNamespace

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 8.  # seconds: clusters kill after 10 to 30
_ECHO = 1.  # seconds: a terminal, timeout(1) and a launcher send one signal several times


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


_state = SimpleNamespace(number=0, since=0., postponed=False, listening=False)


def listen() -> None:
    """Raise :class:`Stopped` when a signal arrives, also one that the launcher has held back."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, _handle)
    signal.signal(signal.SIGALRM, _handle)  # of the timer that request sets
    unblock = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, SIGNALS)
    unblock()
    if not _state.listening:  # blocked until then, as Python drops what a fork is sent before
        _state.listening = True
        os.register_at_fork(before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, SIGNALS),
                            after_in_parent=unblock, after_in_child=_end_at_once)


def _end_at_once() -> None:
    """Let signals end a forked process, as multiprocessing's Pool ends its own with SIGTERM."""
    for number in SIGNALS:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def ignore_signals() -> None:
    """Let nothing disturb the last words of this process, which ends now."""
    for number in (*SIGNALS, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def request(number: int) -> None:
    """Stop as for this signal: at once, or in :func:`postponed` at the end of a batch."""
    _state.number, _state.since = number, time.monotonic()
    # Again and again, as an error that is raised in a destructor is lost.
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _ECHO)
    if not _state.postponed:
        raise Stopped(number)


def asked() -> int:
    """The number of the signal that asked to stop; 0 if none did."""
    return _state.number


@contextmanager
def postponed() -> Iterator[None]:
    """Let the block end its batch, or its validation, before a signal is raised."""
    _state.postponed = True
    try:
        yield
    finally:
        allow_saving()
        number, _state.number, _state.postponed = _state.number, 0, False
    if number:
        raise Stopped(number)


def allow_saving() -> None:
    """Give this process all the time that it needs: it writes a checkpoint now."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def outlive_signals(init: Callable[[int], None], worker: int) -> None:
    """Initialise a worker of a DataLoader, so that the training can end its batch."""
    init(worker)
    _state.postponed = True
    listen()


def _handle(number: int, frame: FrameType | None) -> None:
    if not _state.number:
        request(number)
    elif time.monotonic() - _state.since > _ECHO:
        raise Stopped(_state.number)

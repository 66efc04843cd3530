"""Stop on SIGINT, SIGTERM and SIGHUP: a training saves first, everything else ends at once.

In :func:`postponed`, the first signal is only noted, and the training loop asks for it after each
batch. A second one ends the process; so do eight seconds, as in a long validation.
"""
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, SimpleNamespace

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE, _HANGS = 8., 7.  # seconds, one after the other: clusters kill after 10 to 30
_SAVING = 45.  # more seconds, to write a checkpoint
_ECHO = 1.  # seconds: a terminal, timeout(1) and a launcher send one signal several times


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


_state = SimpleNamespace(number=0, since=0., postponed=False, saving=False)


def listen(last_words: Callable[[int], None], parent: int) -> None:
    """Raise :class:`Stopped` when a signal arrives; call ``last_words`` before a hang is ended.

    The end of the process ``parent``, unless 0, counts as SIGTERM.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, _handle)
    seen, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    os.register_at_fork(after_in_child=_leave_to_parent)
    threading.Thread(target=_watch, args=(seen, wakeup, last_words, parent), daemon=True).start()


def request(number: int) -> None:
    """Stop as for this signal: at once, or in :func:`postponed` at the end of a batch."""
    _state.number, _state.since = number, time.monotonic()
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
        number, _state.number, _state.postponed = _state.number, 0, False
    if number:
        raise Stopped(number)


def allow_saving() -> None:
    """Give this process more time to end: it writes a checkpoint now."""
    _state.saving = True


def outlive_signals(init: Callable[[int], None], worker: int) -> None:
    """Initialise a worker of a DataLoader, which ends with its training, not before."""
    init(worker)
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: signal.alarm(60))


def _leave_to_parent() -> None:
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)


def _handle(number: int, frame: FrameType | None) -> None:
    if not _state.number:
        request(number)
    elif time.monotonic() - _state.since > _ECHO:
        raise Stopped(_state.number)


def _watch(seen: socket.socket, wakeup: socket.socket, last_words: Callable[[int], None],
           parent: int) -> None:
    """End this process when its parent is gone, or when its main thread ignores a signal."""
    number = 0
    while not number:
        if select.select([seen], [], [], .5)[0]:
            number = next((got for got in seen.recv(64) if got in SIGNALS), 0)
        elif parent and os.getppid() != parent:
            parent = 0
            os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    time.sleep(_SAVING * _state.saving)
    os.kill(os.getpid(), number)
    time.sleep(_HANGS)
    last_words(number)
    os._exit(128 + number)

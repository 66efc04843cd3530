"""One input of a fuzz test and its outcome: refused clearly, accepted by a stated rule, or a fault.

A kind of input is one function ``kind(rng, setting) -> Attempt`` with the attribute ``rule``: it
draws an input at random, and returns how to use it; see :func:`kind`.
"""
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

LONGEST = 2000  # characters of a message
SECONDS = 60  # after which an input counts as one that hangs


class Attempt(NamedTuple):
    """A mutated input.

    Attributes:
        told: What was mutated, for the report of a fault.
        names: Words of which a refusal must contain one: the file, the key or the option.
        use: Uses the input; raises an AssertionError if it is accepted, but not by the rule.
    """

    told: str
    names: Sequence[str]
    use: Callable[[], None]


@dataclass
class Setting:
    """What the kinds share: a folder to write to, and what is made once by ``call``."""

    folder: Path
    made: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[Path], Any]) -> Any:
        """Return what ``make(folder)`` returned when it was called first."""
        if name not in self.made:
            self.made[name] = make(self.folder)
        return self.made[name]


class Kind(NamedTuple):
    """A kind of input: its name, how many are tried, the rule, and the function that draws one."""

    name: str
    count: int
    rule: str
    draw: Callable[[Random, Setting], Attempt]


KINDS: dict[str, Kind] = {}


def kind(name: str, count: int, rule: str) -> Callable:
    """Register a function as a kind of input; an accepted input is harmless by ``rule``."""
    def register(draw: Callable[[Random, Setting], Attempt]) -> Callable:
        KINDS[name] = Kind(name, count, rule, draw)
        return draw
    return register


def outcome(attempt: Attempt) -> str:
    """Return ``refused``, ``accepted``, or what is wrong."""
    out = StringIO()
    try:
        with _limit(SECONDS), redirect_stdout(out), redirect_stderr(out):
            attempt.use()
    except SystemExit as stop:
        return 'refused' if stop.code == 2 else f'ended with code {stop.code}'
    except (ValueError, OSError) as error:
        text = str(error)
        if '\n' in text or len(text) > LONGEST:
            return f'not one sentence: {text[:300]!r}'
        if not any(name in text for name in attempt.names):
            return f'names nothing of {attempt.names}: {text!r}\n{_last_line(error)}'
        return 'refused'
    except AssertionError as error:
        return f'accepted against the rule: {error}\n{_last_line(error)}'
    except Exception as error:
        return f'{type(error).__name__}: {str(error)[:300]}\n{_last_line(error)}'
    return 'accepted'


def _last_line(error: Exception) -> str:
    ours = [frame for frame in traceback.extract_tb(error.__traceback__)
            if '/plugins/' in frame.filename or '/tools/' in frame.filename]
    frames = [*ours[-1:], traceback.extract_tb(error.__traceback__)[-1]]
    return '; '.join(f'{frame.filename}:{frame.lineno}' for frame in frames)


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError('hangs')  # an OSError that names nothing

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

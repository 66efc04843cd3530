"""Shared by the tools' command lines: argument types, and how errors are shown."""
import math
import os
import signal
import sys
import time
import traceback
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .console import prepare
from .continuing import LAUNCHER, how_to_go_on, is_first_to_fail
from .files import REPO_ROOT, resolve_path
from .stop_signal import SIGNALS, listen

DEBUG_VARIABLE = 'MMTRANSFER_TRACEBACK'

LARGEST_SEED = 2 ** 32 - 1  # NumPy's limit


def share(text: str) -> float:
    """A number from 0 to 1; ArgumentTypeError otherwise."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f'{text!r} is not a number from 0 to 1')
    return value


def positive(text: str) -> int:
    """A whole number above 0; ArgumentTypeError otherwise."""
    return _whole(text, 1, math.inf, 'a whole number above 0')


def not_negative(text: str) -> int:
    """A whole number of at least 0; ArgumentTypeError otherwise."""
    return _whole(text, 0, math.inf, 'a whole number of at least 0')


def seed(text: str) -> int:
    """A seed that random, NumPy and PyTorch accept; ArgumentTypeError otherwise."""
    return _whole(text, 0, LARGEST_SEED, f'a whole number from 0 to {LARGEST_SEED}')


def existing_file(text: str, kind: str = 'file') -> Path:
    """The path of a file, see :func:`resolve_path`; ArgumentTypeError if there is none."""
    path = resolve_path(text)
    if not path.is_file():
        raise ArgumentTypeError(f'{path}: no such {kind}')
    return path


def config_file(text: str) -> Path:
    """The path of a config, see :func:`resolve_path`; ArgumentTypeError if there is none."""
    return existing_file(text, 'config file')


def add_cfg_options(parser: ArgumentParser, what: str = 'the config') -> None:
    """Add ``--cfg-options``, see ``plugins.engine.cfg_options.merge_options``."""
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help=f'change {what}, e.g. train_cfg.max_epochs=5; +KEY=VALUE adds a key')


def add_model_options(parser: ArgumentParser) -> None:
    """Add the options of every tool that loads a trained model."""
    parser.add_argument('--device', help='e.g. cpu or cuda:1; default: a GPU if available')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load checkpoints even if they could run code')
    add_cfg_options(parser)


def _whole(text: str, least: int, most: float, expected: str) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise ArgumentTypeError(f'{text!r} is not {expected}')
    return int(text)


def run(main: Callable[[], object]) -> None:
    """Call a tool's ``main``; print signals, and errors in its input, without a traceback.

    OSError and ValueError print their message and where they were raised, with exit code 1; SIGINT
    (Ctrl-C), SIGTERM and SIGHUP one line on how to go on, with exit code 128 + signal. Other
    errors, and all errors when the environment variable MMTRANSFER_TRACEBACK is set, print
    Python's traceback.
    """
    prepare()
    listen(_say_stopped, int(os.environ.get(LAUNCHER, 0)))
    if LAUNCHER in os.environ:
        sys.excepthook = _print_traceback
    try:
        main()
    except KeyboardInterrupt as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        for number in SIGNALS:  # it ends now
            signal.signal(number, signal.SIG_IGN)
        number = getattr(error, 'number', signal.SIGINT)
        _say_stopped(number)
        sys.exit(128 + number)
    except (OSError, ValueError) as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        frame = traceback.extract_tb(error.__traceback__)[-1]
        path = Path(frame.filename)
        where = path.relative_to(REPO_ROOT) if path.is_relative_to(REPO_ROOT) else path.name
        if not is_first_to_fail():
            time.sleep(30)  # the same error, or one that follows; the launcher ends this process
        if isinstance(error, UnicodeEncodeError):
            error = ValueError(f'{error.object!r} is not a {error.encoding} name; rename it')
        # A file may have put control characters for the terminal into its words.
        told = ''.join(one if one.isprintable() or one == '\n' else ascii(one)[1:-1]
                       for one in str(error))
        print(f'\n{type(error).__name__}: {told}\n({where}:{frame.lineno}; set {DEBUG_VARIABLE}=1 '
              'for the whole traceback)', file=sys.stderr)
        sys.exit(1)


def _say_stopped(number: int) -> None:
    if os.environ.get('RANK', '0') == '0':
        print(f'\nStopped by {signal.Signals(number).name}. {how_to_go_on()}', file=sys.stderr)


def _print_traceback(*error: Any) -> None:
    """Print it unless the launcher ends this process first, as another one caused the error."""
    time.sleep(1 + (os.environ['RANK'] != '0'))
    sys.__excepthook__(*error)

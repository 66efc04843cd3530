"""Types of command line arguments that several tools share; each says what it expected."""
import math
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

from .paths import resolve_path

LARGEST_SEED = 2 ** 32 - 1  # NumPy takes no larger one


def share(text: str) -> float:
    """A number from 0 to 1.

    Raises:
        ArgumentTypeError: It is something else.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f'{text!r} is not a number from 0 to 1')
    return value


def positive(text: str) -> int:
    """A whole number above 0.

    Raises:
        ArgumentTypeError: It is something else.
    """
    return _whole(text, 1, math.inf, 'a whole number above 0')


def not_negative(text: str) -> int:
    """A whole number from 0.

    Raises:
        ArgumentTypeError: It is something else.
    """
    return _whole(text, 0, math.inf, 'a whole number from 0')


def seed(text: str) -> int:
    """A seed that random, NumPy and PyTorch take; random would make -1 the same as 1.

    Raises:
        ArgumentTypeError: It is something else.
    """
    return _whole(text, 0, LARGEST_SEED, f'a whole number from 0 to {LARGEST_SEED}')


def existing_file(text: str, kind: str = 'file') -> Path:
    """The path of a file, see :func:`resolve_path`.

    Raises:
        ArgumentTypeError: There is none.
    """
    path = resolve_path(text)
    if not path.is_file():
        raise ArgumentTypeError(f'{path}: no such {kind}')
    return path


def config_file(text: str) -> Path:
    """The path of a config, see :func:`resolve_path`.

    Raises:
        ArgumentTypeError: There is none.
    """
    return existing_file(text, 'config file')


def add_cfg_options(parser: ArgumentParser, what: str = 'the config') -> None:
    """Let a command line change a config, see ``plugins.engine.cfg_options.merge_options``."""
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help=f'change {what}, e.g. train_cfg.max_epochs=5; +KEY=VALUE adds')


def _whole(text: str, least: int, most: float, expected: str) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise ArgumentTypeError(f'{text!r} is not {expected}')
    return int(text)

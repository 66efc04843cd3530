"""Shared by the tools' command lines: argument types, and how errors are shown."""
import math
import os
import signal
import sys
import traceback
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .console import prepare
from .continuing import has_claimed, how_to_go_on, wait_for_turn
from .files import REPO_ROOT, resolve_path
from .run_reader import CONFIGS, WHOLE, ArgumentsError, model_parts
from .stop_signal import ignore_signals, listen

DEBUG_VARIABLE = 'MMTRANSFER_TRACEBACK'
LARGEST_SEED = 2 ** 32 - 1  # NumPy's limit; random and PyTorch accept it too


class Parser(ArgumentParser):
    """argparse's, without abbreviations: the beginning of an option may be another one's name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)


def _number(kind: type, least: float, most: float, expected: str, text: str) -> float:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise ArgumentTypeError(f'{text!r} is not a {expected}')
    return value


# Types of arguments, which raise ArgumentTypeError.
share = partial(_number, float, 0, 1, 'number from 0 to 1')
seconds = partial(_number, float, 0, 86400, 'number from 0 to 86400')
positive = partial(_number, int, 1, math.inf, 'whole number above 0')
not_negative = partial(_number, int, 0, math.inf, 'whole number of at least 0')
folds = partial(_number, int, 2, 1000, 'whole number from 2 to 1000')
port = partial(_number, int, 1, 65535, 'whole number from 1 to 65535')
seed = partial(_number, int, 0, LARGEST_SEED, f'whole number from 0 to {LARGEST_SEED}')


def existing_file(text: str, kind: str = 'file') -> Path:
    """The path of a file, see :func:`resolve_path`; ArgumentTypeError if there is none."""
    path = resolve_path(text)
    if not path.is_file():
        raise ArgumentTypeError(f'{path}: no such {kind}')
    return path


config_file = partial(existing_file, kind='config file')


def file_or_run(text: str, kind: str = 'file') -> Path:
    """The path of a file, or of a folder, which may be a run; else ArgumentTypeError."""
    return path if (path := resolve_path(text)).is_dir() else existing_file(text, kind)


def add_trained(parser: ArgumentParser) -> None:
    """Add CONFIG and CHECKPOINT, in place of which :func:`parse_trained` takes a RUN and others."""
    parser.add_argument('config', metavar='CONFIG', help='config file; or what needs no CHECKPOINT '
                        'after it: the work dir of a finished run, whose config, best checkpoint '
                        'and --cfg-options are used, a published file, or its name in the zoo')
    parser.add_argument('checkpoint', nargs='?', metavar='CHECKPOINT',
                        help='checkpoint file of that model')


def parse_trained(parser: ArgumentParser, argv: Sequence[str] | None,
                  whole: tuple[str, ...] = WHOLE) -> Namespace:
    """Parse a command line that has :func:`add_trained`, and fill in what RUN or NAME stands for.

    ``whole`` are the suffixes of files that may stand for both CONFIG and CHECKPOINT.
    """
    args = parser.parse_intermixed_args(argv)
    if not whole and not (path := resolve_path(args.config)).exists():  # a name is not fetched
        parser.error(f'{path}: no such config file')
    try:
        args.config, args.checkpoint, args.cfg_options = model_parts(
            args.config, args.checkpoint, args.cfg_options, args.trust_checkpoint)
    except ArgumentsError as error:
        parser.error(str(error))
    if args.config.suffix not in (*CONFIGS, *whole):
        parser.error(f'{args.config}: expected {", ".join((*CONFIGS, *whole))} or a run')
    return args


def results_folder(args: Namespace, *names: str) -> Path:
    """Where a tool writes by default: beside a checkpoint, but not into a zoo, which is shared."""
    whole = args.config == args.checkpoint
    return (REPO_ROOT / 'work_dirs' if whole else args.checkpoint.parent).joinpath(*names)


def add_cfg_options(parser: ArgumentParser) -> None:
    """Add ``--cfg-options``, see ``plugins.engine.cfg_options.merge_typed``."""
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[],
                        metavar='KEY=VALUE', help='change the config, e.g. train_cfg.max_epochs=5; '
                        '+KEY=VALUE adds a key')


def add_run_options(parser: ArgumentParser) -> None:
    """Add the options that train.py and test.py share."""
    parser.add_argument('--amp', action='store_true',
                        help='mixed precision: bfloat16 if the hardware supports it')
    parser.add_argument('--no-pin-memory', action='append_const', dest='off', default=[],
                        const='pin_memory', help='copy batches to a GPU from pageable memory')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load the checkpoint to test or go on from although it could run code')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, help=SUPPRESS)
    add_cfg_options(parser)


def add_model_options(parser: ArgumentParser, device: bool = True) -> None:
    """Add the options of every tool that loads a trained model; some need it on the CPU."""
    if device:
        parser.add_argument('--device', help='e.g. cpu or cuda:1; default: a GPU if available')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load checkpoints even if they could run code')
    add_cfg_options(parser)


def run(main: Callable[[], object]) -> None:
    """Call a tool's ``main``; print signals, and errors in its input, without a traceback.

    OSError, ValueError and ImportError (a missing package) print their message and where they were
    raised, with exit code 1; SIGINT (Ctrl-C), SIGTERM and SIGHUP one line on how to go on, with
    exit code 128 + signal. Other errors, and all errors when the environment variable
    MMTRANSFER_TRACEBACK is set, print Python's traceback.
    """
    prepare()
    try:
        listen()
        main()
    except KeyboardInterrupt as error:
        ignore_signals()
        if os.environ.get(DEBUG_VARIABLE):
            raise
        number = getattr(error, 'number', signal.SIGINT)
        if os.environ.get('RANK', '0') == '0':
            print(f'\nStopped by {signal.Signals(number).name}. {how_to_go_on()}', file=sys.stderr)
        sys.exit(128 + number)
    except Exception as error:
        ignore_signals()
        wait_for_turn()
        fault = isinstance(error, OSError) or str(error).startswith('DataLoader worker')
        if os.environ.get(DEBUG_VARIABLE) or not (
                fault or isinstance(error, ValueError | ImportError)):
            raise
        frame = traceback.extract_tb(error.__traceback__)[-1]
        path = Path(frame.filename)
        where = path.relative_to(REPO_ROOT) if path.is_relative_to(REPO_ROOT) else path.name
        if isinstance(error, UnicodeEncodeError):
            error = ValueError(f'{error.object!r} is not a {error.encoding} name; rename it')
        # A file may have put control characters for the terminal into its words.
        told = ''.join(one if one.isprintable() or one == '\n' else ascii(one)[1:-1]
                       for one in str(error))
        print(f'\n{type(error).__name__}: {told}\n({where}:{frame.lineno}; set {DEBUG_VARIABLE}=1 '
              'for the whole traceback)', file=sys.stderr)
        if fault and has_claimed():
            print(how_to_go_on(), file=sys.stderr)
        sys.exit(1)

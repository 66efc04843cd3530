"""How the tools end: a sentence for wrong input, a traceback for the programmer."""
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from .paths import REPO_ROOT

DEBUG_VARIABLE = 'MMTRANSFER_TRACEBACK'


def run(main: Callable[[], object]) -> None:
    """Call a tool's ``main``; print what is wrong with its input without fifty lines around it.

    Files that are missing, broken or in the way (OSError) and values that do
    not fit (ValueError) end with their message, where it was raised, and exit
    code 1. Ctrl-C ends with a word and exit code 130. All else, and
    everything when the environment variable MMTRANSFER_TRACEBACK is set, ends
    in Python's traceback.
    """
    try:
        main()
    except BrokenPipeError:  # the reader, as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        print('\nInterrupted. tools/train.py goes on with --resume, tools/search.py by itself.',
              file=sys.stderr)
        sys.exit(130)
    except (OSError, ValueError) as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        frame = traceback.extract_tb(error.__traceback__)[-1]
        path = Path(frame.filename)
        where = path.relative_to(REPO_ROOT) if path.is_relative_to(REPO_ROOT) else path.name
        print(f'\n{type(error).__name__}: {error}\n({where}:{frame.lineno}; set {DEBUG_VARIABLE}=1 '
              'for the whole traceback)', file=sys.stderr)
        sys.exit(1)

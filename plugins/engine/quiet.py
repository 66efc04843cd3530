"""Run tools within a tool, with their output in a file."""
import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from mmengine.logging import MessageHub, MMLogger
from mmengine.visualization import Visualizer

from .console import lenient

Tool = Callable[[list[str]], dict[str, Any]]  # the main() of tools/train.py or tools/test.py


@contextmanager
def quiet(log: Path, append: bool = False) -> Iterator[None]:
    """Redirect a run's output into a file, and add the traceback if it fails.

    mmengine keeps loggers and their open files until the process ends; as some hundred runs
    would leave too many files open, they are closed here; earlier ones write to the terminal.
    """
    _close_loggers()
    gc.freeze()  # what was imported needs no search for garbage: half a second a run
    with lenient(log, 'a' if append else 'w') as file:
        try:
            with redirect_stdout(file), redirect_stderr(file):
                yield
        except Exception:
            traceback.print_exc(file=file)
            raise
        finally:
            _close_loggers()
            gc.collect()


def _close_loggers() -> None:
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            handler.close()
        logger.handlers.clear()
    for kind in (Visualizer, MMLogger, MessageHub):
        kind._instance_dict.clear()

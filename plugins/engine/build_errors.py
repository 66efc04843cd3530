"""Name the part of a config that cannot be built."""
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .files import REPO_ROOT


@contextmanager
def naming(cfg: Config, *keys: str) -> Iterator[None]:
    """Turn an error in building these groups of a config into one sentence.

    Our own errors pass, as they say what is wrong.

    Raises:
        ValueError: A group cannot be built; the message names the keys and the reason.
    """
    try:
        yield
    except Exception as error:  # a constructor may raise anything
        raised_in = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        ours = raised_in.is_relative_to(REPO_ROOT / 'plugins')
        if isinstance(error, OSError) or isinstance(error, ValueError) and ours:
            raise
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f'config {cfg.filename}: {" or ".join(keys)} cannot be built: '
                         f'{reason}') from error


def named(*keys: str) -> Callable[[Callable], Callable]:
    """Let a runner's method that builds these groups name them in its errors."""
    def decorate(build: Callable) -> Callable:
        @wraps(build)
        def method(runner: Any, *args: Any, **kwargs: Any) -> Any:
            with naming(runner.cfg, *keys):
                return build(runner, *args, **kwargs)
        return method
    return decorate

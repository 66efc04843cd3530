"""Name the group of a config whose arguments its class does not accept."""
import copy
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import OPTIMIZERS
from torch.nn import Parameter

from .config_keys import groups
from .files import REPO_ROOT
from .type_check import registry_of
from .wording import shortened


@contextmanager
def naming(cfg: Config, *keys: str) -> Iterator[None]:
    """Turn an error in building these groups of a config into one sentence.

    Our own errors pass, as they say what is wrong.

    Raises:
        ValueError: A group cannot be built; the message names it, its keys and the reason.
    """
    try:
        yield
    except Exception as error:  # a constructor may raise anything
        raised_in = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        ours = raised_in.is_relative_to(REPO_ROOT / 'plugins')
        if isinstance(error, OSError) or isinstance(error, ValueError) and ours:
            raise
        place, group = _smallest(cfg, keys, error)
        given = ', '.join(f'{key}={shortened(value)}' for key, value in group.items()
                          if key not in ('type', 'dataset'))
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f'config {cfg.filename}: {place} cannot be built'
                         f'{" with " if given else ""}{given}: {reason}') from error


def named(*keys: str) -> Callable[[Callable], Callable]:
    """Let a runner's method that builds these groups name them in its errors."""
    def decorate(build: Callable) -> Callable:
        @wraps(build)
        def method(runner: Any, *args: Any, **kwargs: Any) -> Any:
            with naming(runner.cfg, *keys):
                return build(runner, *args, **kwargs)
        return method
    return decorate


def _smallest(cfg: Config, keys: tuple[str, ...],
              error: Exception) -> tuple[str, Mapping[str, Any]]:
    """The innermost group that raises the same error when it is built alone."""
    parts = [part for key in keys for part in groups(cfg.get(key), key)]
    for path, group in reversed(parts):
        registry = registry_of(path)
        weights = dict(params=[Parameter(torch.zeros(1))]) if registry is OPTIMIZERS else None
        try:
            if registry is not None:
                registry.build(copy.deepcopy(group), default_args=weights)
        except Exception as again:
            if repr(again) == repr(error):
                return f'{path} ({group["type"]})', group
    return ' or '.join(keys), parts[0][1] if len(keys) == 1 and parts else {}

"""Name the group of a config whose arguments its class does not accept."""
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from mmengine.config import Config
from mmengine.model import initialize
from mmengine.registry import build_from_cfg, build_scheduler_from_cfg

from .config_check import groups
from .files import REPO_ROOT
from .wording import shortened

_BUILDERS = [one.__code__ for one in (build_from_cfg, build_scheduler_from_cfg, initialize)]


@contextmanager
def naming_groups(cfg: Config) -> Iterator[None]:
    """Turn an error of a constructor that mmengine calls with a group's keys into one sentence.

    Errors in the use of what was built pass, and so do ours, which say what is wrong.

    Raises:
        ValueError: A group cannot be built; the message names it, its keys and the reason.
    """
    try:
        yield
    except Exception as error:  # a constructor may raise anything
        codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
        called = [code for before, code in pairwise(codes) if before in _BUILDERS]
        ours = Path(codes[-1].co_filename).is_relative_to(REPO_ROOT / 'plugins')
        if not called or isinstance(error, OSError) or isinstance(error, ValueError) and ours:
            raise
        kind = called[-1].co_qualname.partition('.')[0]
        named = []
        for path, node in groups(cfg):
            if node.get('type') == kind:
                keys = ', '.join(f'{key}={shortened(value)}' for key, value in node.items())
                named.append(f'{path} ({keys})')
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f'config {cfg.filename}: cannot build {" or ".join(named[:3]) or kind}: '
                         f'{reason}') from error

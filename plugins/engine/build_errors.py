"""Name the group of a config whose arguments its class does not accept."""
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
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
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        built = [frame.f_locals for frame in frames
                 if frame.f_code in _BUILDERS and 'obj' not in frame.f_locals]
        ours = Path(frames[-1].f_code.co_filename).is_relative_to(REPO_ROOT / 'plugins')
        if not built or isinstance(error, OSError) or isinstance(error, ValueError) and ours:
            raise
        group = built[-1]['cfg']
        kind = group.get('type') if hasattr(group, 'get') else None
        places = [path for path, node in groups(cfg) if kind and node.get('type') == kind]
        given = ', '.join(f'{key}={shortened(value)}' for key, value in (
            built[-1].get('args', group) if kind else {}).items() if key != 'dataset')
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f'config {cfg.filename}: {" or ".join(places[:3]) or kind} ({kind}) '
                         f'cannot be built with {given}: {reason}') from error

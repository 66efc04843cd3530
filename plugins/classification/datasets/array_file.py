"""Large arrays in files: written whole, and found again only where all of it is there."""
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from plugins.engine.files import PARTIAL, replacing, write_text

_LEFT = 24 * 3600  # seconds without a write after which a partial file is a killed run's


def open_array(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """A stored array, memory-mapped and read-only, and what :func:`describe` wrote of it.

    Raises:
        OSError, ValueError: There is none, or it is damaged.
    """
    about = json.loads(path.with_suffix('.json').read_text(encoding='utf-8'))
    if not isinstance(about, dict) or 'digest' not in about:
        raise ValueError(f'{path.with_suffix(".json")}: found no digest')
    try:
        return np.load(path, mmap_mode='r'), about
    except EOFError as error:
        raise ValueError(f'{path}: is empty') from error


@contextmanager
def new_array(path: Path, dtype: type, shape: Sequence[int]) -> Iterator[Path]:
    """Yield the file of an empty array to fill; it becomes ``path`` when the block ends."""
    with replacing(path) as partial:
        np.lib.format.open_memmap(partial, 'w+', dtype, tuple(shape)).flush()
        yield partial


def describe(path: Path, digest: str, about: Mapping[str, Any]) -> None:
    """Write down, beside a finished array, its SHA-256 and what it is of."""
    write_text(path.with_suffix('.json'),
               json.dumps({'digest': digest, **about}, default=repr, indent=2) + '\n')


def make_room(folder: Path, needed: int, what: str, advice: str) -> None:
    """Make a folder and check that so many bytes fit into it; delete what killed runs left there.

    Args:
        folder: Where the files will be.
        needed: Bytes.
        what: What needs them.
        advice: What else to do where they do not fit.

    Raises:
        OSError: They do not. A full disk would kill the process with SIGBUS later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f'.*{PARTIAL}'):
        if time.time() - path.stat().st_mtime > _LEFT:
            path.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(f'{folder}: {needed / 1e9:.1f} GB needed for {what}, {free / 1e9:.1f} GB '
                      f'free; make room, or {advice}')

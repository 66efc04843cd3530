"""Store large arrays in files, which are written completely or not at all."""
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from plugins.classification.datasets.source import digest_of
from plugins.engine.files import PARTIAL, replacing, write_text

_ABANDONED = 24 * 3600  # seconds without a write after which a partial file is deleted


def open_array(path: Path, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    """Open a stored array, memory-mapped and read-only; :func:`describe` wrote its SHA-256.

    Raises:
        OSError, ValueError: The array or its description is missing, damaged or another one.
    """
    try:
        about = json.loads(path.with_suffix('.json').read_text(encoding='utf-8'))
        if not isinstance(about, dict) or 'digest' not in about:
            raise ValueError(f'{path.with_suffix(".json")}: found no digest')
        array = np.lib.format.open_memmap(path, mode='r')
    except (SyntaxError, TokenError, TypeError, RecursionError, MemoryError,
            OverflowError) as error:  # numpy parses the header of an array as Python
        raise ValueError(f'{path}: damaged ({error})') from error
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(f'{path}: the values are {array.dtype} {array.shape}, expected '
                         f'{np.dtype(dtype)} {shape}')
    if digest_of(array) != about['digest']:
        raise ValueError(f'{path}: damaged: its SHA-256 is wrong')
    return array


@contextmanager
def new_array(path: Path, dtype: type, shape: Sequence[int]) -> Iterator[Path]:
    """Yield the file of an empty array to fill; it is renamed to ``path`` when the block ends."""
    with replacing(path) as partial:
        np.lib.format.open_memmap(partial, 'w+', dtype, tuple(shape)).flush()
        yield partial


def describe(path: Path, about: Mapping[str, Any]) -> None:
    """Write the SHA-256 and a description of a finished array beside it."""
    about = {'digest': digest_of(np.load(path, mmap_mode='r')), **about}
    write_text(path.with_suffix('.json'), json.dumps(about, default=repr, indent=2) + '\n')


def make_room(folder: Path, needed: int, what: str, advice: str) -> None:
    """Create a folder, delete leftovers of killed runs, and check that there is enough space.

    Args:
        folder: The folder of the files.
        needed: Required bytes.
        what: What is to be stored, for the message.
        advice: What else the user can do, for the message.

    Raises:
        OSError: Too little space. A full disk would kill the process with SIGBUS later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f'.*{PARTIAL}'):
        if time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(f'{folder}: {needed / 1e9:.1f} GB needed for {what}, {free / 1e9:.1f} GB '
                      f'free; make room, or {advice}')

"""Computed features on disk: found again by what they were computed from."""
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import barrier, broadcast_object_list, is_main_process

from plugins.classification.datasets.image_array import digest_of
from plugins.classification.datasets.unfinished import PREFIX, make_room
from plugins.engine.files import resolve_path

ARRAY, ABOUT = 'features.npy', 'about.json'
Check = Callable[[np.ndarray], str]


class FeatureStore:
    """One folder for each array, named by the SHA-256 of what it was computed from.

    A folder is written under another name, then renamed: what has the right
    name is complete. It is used again only if shape, type and SHA-256 of its
    array are those written beside it. Nothing here deletes another key's
    folder; deleting any of them by hand is safe. Two runs may compute the same
    at a time: both use what was finished first.

    In a distributed run all processes write into one array, each its share,
    so they need one file system.

    Args:
        cache_dir: The folder of the folders.
        max_ram_share: Of the machine's memory; a larger array is memory-mapped.
    """

    def __init__(self, cache_dir: str | Path, max_ram_share: float = 0.25) -> None:
        self.cache_dir = resolve_path(cache_dir)
        self.max_ram_share = max_ram_share

    def folder(self, about: Mapping[str, Any]) -> Path:
        """Where the features of a description are, or would be."""
        text = json.dumps(about, sort_keys=True, default=repr)
        return self.cache_dir / hashlib.sha256(text.encode()).hexdigest()[:24]

    def check_room(self, wanted: Sequence[tuple[Mapping[str, Any], Sequence[int]]]) -> int:
        """See that all that is not stored yet fits on the disk, before any of it is computed.

        Args:
            wanted: Description and shape of each array.

        Returns:
            Bytes that are to be computed.

        Raises:
            OSError: No room on the disk.
        """
        needed = sum(num_bytes(shape) for about, shape in wanted if not self.folder(about).exists())
        if needed:
            self._make_room(needed)
        return needed

    def _make_room(self, needed: int) -> None:
        make_room(self.cache_dir, needed, 'features',
                  'or name another folder: default_hooks.feature_cache.cache_dir')

    def fetch(self, about: Mapping[str, Any], shape: Sequence[int],
              fill: Callable[[np.ndarray], None],
              check: Check = lambda features: '') -> tuple[np.ndarray, str]:
        """Open an array, or have it computed; all processes call this together.

        Args:
            about: All that the features depend on, as JSON has it.
            shape: Of the array, float32.
            fill: Computes this process's share of an empty array, in place.
            check: Says what is wrong with a stored array, if anything; the
                main process calls it.

        Returns:
            The array, read-only, and what became of it: ``reused``, ``computed``
            or ``computed anew (why)``.

        Raises:
            OSError: No room on the disk, or no common file system.
        """
        folder, shape = self.folder(about), tuple(int(side) for side in shape)
        fault = by_main(lambda: _fault(folder, shape, check))
        if fault is not None:
            self._compute(folder, about, shape, fill, check)
        word = 'reused' if fault is None else f'computed anew ({fault})' if fault else 'computed'
        return self._open(folder), word

    def _compute(self, folder: Path, about: Mapping[str, Any], shape: tuple[int, ...],
                 fill: Callable[[np.ndarray], None], check: Check) -> None:
        with ExitStack() as stack:
            unfinished = by_main(lambda: self._begin(shape, stack))
            features = np.load(unfinished / ARRAY, mmap_mode='r+')
            fill(features)
            features.flush()
            del features  # Windows renames no file that is mapped
            barrier()
            by_main(lambda: _finish(unfinished, folder, about, shape, check))

    def _begin(self, shape: tuple[int, ...], stack: ExitStack) -> Path:
        """An empty array in a folder that is deleted with the stack, unless renamed before."""
        self._make_room(num_bytes(shape))
        own = stack.enter_context(
            tempfile.TemporaryDirectory(dir=self.cache_dir, prefix=PREFIX))
        unfinished = Path(own, 'features')
        unfinished.mkdir()
        np.lib.format.open_memmap(unfinished / ARRAY, 'w+', np.float32, shape).flush()
        return unfinished

    def _open(self, folder: Path) -> np.ndarray:
        path = folder / ARRAY
        if not path.is_file():
            raise OSError(f'{path}: the main process has just found or written it, and this '
                          'process does not see it; name a folder that all processes share: '
                          'default_hooks.feature_cache.cache_dir')
        large = path.stat().st_size > self.max_ram_share * _memory()
        features = np.load(path, mmap_mode='r' if large else None)
        features.setflags(write=False)
        return features


def num_bytes(shape: Sequence[int]) -> int:
    """Of a float32 array."""
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(np.float32).itemsize


def _fault(folder: Path, shape: tuple[int, ...], check: Check) -> str | None:
    """Why a stored array cannot be used; None if it can, nothing to say if there is none."""
    if not folder.exists():
        return ''
    try:
        features = np.load(folder / ARRAY, mmap_mode='r')
        stored = json.loads((folder / ABOUT).read_text())['sha256']
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        return f'the stored ones cannot be read: {error}'
    if features.dtype != np.float32 or features.shape != shape:
        return (f'the stored ones are {features.dtype} {features.shape}, expected float32 {shape}')
    if digest_of(features) != stored:
        return 'the stored ones are damaged: their SHA-256 is not the one written beside them'
    return check(features) or None


def _finish(unfinished: Path, folder: Path, about: Mapping[str, Any], shape: tuple[int, ...],
            check: Check) -> None:
    """Give an array its name, unless another run has finished the same one meanwhile."""
    features = np.load(unfinished / ARRAY, mmap_mode='r')
    text = json.dumps({'sha256': digest_of(features), 'shape': features.shape, **about},
                      default=repr, indent=2)
    del features
    (unfinished / ABOUT).write_text(text + '\n')
    if _fault(folder, shape, check):  # there is one, and it cannot be used
        with suppress(FileNotFoundError):  # another run was faster at this too
            os.rename(folder, unfinished.with_name('replaced'))
    try:
        os.rename(unfinished, folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # another run was faster; its features are as good as these


def by_main(action: Callable[[], Any]) -> Any:
    """What the main process's call gives, in all processes.

    Raises:
        OSError: All of them do if it does.
        ValueError: Likewise.
    """
    outcome: list[Any] = [None, None]
    if is_main_process():
        try:
            outcome[0] = action()
        except (OSError, ValueError) as error:
            outcome[1] = error
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def _memory() -> int:
    """Bytes of the machine's memory; none where the system does not tell, so all is mapped."""
    if hasattr(os, 'sysconf') and 'SC_PHYS_PAGES' in os.sysconf_names:
        return os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    return 0

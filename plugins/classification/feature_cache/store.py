"""Store computed features on disk, identified by what they were computed from."""
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import barrier

from plugins.classification.datasets.array_file import describe, make_room, new_array, open_array
from plugins.engine.distributed import by_main
from plugins.engine.files import resolve_path

Check = Callable[[np.ndarray], str]


class FeatureStore:
    """One memory-mapped array per set of features, named by a hash of what it depends on.

    An array is reused only if its shape, type and SHA-256 match those stored beside it; deleting
    files is safe. In a distributed run every process writes its share of the array, so they need
    a common file system.
    """

    def __init__(self, cache_dir: str | Path) -> None:
        self.cache_dir = resolve_path(cache_dir)

    def path(self, about: Mapping[str, Any]) -> Path:
        """The path of the features with this description."""
        text = json.dumps(about, sort_keys=True, default=repr)
        return self.cache_dir / f'{hashlib.sha256(text.encode()).hexdigest()[:24]}.npy'

    def check_room(self, wanted: Sequence[tuple[Mapping[str, Any], Sequence[int]]]) -> int:
        """Check that all features that are not stored yet fit on the disk.

        Args:
            wanted: Description and shape of each array.

        Returns:
            Number of bytes that are not stored yet.

        Raises:
            OSError: No space on the disk.
        """
        needed = sum(4 * math.prod(shape) for about, shape in wanted  # float32
                     if not self.path(about).exists())
        if needed:
            make_room(self.cache_dir, needed, 'features',
                      'name another folder: default_hooks.feature_cache.cache_dir')
        return needed

    def fetch(self, about: Mapping[str, Any], shape: Sequence[int],
              fill: Callable[[np.ndarray], None],
              check: Check = lambda features: '') -> tuple[np.ndarray, str]:
        """Open an array, or compute it; all processes must call this together.

        Args:
            about: Everything that the features depend on; is stored as JSON.
            shape: Shape of the array, float32.
            fill: Computes this process's share of an empty array, in place.
            check: Returns what is wrong with a stored array, or ''; called by
                the main process.

        Returns:
            The array, read-only, and how it was obtained: ``reused``, ``computed`` or
            ``computed again (why)``.

        Raises:
            OSError: The array cannot be written, or there is no common file system.
        """
        path, shape = self.path(about), tuple(int(side) for side in shape)
        fault = by_main(lambda: _fault(path, shape, check))
        if fault is not None:
            with ExitStack() as stack:
                partial = by_main(lambda: stack.enter_context(new_array(path, np.float32, shape)))
                features = np.load(_shared(partial), mmap_mode='r+')
                fill(features)
                features.flush()
                del features  # Windows cannot rename a mapped file
                barrier()
                # closing the stack gives the array its name
                by_main(lambda: (stack.close(), describe(path, about)))
        word = 'reused' if fault is None else f'computed again ({fault})' if fault else 'computed'
        return np.load(_shared(path), mmap_mode='r'), word


def _shared(path: Path) -> Path:
    if not path.is_file():
        raise OSError(f'{path}: exists for the main process, but not for this one; name a folder '
                      'that all processes share: '
                      'default_hooks.feature_cache.cache_dir')
    return path


def _fault(path: Path, shape: tuple[int, ...], check: Check) -> str | None:
    """Why a stored array cannot be used; None if it can, '' if nothing is stored."""
    if not path.exists():
        return ''
    try:
        features = open_array(path, np.float32, shape)
    except (OSError, ValueError) as error:
        return f'the stored ones cannot be read: {error}'
    return check(features) or None

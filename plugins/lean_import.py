"""Import one OpenMMLab package without the siblings it would drag in."""
import sys
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Make ``import package`` raise ImportError inside the block.

    mmpretrain imports mmdet when it is installed (for one shared ResNet
    layer), and mmdet imports mmpretrain (for re-identification). Both guard
    the import with ``except ImportError``, so blocking it is a supported
    situation, and each start saves 2 to 3 seconds on 2 cores.

    A package that is already loaded stays available: nothing is gained by
    hiding it, and modules that hold it would disagree with ``sys.modules``.

    Args:
        packages: Top-level package names.
    """
    blocked = [name for name in packages if name not in sys.modules]
    for name in blocked:
        sys.modules[name] = None  # the documented way to block an import
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]

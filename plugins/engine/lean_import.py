"""Import an OpenMMLab package without the other packages that it would import."""
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Make ``import package`` raise ImportError inside the block.

    mmpretrain imports mmdet if it is installed, and vice versa; both catch ImportError. Blocking
    this saves 2 to 3 seconds per start on 2 cores. A package that is already loaded stays
    available.

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


@contextmanager
def muted(*starts: str) -> Iterator[None]:
    """Drop lines printed inside the block that begin with one of ``starts``.

    mmengine's ``print_log`` without a logger ignores the log level. All other output is printed
    when the block ends.
    """
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        for line in printed.getvalue().splitlines(keepends=True):
            if not line.startswith(starts):
                sys.stdout.write(line)

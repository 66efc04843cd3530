"""One process at a time, also when one of them is killed."""
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, wait: float = 600.) -> Iterator[None]:
    """Hold a lock that the operating system gives back when its holder dies.

    It is SQLite's own, on an empty database: the same on Linux, macOS and
    Windows, and as good as the file system's locks.

    Args:
        path: File to lock; made if missing. It holds nothing.
        wait: Seconds to wait for another process.

    Raises:
        OSError: Another process has held it for as long, or the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(path, timeout=wait, isolation_level=None)
        connection.execute('BEGIN EXCLUSIVE')
    except sqlite3.Error as error:
        raise OSError(f'{path}: cannot lock it ({error}); does another process of this search '
                      'hang?') from error
    try:
        yield
    finally:
        connection.close()

"""A file that a tool is to write."""
from pathlib import Path


def check_place(path: Path) -> None:
    """Refuse, before any work, a place where no file can be.

    Raises:
        IsADirectoryError: A folder is there.
        NotADirectoryError: A folder above it is a file.
    """
    if path.is_dir():
        raise IsADirectoryError(f'{path}: is a folder, expected the name of a file to write')
    parent = next(parent for parent in path.absolute().parents if parent.exists())
    if not parent.is_dir():
        raise NotADirectoryError(f'{path}: cannot be written, {parent} is a file, no folder')

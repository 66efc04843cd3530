"""Is this file, is this folder what it should be?"""
import hashlib
from collections.abc import Mapping
from pathlib import Path

from tools.misc.downloads.catalogue import Archive


def check_archive(path: Path, archive: Archive) -> None:
    """Compare a file with its published size and SHA-256, as far as there are any.

    Raises:
        ValueError: They differ.
    """
    size = path.stat().st_size
    if archive.size is not None and size != archive.size:
        raise ValueError(f'{path}: has {size} bytes; expected the official {archive.size} of '
                         f'{archive.name}; fetch it again')
    if archive.sha256 is not None and (found := sha256_of(path)) != archive.sha256:
        raise ValueError(f'{path}: SHA-256 is {found}; expected the official {archive.sha256} of '
                         f'{archive.name}; fetch it again')


def wrong_counts(folder: Path, counts: Mapping[str, int]) -> list[str]:
    """What is missing or too many below a folder; empty when it is complete.

    Args:
        counts: Pattern -> number of visible entries that match it.
    """
    wrong = []
    for pattern, expected in counts.items():
        found = sum(not path.name.startswith('.') for path in folder.glob(pattern))
        if found != expected:
            wrong.append(f'{pattern}: {found} instead of {expected}')
    return wrong


def empty_files(folder: Path, counts: Mapping[str, int]) -> list[str]:
    """Names, below a folder, of the files without a byte that match the patterns of ``counts``."""
    return sorted(path.relative_to(folder).as_posix() for pattern in counts
                  for path in folder.glob(pattern)
                  if not path.name.startswith('.') and path.is_file() and not path.stat().st_size)


def digest_of(folder: Path) -> str:
    """One SHA-256 for all visible files below a folder.

    It is that of the lines ``<sha256>  <relative name>`` (what ``sha256sum``
    prints) in order of the names, so that anybody can recompute it.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob('*')
                   if path.is_file() and not path.name.startswith('.'))
    digest = hashlib.sha256()
    for name, path in files:
        digest.update(f'{sha256_of(path)}  {name}\n'.encode())
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

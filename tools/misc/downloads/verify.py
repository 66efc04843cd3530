"""Compare files and folders with the catalogue."""
import hashlib
from collections.abc import Mapping
from pathlib import Path


def wrong_counts(folder: Path, counts: Mapping[str, int]) -> list[str]:
    """List missing or superfluous files below a folder; empty if it is complete.

    Args:
        counts: Pattern -> number of visible entries that match it; empty files do not count.
    """
    wrong = []
    for pattern, expected in counts.items():
        found = sum(not path.name.startswith('.') and (path.is_dir() or path.stat().st_size > 0)
                    for path in folder.glob(pattern))
        if found != expected:
            wrong.append(f'{pattern}: {found} instead of {expected}')
    return wrong


def digest_of(folder: Path) -> str:
    """Return one SHA-256 for all visible files below a folder.

    It is the digest of the lines ``<sha256>  <relative name>`` (the output of
    ``sha256sum``) in order of the names, so it can be recomputed by hand.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob('*')
                   if path.is_file() and not path.name.startswith('.'))
    lines = ''.join(f'{sha256_of(path)}  {name}\n' for name, path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

"""Unpack a downloaded archive without trusting its contents."""
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

MAX_FILES, MAX_BYTES = 30_000, 40_000_000_000  # KITTI's images: 15 000 files, 13 GB
_DAMAGED = (tarfile.ReadError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError,
            RuntimeError)  # the last: a zip file that is encrypted or compressed in an unknown way


def unpack(archive: Path, target: Path, only: str = '') -> None:
    """Unpack the visible files of a tar or zip archive, or ``only`` those below e.g. 'training/'.

    Raises:
        ValueError: It is not an archive, damaged, larger than ``MAX_FILES`` or ``MAX_BYTES``, or
            holds a link, a device or a path outside its folder.
        OSError: There is too little space, or a file cannot be written.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:  # extracts a link as a small file
                file.extractall(target, _wanted(archive, file.infolist(), only, target))
        else:
            with tarfile.open(archive) as file:
                file.extractall(target, _wanted(archive, file, only, target), filter='data')
    except _DAMAGED as error:
        raise ValueError(f'{archive}: damaged or no archive ({error}); get it again') from error


def _wanted(archive: Path, members: Iterable[Any], only: str, target: Path) -> list[Any]:
    """Check all members before the first is unpacked, and select those to unpack."""
    wanted, size = [], 0
    for number, member in enumerate(members, 1):
        zipped = isinstance(member, zipfile.ZipInfo)
        name = member.filename if zipped else member.name
        size += member.file_size if zipped else member.size
        path = PurePosixPath(name)
        if not (zipped or member.isreg() or member.isdir()):
            raise ValueError(f'{archive}: holds {name!r}, a link or device')
        if path.is_absolute() or '..' in path.parts or '\\' in name or ':' in name:
            raise ValueError(f'{archive}: holds {name!r}, a path that may leave its folder')
        if number > MAX_FILES or size > MAX_BYTES:
            raise ValueError(f'{archive}: holds more than {MAX_FILES} files or {MAX_BYTES / 1e9:g} '
                             'GB, more than any data set of the catalogue')
        hidden = any(part.startswith('.') for part in path.parts)  # macOS adds ._* and .DS_Store
        if f'{path}/'.startswith(only) and not hidden:
            wanted.append(member)
    free = shutil.disk_usage(target.parent).free
    if size > free:
        raise OSError(f'{archive}: {size / 1e9:.1f} GB when unpacked, {free / 1e9:.1f} GB are free '
                      f'in {target.parent}; make room')
    return wanted

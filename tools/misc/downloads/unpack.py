"""Unpack an archive that nobody vouches for."""
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from rich.progress import track

_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError,
            NotImplementedError)  # the last: a compression that zipfile does not know


def unpack(archive: Path, target: Path, only: str = '') -> int:
    """Unpack files of a tar (of any compression) or zip archive below ``target``.

    tarfile's ``filter='data'`` is missing from early releases of Python 3.10
    and 3.11, and zipfile changes wrong names silently. Here, in both: regular
    files and folders alone, written with this user's rights; a name that is
    absolute or leads upwards, a link of any kind, a device or an encrypted
    file is refused. What macOS adds (``._*``, ``.DS_Store``, ``__MACOSX``) is
    left out, and so is what lies outside of the folder ``only``.

    Args:
        only: E.g. 'training/'; empty for everything.

    Returns:
        The number of files written.

    Raises:
        ValueError: No archive, a damaged one, or a member that is refused.
        OSError: Too little room, or a file that cannot be written.
    """
    written = 0
    try:
        for name, size, content in track(_members(archive), f'unpack {archive.name}'):
            path = _safe(archive, name)
            if not str(path).startswith(only) or _of_macos(path):
                continue
            free = shutil.disk_usage(target).free
            if size > free:
                raise OSError(f'{target}: no room for {name} of {archive.name} ({size / 1e6:.1f} '
                              f'MB, {free / 1e6:.1f} MB free); make room or name another '
                              '--data-root')
            out = target / path
            out.parent.mkdir(parents=True, exist_ok=True)
            with content as source, out.open('wb') as file:
                shutil.copyfileobj(source, file, 1 << 20)
            written += 1
    except _DAMAGED as error:
        raise ValueError(f'{archive}: damaged or no archive ({error}); fetch it again') from error
    return written


def _members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, size and content of each file; whatever is neither file nor folder is an error."""
    if zipfile.is_zipfile(archive):
        yield from _zip_members(archive)
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isdir():
                _safe(archive, member.name)
            elif member.isreg():
                yield member.name, member.size, tar.extractfile(member)
            else:
                kind = 'a link' if member.issym() or member.islnk() else 'a device or pipe'
                raise ValueError(_refusal(archive, member.name, kind))


def _zip_members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            # Unix mode in the upper half; 0 where the archive comes from another system
            kind = (member.external_attr >> 16) & 0o170000
            if member.flag_bits & 1:
                raise ValueError(_refusal(archive, member.filename, 'encrypted'))
            if member.is_dir():
                _safe(archive, member.filename)
            elif kind in (0, 0o100000):
                yield member.filename, member.file_size, file.open(member)
            else:
                raise ValueError(_refusal(archive, member.filename, 'a link or device'))


def _safe(archive: Path, name: str) -> PurePosixPath:
    """The member's path, relative and without a step upwards, on any system."""
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts or '\\' in name or ':' in name or '\0' in name:
        raise ValueError(_refusal(archive, name, 'a path that may leave its folder'))
    return path


def _refusal(archive: Path, name: str, what: str) -> str:
    return (f'{archive}: its member {name!r} is {what}, which no data set needs; nothing was '
            'unpacked; fetch the archive from its official place')


def _of_macos(path: PurePosixPath) -> bool:
    return path.name.startswith('._') or path.name == '.DS_Store' or '__MACOSX' in path.parts

"""Unpack a downloaded archive without trusting its contents."""
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

MAX_FILES, MAX_BYTES = 100_000, 40_000_000_000  # KITTI's images: 15 000 files, 13 GB
_DAMAGED = (tarfile.ReadError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError,
            RuntimeError)  # the last: a zip file that is encrypted or compressed in an unknown way


def unpack(archive: Path, target: Path, only: str = '') -> None:
    """Unpack the visible files of a tar or zip archive, or ``only`` those below e.g. 'training/'.

    Raises:
        ValueError: It is not an archive, damaged, larger than ``MAX_FILES`` or ``MAX_BYTES``, or
            holds a link, a device or a path outside its folder.
        OSError: A file cannot be written.
    """
    files = size = 0

    def is_wanted(name: str, length: int) -> bool:
        nonlocal files, size
        path = PurePosixPath(name)
        if path.is_absolute() or '..' in path.parts or '\\' in name or ':' in name:
            raise ValueError(f'{archive}: holds {name!r}, a path that may leave its folder')
        files, size = files + 1, size + length
        if files > MAX_FILES or size > MAX_BYTES:
            raise ValueError(f'{archive}: holds more than {MAX_FILES} files or {MAX_BYTES / 1e9:g} '
                             'GB, more than any data set of the catalogue')
        hidden = any(part.startswith('.') for part in path.parts)  # macOS adds ._* and .DS_Store
        return f'{path}/'.startswith(only) and not hidden

    def member_filter(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
        if not member.isreg() and not member.isdir():
            raise ValueError(f'{archive}: holds {member.name!r}, a link or device')
        return tarfile.data_filter(member, folder) if is_wanted(member.name, member.size) else None

    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:  # extracts a link as a small file
                for info in file.infolist():
                    if is_wanted(info.filename, info.file_size):
                        file.extract(info, target)
        else:
            with tarfile.open(archive) as file:
                file.extractall(target, filter=member_filter)
    except _DAMAGED as error:
        raise ValueError(f'{archive}: damaged or no archive ({error}); get it again') from error

"""Resolve paths, and write files completely or not at all, without overwriting by accident."""
import csv
import hashlib
import io
import json
import os
import platform
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TextIO

from .wording import some

REPO_ROOT = Path(__file__).resolve().parents[2]
PARTIAL = '.partial'  # the suffix of files and folders that are being written
LOCK = '.lock'
MANIFEST = '.files'  # lists the files that a tool wrote into a folder of results


def resolve_path(path: str | Path) -> Path:
    """Make a path absolute: relative to the current directory, else to the repository root.

    Configs name their data like ``data/cifar10``, and tools run from any working directory.
    """
    path = Path(path).expanduser()
    if path.is_absolute() or path.exists():
        return path.absolute()
    return REPO_ROOT / path


def shown_path(path: str | Path, base: Path = REPO_ROOT) -> str:
    """A path as records show it, relative to the repository root if inside it, or to ``base``."""
    path = Path(path).absolute()
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def checksum(path: Path, algorithm: str = 'sha256') -> str:
    """The hex digest of a file's bytes, without hashlib.file_digest, which Python 3.10 lacks."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def archive_damage(archive: zipfile.ZipFile) -> str:
    """How an uncompressed archive is damaged; '' if it is not."""
    if sum(entry.file_size for entry in archive.infolist()) > os.fstat(archive.fp.fileno()).st_size:
        return 'its entries overlap'  # they would be read for hours
    wrong = archive.testzip()
    return f'its checksum is wrong in {wrong}' if wrong else ''


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it replaces ``path`` when the block ends.

    A reader sees the old file or the new one, never a partial one, even after a power cut. Links
    are followed, and anything but a regular file (``/dev/stdout``, a pipe) is written to directly.
    Missing parent folders are created.

    Raises:
        OSError: It cannot be written; ``path`` is then unchanged, as after an error in the block.
    """
    if path.exists() and not path.is_file():
        check_file(path)
        with naming(path):
            yield path
        return
    target = Path(os.path.realpath(path))
    partial = target.with_name(f'.{target.name}.{os.getpid()}{PARTIAL}')
    with naming(path, partial):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            _sync(partial)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        _sync(target.parent)


def _sync(path: Path) -> None:
    with suppress(OSError) if path.is_dir() else nullcontext():  # some file systems cannot
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def naming(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Make errors that name no file, as on a full disk, or the temporary one, name ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno is None or not str(error.filename or temporary).startswith(str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    except RuntimeError as error:
        if 'inline_container' not in str(error):
            raise
        raise OSError(f'{path}: cannot be written; is the disk full? ({error})') from error


def lock(folder: Path) -> TextIO:
    """Create a folder and lock it, until the returned file is closed or the process ends.

    A record lock, unlike flock's, is not inherited by the workers of a data loader, which outlive
    a killed process by seconds. BlockingIOError if another process has it; FileExistsError for
    a link in the folder, which a stranger may have made, and for a user's file named like the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for link in filter(Path.is_symlink, folder.iterdir()):
        raise FileExistsError(f'{link}: is a link, so that its target would be changed; remove it '
                              'or choose another folder')
    path = folder / LOCK
    if path.exists() and not (path.is_file() and path.read_bytes()[:8] in (b'', b'process ')):
        raise FileExistsError(f'{path}: is not the lock that this tool would write; move it '
                              'elsewhere or choose another folder')
    file = path.open('a+', encoding='utf-8')
    try:
        import fcntl
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        file.seek(0)
        raise BlockingIOError(f'{folder} is in use by {file.read(99).strip() or "another process"};'
                              ' wait for it to end or choose another folder') from error
    except (ImportError, OSError) as error:  # on Windows, and some network file systems
        print(f'{folder} cannot be locked ({error}); start no second run in it')
    with naming(path):
        file.truncate(0)
        file.write(f'process {os.getpid()} on {platform.node()}\n')
        file.flush()
    return file


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 text, see :func:`replacing`."""
    write_texts({path: text})


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as indented JSON, each list of numbers on one line, see :func:`replacing`."""
    write_text(path, re.sub(  # strings have no line breaks
        r'\[\n[^][{}"]*\]', lambda found: f"[{' '.join(found[0][1:-1].split())}]",
        json.dumps(record, indent=2)) + '\n')


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table of :func:`safe_cell`, see :func:`replacing`."""
    file = io.StringIO()
    csv.writer(file, lineterminator='\n').writerows([columns, *(map(safe_cell, row)
                                                               for row in rows)])
    write_text(path, file.getvalue())


def safe_cell(value: Any) -> Any:
    """A value; a text that a spreadsheet would compute, as it begins with =+-@, gets a quote."""
    computed = isinstance(value, str) and value.startswith(tuple('=+-@\t\r'))
    return f"'{value}" if computed else value


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write several files of text, in UTF-8; none is replaced before all are written."""
    with ExitStack() as stack:
        partials = {path: stack.enter_context(replacing(path)) for path in texts}
        for path, partial in partials.items():
            with naming(path, partial):
                partial.write_text(texts[path], 'utf-8', 'backslashreplace', newline='\n')


def check_file(*paths: Path, overwrite: bool = True) -> None:
    """Check, before any work, that these files can be written.

    Raises:
        IsADirectoryError: A path is a folder.
        NotADirectoryError: A parent folder is a file.
        FileExistsError: A file exists, and ``overwrite`` is false.
        OSError: Nothing can be written there.
    """
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(f'{path}: is a folder, expected the name of a file to write')
        if path.is_file() or not path.exists():
            _check_parent(path)
    existing = [str(path) for path in paths if path.is_file()]
    if existing and not overwrite:
        raise FileExistsError(f'{", ".join(existing)}: already exists; replace it with '
                              '--overwrite or choose another name')


def check_folder(folder: Path, overwrite: bool = False) -> None:
    """Check, before any work, that a folder of results can be written.

    Raises:
        FileExistsError: It is a file, or a folder with other files, or with earlier results, and
            ``overwrite`` is false.
        NotADirectoryError: A parent folder is a file.
        OSError: Nothing can be written there.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f'{folder}: is a file, expected a folder; choose another one')
    if os.path.ismount(folder):
        raise OSError(f'{folder}: is a mount point, cannot be replaced; choose a folder in it')
    _check_parent(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    listed = listed_files(folder)
    others = sorted(_files(folder) - listed)
    if others:
        raise FileExistsError(f'{folder}: contains {some(others)}, not in the list {MANIFEST} of '
                              'earlier results; move them elsewhere or choose another folder')
    if not overwrite:
        raise FileExistsError(f'{folder}: contains earlier results; replace them with --overwrite '
                              'or choose another folder')


@contextmanager
def replacing_folder(folder: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder to fill; it replaces ``folder`` when the block ends without error.

    A list of the written files is added, by which :func:`check_folder` tells results from a user's
    own files; arguments and errors are those of that function. A link is followed.
    """
    check_folder(folder, overwrite)
    folder = Path(os.path.realpath(folder))
    spare = folder.with_name(f'.{folder.name}{PARTIAL}')
    made, earlier = spare / 'made', spare / 'earlier'
    with naming(folder, spare), lock(spare):
        try:
            for left in (made, earlier):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            made.mkdir()
            yield made
            write_text(made / MANIFEST, ''.join(f'{name}\n' for name in sorted(_files(made))))
            for path in made.rglob('*'):
                _sync(path)
            check_folder(folder, overwrite)  # again: it may have changed meanwhile
            _swap(made, folder, earlier)
        finally:
            shutil.rmtree(spare, ignore_errors=True)


def _swap(made: Path, folder: Path, earlier: Path) -> None:
    if folder.exists():
        os.rename(folder, earlier)
    try:
        os.rename(made, folder)
    except OSError:
        if earlier.exists():
            os.rename(earlier, folder)
        raise
    _sync(folder.parent)


def listed_files(folder: Path) -> set[str]:
    """The relative names of the files that a tool wrote into a folder of results, by its list."""
    manifest = folder / MANIFEST
    return {MANIFEST, *manifest.read_text('utf-8').splitlines()} if manifest.is_file() else set()


def _files(folder: Path) -> set[str]:
    """The relative names of all files in a folder and its subfolders, each on one line."""
    return {repr(path.relative_to(folder).as_posix())[1:-1]
            for path in folder.rglob('*') if not path.is_dir()}


def _check_parent(path: Path) -> None:
    parent = next(parent for parent in path.absolute().parents if parent.exists())
    if not parent.is_dir():
        raise NotADirectoryError(f'{path}: cannot be written, {parent} is a file, not a folder')
    try:  # file modes alone do not tell
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise OSError(f'{path}: cannot be written, no file can be created in {parent} '
                      f'({error.strerror}); choose another place') from error

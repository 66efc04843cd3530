"""A folder of results that appears only when it is complete."""
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILES = '.files'  # in each such folder, the names of what was written


def check_output(folder: Path, overwrite: bool, record: str) -> None:
    """Refuse to write where something is that must stay.

    Args:
        folder: Where the results are to be.
        overwrite: Whether earlier results there may be replaced.
        record: The file by which earlier results are known.

    Raises:
        FileExistsError: The folder is there with files in it, and either may
            not be overwritten, or holds no such results, or others beside them.
        OSError: A folder above it is a file, or nothing can be written there.
    """
    if folder.is_file():
        raise FileExistsError(f'{folder}: is a file, expected a folder; choose another --out-dir')
    if not folder.is_dir() or not any(folder.iterdir()):
        _check_parents(folder)
        return
    if not (folder / record).is_file():
        raise FileExistsError(f'{folder}: holds files, but no {record} of earlier results; choose '
                              'another --out-dir')
    if not overwrite:
        raise FileExistsError(f'{folder}: holds earlier results; replace them with --overwrite or '
                              'choose another --out-dir')
    others = sorted(_names(folder) - _written(folder) - {record, FILES})
    if others:
        more = f' and {len(others) - 5} more' if len(others) > 5 else ''
        raise FileExistsError(f'{folder}: holds {", ".join(others[:5])}{more}, of which no earlier '
                              f'results are known to have written any (see {FILES}); move what is '
                              'yours elsewhere, delete the rest, or choose another --out-dir')
    _check_parents(folder)


def _names(folder: Path) -> set[str]:
    """The files in a folder and below it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if not path.is_dir()}


def _written(folder: Path) -> set[str]:
    path = folder / FILES
    return set(path.read_text(encoding='utf-8').splitlines()) if path.is_file() else set()


def _check_parents(folder: Path) -> None:
    """Try whether a folder can be made where this one shall be: modes alone do not tell."""
    parent = next(parent for parent in folder.absolute().parents if parent.exists())
    if not parent.is_dir():
        raise NotADirectoryError(f'{folder}: cannot be made, {parent} is a file; choose another '
                                 '--out-dir')
    try:
        with tempfile.TemporaryDirectory(dir=parent, prefix='.writable-'):
            pass
    except OSError as error:
        raise OSError(f'{folder}: cannot be made, {parent} takes no folder ({error.strerror}); '
                      'choose another --out-dir') from error


@contextmanager
def finished_folder(folder: Path, overwrite: bool, record: str) -> Iterator[Path]:
    """Yield a folder to fill; it takes its place when the block ends without an error.

    A list of what was written goes with it: what else a user puts there is no result to replace.

    Args:
        folder: Its place.
        overwrite: As for :func:`check_output`, which is asked first.
        record: Likewise.

    Raises:
        OSError: See :func:`check_output`.
    """
    check_output(folder, overwrite, record)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f'.{folder.name}-') as spare:
        made = Path(spare, 'made')
        made.mkdir()
        yield made
        (made / FILES).write_text(''.join(f'{name}\n' for name in sorted(_names(made))),
                                  encoding='utf-8')
        check_output(folder, overwrite, record)  # much may have come since
        _put(made, folder, Path(f'{spare}-replaced'))


def _put(made: Path, folder: Path, earlier: Path) -> None:
    """Move a folder to its place, what was there to ``earlier``, and delete that at the end."""
    if folder.exists():
        os.rename(folder, earlier)
    try:
        os.rename(made, folder)
    except OSError:
        if earlier.exists():
            os.rename(earlier, folder)
        raise
    if earlier.exists():
        shutil.rmtree(earlier)

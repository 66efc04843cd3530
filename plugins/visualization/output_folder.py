"""A folder of results that appears only when it is complete."""
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_output(folder: Path, overwrite: bool, record: str) -> None:
    """Refuse to write where something is that must stay.

    Args:
        folder: Where the results are to be.
        overwrite: Whether earlier results there may be replaced.
        record: The file by which earlier results are known.

    Raises:
        FileExistsError: The folder is there with files in it, and either may
            not be overwritten or holds no such results.
    """
    if folder.is_file():
        raise FileExistsError(f'{folder}: is a file, expected a folder; choose another --out-dir')
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / record).is_file():
        raise FileExistsError(f'{folder}: holds files, but no {record} of earlier results; choose '
                              'another --out-dir')
    if not overwrite:
        raise FileExistsError(f'{folder}: holds earlier results; replace them with --overwrite or '
                              'choose another --out-dir')


@contextmanager
def finished_folder(folder: Path, overwrite: bool, record: str) -> Iterator[Path]:
    """Yield a folder to fill; it takes its place when the block ends without an error.

    Args:
        folder: Its place.
        overwrite: As for :func:`check_output`, which is asked first.
        record: Likewise.

    Raises:
        FileExistsError: See :func:`check_output`.
    """
    check_output(folder, overwrite, record)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f'.{folder.name}-') as spare:
        made = Path(spare, 'made')
        made.mkdir()
        yield made
        if folder.exists():
            shutil.move(folder, Path(spare, 'replaced'))
        shutil.move(made, folder)

"""Write the files of a converter: all of them or none, and over no other ones unless asked."""
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from plugins.output_file import check_place


def refuse_existing(paths: Iterable[Path], overwrite: bool) -> None:
    """Refuse places that are taken.

    Raises:
        FileExistsError: One of these files exists, and --overwrite is not given.
        OSError: One cannot be a file, see check_place.
    """
    paths = list(paths)
    for path in paths:
        check_place(path)
    existing = [str(path) for path in paths if path.exists()]
    if existing and not overwrite:
        raise FileExistsError(f'{", ".join(existing)}: exists; give --overwrite to replace it')


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write every text beside its place, then rename: no file is ever half of one."""
    partials = {path: path.with_name(f'.{path.name}.{os.getpid()}.partial') for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            partials[path].write_text(text, encoding='utf-8', newline='\n')
        for path, partial in partials.items():
            os.replace(partial, path)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)

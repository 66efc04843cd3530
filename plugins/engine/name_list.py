"""Read text files of names, one a line."""
from collections.abc import Callable
from pathlib import Path


def read_names(path: Path, what: str, fits: Callable[[str], object] = bool) -> list[str]:
    """The names in a file; Windows line ends, a byte order mark and a blank end are accepted.

    Args:
        what: What the names are, for messages.
        fits: Whether a name is one of them.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no UTF-8 text or empty, or a line is wrong or repeats another.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; expected a list of {what}, one a line')
    try:
        lines = path.read_text('utf-8-sig').rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: {error}; save it as UTF-8 text') from error
    places: dict[str, int] = {}
    for number, name in enumerate(map(str.strip, lines), 1):
        if (first := places.setdefault(name, number)) != number:
            raise ValueError(f'{path}:{number}: found {name!r} again, it is already in line '
                             f'{first}; delete one of the two')
        if not fits(name):
            raise ValueError(f'{path}:{number}: found {name!r}, expected one of {what}; correct '
                             'or delete the line')
    if not places:
        raise ValueError(f'{path}: found no line, expected at least one of {what}')
    return list(places)

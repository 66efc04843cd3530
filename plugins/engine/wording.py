"""Shared wording of messages."""
import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from unicodedata import normalize


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 picture``, ``2 pictures``."""
    return f'{number} {noun}{"" if number == 1 else "s"}'


def shortened(value: object) -> str:
    """A value as Python writes it, on one line; the middle of a long one is left out."""
    text = ' '.join(repr(value).splitlines())
    return text if len(text) <= 80 else f'{text[:50]}...{text[-20:]}'


def some(names: Iterable[str], separator: str = ', ', most: int = 6) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return separator.join(names[:most]) + more


def near(name: str, names: Sequence[str]) -> str:
    """The end of an error about an unknown name: ``; near: ...`` or ``; expected one of ...``."""
    similar = get_close_matches(name, names, n=3, cutoff=0.5)
    return f'; near: {some(similar)}' if similar else f'; expected one of {some(names, most=20)}'


def short_names(paths: Sequence[str | Path]) -> list[str]:
    """Paths without their common parent folders; for a single path, its last two parts."""
    absolute = [Path(os.path.abspath(path)) for path in paths]
    if len(absolute) < 2:
        return ['/'.join(path.parts[-2:]) for path in absolute]
    shared = os.path.commonpath([path.parent for path in absolute])
    return [path.relative_to(shared).as_posix() for path in absolute]


def index_of(name: str, names: Sequence[str], option: str) -> int:
    """The index of a class name given by the user.

    Raises:
        ValueError: The name is unknown; the message names similar ones.
    """
    if normalize('NFC', name) not in names:
        raise ValueError(f'{option} {name}: no such class{near(name, names)}')
    return list(names).index(normalize('NFC', name))

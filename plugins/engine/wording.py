"""Words of messages that several tools share."""
import os
from collections.abc import Sequence
from pathlib import Path


def counted(number: int, noun: str, several: str | None = None) -> str:
    """A number and its noun: ``1 picture``, ``2 pictures``, ``2 batches``.

    Args:
        number: How many.
        noun: What one of them is called.
        several: What several are called; None adds an s.
    """
    return f'{number} {noun if number == 1 else several or noun + "s"}'


def short_names(paths: Sequence[str | Path]) -> list[str]:
    """Paths without the parent folders that all share; of a single path, its last two parts.

    Args:
        paths: Files or folders, absolute or relative to the current directory.
    """
    absolute = [Path(os.path.abspath(path)) for path in paths]
    if len(absolute) < 2:
        return ['/'.join(path.parts[-2:]) for path in absolute]
    shared = os.path.commonpath([path.parent for path in absolute])
    return [path.relative_to(shared).as_posix() for path in absolute]

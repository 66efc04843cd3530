"""Unpicklers for files from anyone.

Python's own, as the C version allocates what a damaged file's numbers ask for.
"""
import pickle
from collections.abc import Callable
from typing import Any

_LARGEST_TUPLE = 10_000  # values in it and in the tuples that it holds


def _bounded(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def checked(unpickler: Any) -> None:
        load(unpickler)
        if _size(unpickler.stack[-1]) > _LARGEST_TUPLE:
            raise pickle.UnpicklingError('it holds a tuple that is too large')
    return checked


def _size(value: Any) -> int:
    return 1 + sum(map(_size, value)) if isinstance(value, tuple) else 1


class BoundedUnpickler(pickle._Unpickler):
    """Rejects tuples that hold one another many times: hashing one as a key would take years."""

    dispatch = pickle._Unpickler.dispatch | {
        code[0]: _bounded(pickle._Unpickler.dispatch[code[0]])
        for code in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)}


def globals_of(file: Any) -> set[str]:
    """The globals that a pickle uses, as ``module.name``; none of them is called."""
    names: set[str] = set()

    class Reader(BoundedUnpickler):
        def find_class(self, module: str, name: str) -> type:
            names.add(f'{module}.{name}')
            return _Anything

        def persistent_load(self, pid: Any) -> None:
            pass

    Reader(file).load()
    return names


class _Anything:
    """What any call in a pickle returns."""

    def _ignore(self, *_: Any) -> None:
        pass

    __init__ = __setstate__ = __setitem__ = append = add = _ignore

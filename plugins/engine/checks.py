"""Checks of single values: errors name the owner, the key, what was found and what was expected."""
import math
import sys
import unicodedata
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from .wording import shortened

Range = tuple[float, float]
Size = tuple[int, int]

# Kinds of values in a shape, see check_shape.
_KINDS = {
    'text': lambda value: isinstance(value, str),
    'printable text': lambda value: isinstance(value, str) and value.isprintable(),
    'a line of text': lambda value: isinstance(value, str) and len(value.splitlines()) < 2,
    'a file name': lambda value: isinstance(value, str) and Path(value).name != '',
    'a whole number': lambda value: is_whole(value, 0, 2 ** 63 - 1),
    'a number': lambda value: isinstance(value, float) or is_number(value),
    'True or False': lambda value: isinstance(value, bool),
    'text or null': lambda value: value is None or isinstance(value, str),
    'a dict': lambda value: isinstance(value, dict),
    'a tensor': lambda value: hasattr(value, 'untyped_storage'),
    'several values': lambda value: isinstance(value, list | tuple | dict),
    'anything': lambda value: True}


def refuse(owner: object, key: str, found: object, expected: str) -> ValueError:
    """The error for a wrong value; the caller raises it.

    Args:
        owner: What the value belongs to: a name, or an object (its class is named); '' for none.
        key: Name of the value.
        found: The value given.
        expected: A description of valid values.
    """
    name = owner if isinstance(owner, str) else type(owner).__name__
    return ValueError(f'{name}{": " if name else ""}{key}={shortened(found)}, expected {expected}')


def is_number(value: object) -> bool:
    """Whether it is a finite real number; True and False are not."""
    return (isinstance(value, Real) and not isinstance(value, bool)
            and abs(value) <= sys.float_info.max)  # also of an integer that no float can hold


def is_whole(value: object, low: int = 0, high: float = math.inf) -> bool:
    """Whether it is an integer in [low, high]; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def one_of(owner: object, key: str, value: object, choices: Sequence[object]) -> object:
    """One of several values; ValueError otherwise."""
    if value not in choices:
        raise refuse(owner, key, value, ' or '.join(map(repr, choices)))
    return value


def number(owner: object, key: str, value: object, low: float, high: float) -> float:
    """A number in [low, high]; ValueError otherwise."""
    if not is_number(value) or not low <= value <= high:
        raise refuse(owner, key, value, f'a number in [{low:g}, {high:g}]')
    return float(value)


def whole(owner: object, key: str, value: object, low: int, high: float = math.inf) -> int:
    """An integer in [low, high]; ValueError otherwise."""
    if not is_whole(value, low, high):
        most = '' if high == math.inf else f' and at most {high}'
        raise refuse(owner, key, value, f'a whole number of at least {low}{most}')
    return value


def pair(owner: object, key: str, value: object, low: float, high: float) -> Range:
    """Two ordered numbers in [low, high]; ValueError otherwise."""
    if (not isinstance(value, Sequence) or len(value) != 2 or not all(map(is_number, value))
            or not low <= value[0] <= value[1] <= high):
        raise refuse(owner, key, value, f'two numbers (a, b), {low:g} <= a <= b <= {high:g}')
    return float(value[0]), float(value[1])


def spread(owner: object, key: str, value: object, centre: float, limit: float,
           pairs: Range | None = None) -> Range:
    """``(centre - v, centre + v)`` of 0 <= v <= limit; or a pair there, or within ``pairs``."""
    if isinstance(value, Sequence):
        return pair(owner, key, value, *(pairs or (centre - limit, centre + limit)))
    half = number(owner, key, value, 0, limit)
    return centre - half, centre + half


def size(owner: object, key: str, value: object) -> Size:
    """``(height, width)`` in pixels of an integer (a square) or of two; ValueError otherwise."""
    sides = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(sides) != 2 or not all(is_whole(side, 1) for side in sides):
        raise refuse(owner, key, value, 'a positive whole number of pixels, or (height, width)')
    return sides


def class_names(owner: object, names: Sequence[str]) -> tuple[str, ...]:
    """Class names in Unicode's composed form (NFC), so that two spellings of an accent are one.

    ValueError for a name that cannot be printed, and for two that are one.
    """
    spellings: dict[str, str] = {}
    for name in names:
        composed = unicodedata.normalize('NFC', name)
        if not composed.isprintable():
            raise refuse(str(owner), 'class', name, 'printable text; rename it')
        if composed in spellings:
            raise ValueError(f'{owner}: {ascii(spellings[composed])} and {ascii(name)} are two '
                             'spellings of one class; rename or merge them')
        spellings[composed] = name
    return tuple(spellings)


def check_shape(value: Any, shape: Any, where: str, advice: str) -> None:
    """Check nested values that a file holds, which may come from anyone.

    Args:
        value: The values.
        shape: A kind of value; or [items of one shape]; or {key: shape}, where ``name?`` may be
            missing, ``name??`` also None, and ``begin*`` stands for all keys with this beginning.
            Keys that the shape does not name may hold anything.
        where: Name of the value.
        advice: What to do about a wrong one.

    Raises:
        ValueError: A value is of another kind; the message names it.
    """
    kinds = list | tuple if isinstance(shape, list) else type(shape)
    if not (_KINDS[shape](value) if isinstance(shape, str) else isinstance(value, kinds)):
        expected = shape if isinstance(shape, str) else f'a {type(shape).__name__}'
        raise ValueError(f'{where} is {shortened(value)}, expected {expected}; {advice}')
    if isinstance(shape, list):
        if len(shape) > 1 and len(value) != len(shape):
            raise ValueError(f'{where} has {len(value)} items, expected {len(shape)}; {advice}')
        for place, one in enumerate(value):
            check_shape(one, shape[0], f'{where}[{place}]', advice)
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            if key.endswith('*') and not all(isinstance(name, str) for name in value):
                raise ValueError(f'{where} has the keys {shortened([*value])}, expected texts; '
                                 f'{advice}')
            for name in [name for name in value if name.startswith(key[:-1])] \
                    if key.endswith('*') else [key.rstrip('?')]:
                if not key.endswith('?') or name in value and (
                        value[name] is not None or not key.endswith('??')):
                    check_shape(value.get(name), inner, f'{where}.{shortened(name)[1:-1]}', advice)

"""Checks of recipe arguments: errors that name the step, the key, what was found and expected."""
from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

Range = tuple[float, float]
Size = tuple[int, int]


def refuse(owner: object, key: str, found: object, expected: str) -> ValueError:
    """The error for a wrong value; the caller raises it.

    Args:
        owner: The step whose argument it is; its class is named.
        key: Name of the argument.
        found: The value given.
        expected: What would have been right, in words.
    """
    return ValueError(f'{type(owner).__name__}: {key}={found!r}, expected {expected}')


def is_number(value: object) -> bool:
    """Whether it is a finite real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def number(owner: object, key: str, value: object, low: float, high: float) -> float:
    """A number in [low, high]; ValueError otherwise."""
    if not is_number(value) or not low <= value <= high:
        raise refuse(owner, key, value, f'a number in [{low:g}, {high:g}]')
    return float(value)


def pair(owner: object, key: str, value: object, low: float, high: float) -> Range:
    """Two ordered numbers in [low, high]; ValueError otherwise."""
    if (not isinstance(value, Sequence) or len(value) != 2 or not all(map(is_number, value))
            or not low <= value[0] <= value[1] <= high):
        raise refuse(owner, key, value, f'two numbers (a, b), {low:g} <= a <= b <= {high:g}')
    return float(value[0]), float(value[1])


def spread(owner: object, key: str, value: object, centre: float, limit: float) -> Range:
    """``(centre - v, centre + v)`` of a number 0 <= v <= limit, or a pair within those bounds."""
    if isinstance(value, Sequence):
        return pair(owner, key, value, centre - limit, centre + limit)
    half = number(owner, key, value, 0, limit)
    return centre - half, centre + half


def whole(owner: object, key: str, value: object, low: int) -> int:
    """An integer of at least ``low``; ValueError otherwise."""
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise refuse(owner, key, value, f'an integer of at least {low}')
    return value


def size(owner: object, key: str, value: object) -> Size:
    """``(height, width)`` in pixels of an integer (a square) or of two; ValueError otherwise."""
    sides = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(sides) != 2 or not all(
            isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides):
        raise refuse(owner, key, value, 'a positive integer or (height, width)')
    return sides


def build_step(config: Mapping[str, Any], known: Mapping[str, type], key: str) -> Any:
    """Make one step of a recipe from its config.

    Args:
        config: ``dict(type=name, **arguments)``.
        known: Class of each name.
        key: The recipe's key, for errors.

    Raises:
        ValueError: If the type or an argument's name is unknown, or an
            argument is missing; the message lists the names there are.
    """
    if not isinstance(config, Mapping) or 'type' not in config:
        raise ValueError(f'{key}: {config!r}, expected dict(type=..., ...)')
    arguments = dict(config)
    name = arguments.pop('type')
    if name not in known:
        raise ValueError(f'{key}: type={name!r}, expected one of {sorted(known)}')
    signature = inspect.signature(known[name])
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise ValueError(f'{key}: {config!r}: {error}, expected {name}{signature}') from None
    return known[name](**arguments)

"""Build one step of a recipe."""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def build_step(config: Mapping[str, Any], known: Mapping[str, type], key: str) -> Any:
    """Make one step of a recipe from its config.

    Args:
        config: ``dict(type=name, **arguments)``.
        known: Classes by name.
        key: The config key of the recipe, for errors.

    Raises:
        ValueError: If the type or an argument's name is unknown, or an
            argument is missing; the message lists the valid names.
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

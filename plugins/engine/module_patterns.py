"""Choose parts of a model by the names of its modules."""
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import accumulate

from torch import nn

from .wording import near


def checked_patterns(module: nn.Module, patterns: Sequence[str], argument: str) -> tuple[str, ...]:
    """Return the patterns after checking that each matches a module with weights.

    Args:
        module: The model.
        patterns: Dotted names, e.g. ``['backbone.layer4.2', 'head']``, with fnmatch's wildcards
            (``*`` also matches dots).
        argument: The config key of the patterns, for the message.

    Raises:
        ValueError: A pattern matches no module with weights; the message names similar modules.
    """
    if isinstance(patterns, str):
        raise ValueError(f"{argument}={patterns!r}, expected a list of module names")
    names = [name for name, part in module.named_modules()
             if name and next(part.parameters(), None) is not None]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f'{argument}: {pattern!r} matches no module with weights'
                             + near(pattern, sorted(names, key=lambda name: name.count('.'))))
    return tuple(patterns)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a parameter or module, or one that contains it, matches one of the patterns."""
    parents = accumulate(name.split('.'), lambda parent, child: f'{parent}.{child}')
    return any(fnmatchcase(parent, pattern) for parent in parents for pattern in patterns)

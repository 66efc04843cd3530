"""Configs that a benchmark writes: one of the project's own, and what differs."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plugins.engine.files import REPO_ROOT

NEVER = 10 ** 9  # epochs
# Between two validations nothing is saved or evaluated: iterations are what is timed.
TRAINING_ONLY = dict(
    train_cfg=dict(max_epochs=1, val_begin=NEVER, val_interval=NEVER),
    default_hooks=dict(checkpoint=dict(interval=NEVER, save_last=False)))


def write_leaf(path: Path, base: str | Sequence[str], **keys: Any) -> str:
    """Write a config that inherits others and changes some keys.

    Args:
        path: Of the file; its folder must be there.
        base: Config below ``configs/``, or ``mmpretrain::...`` of an installed package.
        keys: What to change; dicts are merged into the base's, with ``_delete_=True`` not.

    Returns:
        The path.
    """
    bases = [base] if isinstance(base, str) else list(base)
    bases = [name if '::' in name else str(REPO_ROOT / 'configs' / name) for name in bases]
    lines = [f'_base_ = {bases!r}', *(f'{key} = {value!r}' for key, value in keys.items())]
    path.write_text('\n'.join(lines) + '\n')
    return str(path)


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """Nested dicts as one; of the same key, the last one's value."""
    result: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result

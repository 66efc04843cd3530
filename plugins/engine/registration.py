"""Importing this registers what every config may name: runner, hooks, schedulers, wrappers."""
from . import (  # noqa: F401
    fast_dev_run,
    hooks,
    monitor,
    precision,
    pretrained,
    runner,
    schedulers,
)

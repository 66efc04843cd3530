"""Importing this registers the runner, hooks, schedulers and wrappers that every task uses."""
from . import (  # noqa: F401
    fast_dev_run,
    hooks,
    monitor,
    precision,
    pretrained,
    runner,
    schedulers,
    train_loop,
)

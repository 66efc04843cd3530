"""The random state of a process: of PyTorch, CUDA, numpy and Python."""
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The state of all global generators, of which a checkpoint makes plain values."""
    kind, keys, *rest = np.random.get_state()
    return dict(torch=torch.get_rng_state(), numpy=(kind, keys.tolist(), *rest),
                cuda=torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
                python=random.getstate())


def set_random_state(state: dict[str, Any] | None) -> None:
    """Set a state from :func:`random_state`; None leaves the present one.

    Raises:
        ValueError: numpy's position is none, which numpy would not notice and read anywhere.
    """
    if state is not None:
        if state['numpy'][2] not in range(625):
            raise ValueError(f'numpy is at number {state["numpy"][2]}, expected 0 to 624')
        torch.set_rng_state(state['torch'].cpu())
        np.random.set_state(state['numpy'])
        random.setstate(state['python'])
        if state['cuda'] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(state['cuda'].cpu())


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Restore the random state afterwards, so that training draws the same numbers."""
    state = random_state()
    try:
        yield
    finally:
        set_random_state(state)

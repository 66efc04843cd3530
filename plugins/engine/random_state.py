"""The random state of a process: of PyTorch, CUDA, numpy and Python."""
import random
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The state of all global generators, as plain values and tensors for a checkpoint."""
    _, keys, *rest = np.random.get_state()
    version, words, gauss = random.getstate()
    return dict(torch=torch.get_rng_state(), numpy=[torch.from_numpy(keys.astype(np.int64)), *rest],
                cuda=torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
                python=[version, torch.tensor(words), gauss])


def set_random_state(state: dict[str, Any]) -> None:
    """Set a state from :func:`random_state`; its tensors may have moved to another device."""
    torch.set_rng_state(state['torch'].cpu())
    if state['cuda'] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())
    keys, *rest = state['numpy']
    np.random.set_state(('MT19937', keys.cpu().numpy().astype(np.uint32), *rest))
    version, words, gauss = state['python']
    random.setstate((version, tuple(words.tolist()), gauss))

"""Read checkpoints without running code that they may carry."""
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

# What mmengine itself stores beside tensors: its log history, as numpy arrays and bound methods.
# getattr only reads: what it returns is not in this list, so the unpickler never calls it.
_SAFE = [HistoryBuffer, getattr, np.ndarray, np.dtype, np._core.multiarray._reconstruct,
         np._core.multiarray.scalar, type(np.dtype(np.float64)), type(np.dtype(np.int64))]


def read_checkpoint(path: str | Path, trust: bool = False) -> dict[str, Any]:
    """Load a checkpoint file onto the CPU.

    mmengine falls back to ``weights_only=False`` with a warning when a file
    holds more than tensors, and so runs whatever code a stranger put there.

    Args:
        path: A local file.
        trust: Load it although it may run code.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no checkpoint, or it holds objects that could run
            code and ``trust`` is not set.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path}: no such file')
    try:
        with torch.serialization.safe_globals(_SAFE):
            checkpoint = torch.load(path, map_location='cpu', weights_only=not trust)
    except UnpicklingError as error:
        reason = str(error).split('WeightsUnpickler error: ')[-1].split('. ')[0]
        raise ValueError(f'checkpoint {path}: refused, loading it could run code ({reason}). If '
                         'you know where it comes from, pass --trust-checkpoint.') from error
    except (EOFError, RuntimeError) as error:
        raise ValueError(f'checkpoint {path}: not a readable checkpoint ({error})') from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f'checkpoint {path}: expected a dict with state_dict, found '
                         f'{type(checkpoint).__name__}')
    return checkpoint

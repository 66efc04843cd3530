"""Read checkpoints without running code that they may carry."""
import re
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from plugins.paths import resolve_path

# What mmengine itself stores beside tensors: its log history, as numpy arrays and bound methods.
# getattr only reads: what it returns is not in this list, so the unpickler never calls it.
_SAFE = [HistoryBuffer, getattr, np.ndarray, np.dtype, np._core.multiarray._reconstruct,
         np._core.multiarray.scalar, type(np.dtype(np.float64)), type(np.dtype(np.int64))]

_trusted: set[Path] = set()


def trust_checkpoint(path: str | Path) -> None:
    """Let this file be loaded although it may run code: its user vouches for it."""
    _trusted.add(resolve_path(path))


@CheckpointLoader.register_scheme(prefixes='', force=True)
def read_checkpoint(filename: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """Load a checkpoint file; mmengine calls this for every local file, also of ``init_cfg``.

    mmengine's own reader falls back to ``weights_only=False`` with a warning
    when a file holds more than tensors, and so runs whatever code a stranger
    put there. It also reads damaged tensors as if nothing were wrong.

    Args:
        filename: A local file; see :func:`resolve_path` for relative ones.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no checkpoint, or damaged, or it holds objects that
            could run code and is not trusted.
    """
    path = resolve_path(filename)
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path}: no such file')
    _check_integrity(path)
    try:
        with torch.serialization.safe_globals(_SAFE):
            checkpoint = torch.load(path, map_location=map_location,
                                    weights_only=path not in _trusted)
    except (UnpicklingError, EOFError, RuntimeError, ValueError) as error:
        forbidden = re.search(r'unsupported (?:global|class)[: ]+(?:global )?(\S+)', str(error),
                              re.IGNORECASE)
        if forbidden:
            raise ValueError(f'checkpoint {path}: refused, loading it could run code: it asks for '
                             f'{forbidden[1]}. If you know where it comes from, pass '
                             '--trust-checkpoint.') from error
        raise ValueError(f'checkpoint {path}: not a readable checkpoint; copy or train it '
                         'anew') from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f'checkpoint {path}: expected a dict with state_dict, found '
                         f'{type(checkpoint).__name__}')
    return checkpoint


def _check_integrity(path: Path) -> None:
    """Compare the checksums that torch.save writes and torch.load does not look at."""
    if not zipfile.is_zipfile(path):
        return  # the format before PyTorch 1.6 has none
    with zipfile.ZipFile(path) as archive:
        try:
            damaged = archive.testzip()
        except zipfile.BadZipFile as error:
            damaged = str(error)
    if damaged:
        raise ValueError(f'checkpoint {path}: damaged, its checksum is wrong in {damaged}; copy or '
                         'train it anew')

"""Checkpoints as tensors and plain values, which torch.load reads without running code."""
import inspect
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

DROPPED = object()  # returned for a value that is left out
_EXACT = {str: str.__str__, int: int.__int__, float: float.__float__}
_PLAIN = (type(None), bool, str, int, float, complex, bytes, torch.dtype, torch.device)
_MAPPINGS = (OrderedDict, Counter, dict)
_SEQUENCES = (list, tuple, set, frozenset)


def plain(value: Any, other: Callable[[str, Any], Any] | None = None, key: str = '') -> Any:
    """Copy a checkpoint as what ``torch.load`` accepts by itself; tensors share their memory.

    Numbers and arrays of numpy become Python's numbers and tensors, a log history a dict, and
    subclasses their base class. Functions are left out: a scheduler sets its own when it is built.

    Args:
        value: The checkpoint.
        other: Called with key and value for anything else; it returns what replaces the value or
            DROPPED. None leaves the value out with a warning.
        key: The value's place in the checkpoint, such as ``meta.epoch``.
    """
    if type(value) in _PLAIN or value is DROPPED:
        return value
    if isinstance(value, torch.Tensor):
        return torch.Tensor.detach(value)  # without hooks and attributes
    if inspect.isroutine(value):
        return DROPPED
    for kind in _MAPPINGS:
        if isinstance(value, kind):
            return _plain_mapping(value, kind(), other, key)
    for kind in _SEQUENCES:
        if isinstance(value, kind):
            items = [plain(item, other, f'{key}[{place}]') for place, item in enumerate(value)]
            return (set if kind is frozenset else kind)(x for x in items if x is not DROPPED)
    for kind, exact in _EXACT.items():
        if isinstance(value, kind):
            return exact(value)
    return plain(_replaced(value, other or _drop, key), other, key)


def _plain_mapping(value: Mapping, copy: dict, other: Callable | None, key: str) -> dict:
    for name, item in value.items():
        where = f'{key}.{name}' if key else str(name)
        pair = plain(name, other, f'name of {where}'), plain(item, other, where)
        if not any(part is DROPPED for part in pair):
            copy[pair[0]] = pair[1]
    if isinstance(copy, OrderedDict) and hasattr(value, '_metadata'):  # layer versions of a model
        copy._metadata = plain(value._metadata, other, f'{key}._metadata')
    return copy


def _replaced(value: Any, other: Callable[[str, Any], Any], key: str) -> Any:
    """One step from an object towards plain values."""
    if isinstance(value, HistoryBuffer):
        log, count = value.data
        return dict(log_history=log, count_history=count, max_length=value.max_length)
    if isinstance(value, np.generic) and type(value.item()) is not type(value):
        return value.item()
    if isinstance(value, np.ndarray):
        numeric = value.dtype.kind in 'fiub' and value.dtype.itemsize <= 8
        native = value.dtype.newbyteorder('=')
        return torch.tensor(value.astype(native)) if numeric else value.tolist()
    return other(key, value)


def _drop(key: str, value: Any) -> Any:
    warnings.warn(f'checkpoint: {key} is not saved, a checkpoint holds tensors and plain values; '
                  f'found {type(value).__name__}', stacklevel=2)
    return DROPPED


def restore_histories(log_scalars: dict[str, Any]) -> None:
    """Turn the dicts of :func:`plain` into mmengine's log histories again, in place.

    Raises:
        ValueError: One is no such dict; the message names its key.
    """
    for name, state in log_scalars.items():
        try:
            log, count, length = (state[key] for key in
                                  ('log_history', 'count_history', 'max_length'))
            log, count = log.cpu().numpy(), count.cpu().numpy()
            valid = log.shape == count.shape == (len(log),) and type(length) is int \
                and len(log) <= length
        except (AttributeError, KeyError, TypeError):
            valid = False
        if not valid:
            raise ValueError(f'message_hub.log_scalars.{name}: expected log_history and '
                             'count_history of one length and their max_length')
        log_scalars[name] = HistoryBuffer(log, count, length)

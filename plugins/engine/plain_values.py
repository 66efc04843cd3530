"""Checkpoints as tensors and plain values, which torch.load reads without running code.

Numpy and earlier versions pickled objects. They are read as inert records, by this invariant: what
a file calls, with any arguments and in any order, builds tensors and containers or stores its
arguments. Nothing that can be called results, and no attribute of a class or function can be set.
The unpicklers, for files from anyone, are Python's own, as the C version allocates what a damaged
file's numbers ask for.
"""
import inspect
import itertools
import pickle
import re
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

DROPPED = object()  # returned for a value that is left out
_EXACT = {str: str.__str__, int: int.__int__, float: float.__float__}
_HISTORY = ('_log_history', '_count_history', 'max_length')
_LARGEST_TUPLE = 10_000  # values in it and in the tuples that it holds
_MOST = 3_000_000  # values: a small file can name one list many times, in lists like it
_PLAIN = (type(None), bool, str, int, float, complex, bytes, torch.dtype, torch.device)


class Inert:
    """A call or object in a pickle; ``__setstate__`` keeps unpicklers from setting attributes."""

    __slots__ = ('args', 'state')

    def __new__(cls, *args: Any) -> 'Inert':
        self = super().__new__(cls)
        self.args, self.state = args, None
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state


# Earlier versions saved HistoryBuffer's and OneCycleParamScheduler's functions, by getattr.
INERT: dict[str, type[Inert]] = {
    name: type(name, (Inert,), dict(__slots__=())) for name in (
        'numpy.ndarray', 'numpy.dtype', '_codecs.encode', '__builtin__.bytes', 'builtins.bytes',
        '__builtin__.getattr', 'builtins.getattr', 'mmengine.logging.history_buffer.HistoryBuffer',
        'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler',
        *(f'numpy.{core}.multiarray.{name}' for core in ('core', '_core')
          for name in ('_reconstruct', 'scalar')))}
# What torch.load's own list has besides, without quantized, sparse, nested and other such tensors.
_TORCH = re.compile(
    r'collections\.(OrderedDict|Counter)|(__builtin__|builtins)\.(set|complex)|torch\.('
    r'Size|device|storage\.UntypedStorage|(cuda\.)?(?!Q)\w+Storage|bool|b?float\d\w*|complex\d+|'
    r'u?int\d+|_utils\._rebuild_(tensor|tensor_v2|tensor_v3|parameter))')


def is_known(name: str) -> bool:
    """Whether a checkpoint may use this global, ``module.name``."""
    return name in INERT or bool(_TORCH.fullmatch(name))


def drop(key: str, value: Any) -> Any:
    """Leave a value out, with a warning."""
    warnings.warn(f'checkpoint: {key} is not saved, a checkpoint holds tensors and plain values; '
                  f'found {type(value).__name__}', stacklevel=2)
    return DROPPED


def reject(key: str, value: Any) -> Any:
    """Reject a value with a ValueError."""
    raise ValueError(f'{key}: expected a tensor or plain value, found {type(value).__name__}')


def plain(value: Any, other: Callable[[str, Any], Any] = drop, key: str = '',
          counter: Iterator[int] | None = None) -> Any:
    """Copy a checkpoint as what ``torch.load`` accepts by itself; tensors share their memory.

    Numbers and arrays of numpy become Python's numbers and tensors, a log history a dict, and
    subclasses their base class. Functions are left out: a scheduler sets its own when it is built.

    Args:
        value: The checkpoint.
        other: Called with key and value for anything else; it returns what replaces the value.
        key: The value's place in the checkpoint, such as ``meta.epoch``.
        counter: Counts the values.

    Raises:
        ValueError: There are too many values; or ``other`` raises it.
    """
    counter = counter or itertools.count()
    if next(counter) > _MOST:
        raise ValueError(f'{key}: expected at most {_MOST} values')
    if type(value) in _PLAIN or value is DROPPED:
        return value
    if isinstance(value, torch.Tensor):
        if other is reject and \
                value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f'{key}: expected a tensor that is stored completely')
        return torch.Tensor.detach(value)  # without hooks and attributes
    if inspect.isroutine(value):
        return DROPPED
    if isinstance(value, dict):
        copy = next(kind for kind in (OrderedDict, Counter, dict) if isinstance(value, kind))()
        for name, item in value.items():
            name = plain(name, other, key, counter)
            item = plain(item, other, f'{key}.{name}'.lstrip('.'), counter)
            if name is not DROPPED and item is not DROPPED:
                copy[name] = item
        if hasattr(copy, '__dict__') and hasattr(value, '_metadata'):  # layer versions of a model
            copy._metadata = plain(value._metadata, other, f'{key}._metadata', counter)
        return copy
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            items = [plain(item, other, f'{key}[{place}]', counter)
                     for place, item in enumerate(value)]
            return (set if kind is frozenset else kind)(x for x in items if x is not DROPPED)
    for kind, exact in _EXACT.items():
        if isinstance(value, kind):
            return exact(value)
    try:
        replaced = _meaning(value)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f'{key}: damaged {type(value).__name__}') from error
    return plain(other(key, value) if replaced is value else replaced, other, key,
                 counter)


def _meaning(value: Any) -> Any:
    """What an object of numpy or mmengine, or a record of one, means; others are returned."""
    name = type(value).__name__.rpartition('.')[2]
    if name == 'HistoryBuffer':
        state = value.state if isinstance(value, Inert) else vars(value)
        return {key: state[key] for key in _HISTORY}
    if isinstance(value, np.ndarray):
        numeric = value.dtype.kind in 'fiub' and value.dtype.itemsize <= 8
        native = np.ascontiguousarray(value, value.dtype.newbyteorder('='))
        return torch.tensor(native).reshape(value.shape) if numeric else value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, Inert):
        return value
    if name == '_reconstruct':
        _, shape, dtype, fortran, data = value.state
        return _array(dtype, data).reshape(shape, order='F' if fortran else 'C')
    if name == 'scalar':
        return _array(*value.args).item()
    if name in ('encode', 'bytes'):
        return ''.join(value.args[:1]).encode('latin-1')
    return DROPPED if name == 'getattr' else value


def _array(dtype: Inert, data: Any) -> np.ndarray:
    """One dimension of numbers; frombuffer checks the number of bytes."""
    kind, order = (text.decode() if isinstance(text, bytes) else text
                   for text in (dtype.args[0], dtype.state[1]))
    if not re.fullmatch('[<>|=](b1|[iu][1248]|f[248])', order + kind):
        raise ValueError(f'dtype {order}{kind}')
    return np.frombuffer(_meaning(data), order + kind)


def restore_histories(log_scalars: dict[str, Any], where: str) -> None:
    """Turn the dicts of :func:`plain` into mmengine's log histories again, in place.

    Raises:
        ValueError: One is no such dict; the message names the file, ``where``, and its key.
    """
    for name, state in log_scalars.items():
        try:
            log_scalars[name] = HistoryBuffer(*(state[key].cpu().numpy() for key in _HISTORY[:2]),
                                              max_length=int(state['max_length']))
        except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError,
                ValueError) as error:
            raise ValueError(f'checkpoint {where}: message_hub.log_scalars.{name}: expected '
                             f'{", ".join(_HISTORY)} of a log history') from error


def _bounded(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def checked(unpickler: Any) -> None:
        load(unpickler)
        if _size(unpickler.stack[-1]) > _LARGEST_TUPLE:
            raise pickle.UnpicklingError('it holds a tuple that is too large')
    return checked


def _size(value: Any) -> int:
    return 1 + sum(map(_size, value)) if isinstance(value, tuple) else 1


class BoundedUnpickler(pickle._Unpickler):
    """Rejects tuples that hold one another many times: hashing one as a key would take years."""

    dispatch = pickle._Unpickler.dispatch | {
        code[0]: _bounded(pickle._Unpickler.dispatch[code[0]])
        for code in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)}


def globals_of(file: Any) -> set[str]:
    """The globals that a pickle uses, as ``module.name``; none of them is called."""
    names: set[str] = set()

    class Reader(BoundedUnpickler):
        def find_class(self, module: str, name: str) -> type:
            names.add(f'{module}.{name}')
            return _Anything

        def persistent_load(self, pid: Any) -> None:
            pass

    Reader(file).load()
    return names


class _Anything:
    """What any call in a pickle returns."""

    def _ignore(self, *_: Any) -> None:
        pass

    __init__ = __setstate__ = __setitem__ = append = add = _ignore

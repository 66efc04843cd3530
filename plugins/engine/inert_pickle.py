"""What pickles of numpy and of earlier versions name, as inert records instead of calls.

Invariant, on which the readers of checkpoints and of CIFAR rest: whatever a file calls, with any
arguments and in any order, builds tensors and containers or stores its arguments here. Nothing
that can be called results from it, and no attribute of a real class or function can be set.
"""
import re
from typing import Any

import numpy as np

from .plain_values import DROPPED


class Inert:
    """A call or an object of a pickle: keeps arguments and state, and does nothing with them.

    ``__setstate__`` keeps unpicklers from setting attributes themselves.
    """

    __slots__ = ('args', 'state')

    def __new__(cls, *args: Any) -> 'Inert':
        self = super().__new__(cls)
        self.args, self.state = args, None
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state


# getattr and OneCycleParamScheduler: earlier versions saved the functions of HistoryBuffer and of
# this scheduler, which nothing needs.
INERT: dict[str, type[Inert]] = {
    name: type(name, (Inert,), dict(__slots__=())) for name in (
        'numpy.ndarray', 'numpy.dtype', '_codecs.encode', 'mmengine.logging.history_buffer.'
        'HistoryBuffer', 'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler',
        *(f'{package}.{name}' for package in ('__builtin__', 'builtins')
          for name in ('bytes', 'getattr')),
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


def understand(key: str, value: Any) -> Any:
    """The meaning of a record, for :func:`plain`.

    Raises:
        ValueError: It is none of numpy's arrays and numbers, log histories, bytes and functions, or
            its content does not fit.
    """
    name = type(value).__name__.rpartition('.')[2] if isinstance(value, Inert) else ''
    try:
        match name:
            case '_reconstruct':
                _, shape, dtype, fortran, data = value.state
                return _array(dtype, data).reshape(shape, order='F' if fortran else 'C')
            case 'scalar':
                return _array(*value.args).item()
            case 'encode' | 'bytes':
                return ''.join(value.args[:1]).encode('latin-1')
            case 'HistoryBuffer':
                return dict(log_history=value.state['_log_history'],
                            count_history=value.state['_count_history'],
                            max_length=value.state['max_length'])
            case 'getattr':
                return DROPPED
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{key}: damaged {name}') from error
    raise ValueError(f'{key}: expected a tensor or plain value, found {type(value).__name__}')


def _array(dtype: Inert, data: Any) -> np.ndarray:
    """One dimension of numbers; frombuffer checks the number of bytes."""
    kind, order = dtype.args[0], dtype.state[1]
    kind, order = (text.decode() if isinstance(text, bytes) else text for text in (kind, order))
    if not re.fullmatch('b1|[iu][1248]|f[248]', kind) or order not in ('<', '>', '|', '='):
        raise ValueError(f'dtype {order}{kind}')
    data = understand('', data) if isinstance(data, Inert) else data
    return np.frombuffer(data, order + kind)

"""What a checkpoint must hold for its use."""
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any

from torch import Tensor

from .wording import shortened

# The types of what the project and mmengine read, where it exists.
_CONTENT = dict(
    state_dict=dict, ema_state_dict=dict, optimizer=dict(state=dict), param_schedulers=list | dict,
    meta=dict(epoch=int, iter=int, seed=int | None, experiment_name=str,
              position=dict(passes=int, batches=int, processes=list),
              dataset_meta=dict(classes=list | tuple)),
    message_hub=dict(log_scalars=dict, resumed_keys=dict,
                     runtime_info=dict(begun_experiment=str, run_history=list)))
_SCALARS = ('step', 'eta', 'mu', 'mu_product')  # of an optimizer's state for a parameter


def check_content(checkpoint: Any, where: str) -> None:
    """Check what is read from any checkpoint.

    Raises:
        ValueError: A value is of the wrong type; the message names its key.
    """
    _check(checkpoint, _CONTENT, where, '', whole=False)
    for key in ('state_dict', 'ema_state_dict'):
        for name, value in checkpoint.get(key, {}).items():
            _check(name, str, where, key)
            _check(value, Tensor, where, f'{key}.{name}')
            if value.numel() * value.element_size() > value.untyped_storage().nbytes():
                raise ValueError(f'checkpoint {where}: {key}.{name}: not stored completely')
    for name in checkpoint.get('meta', {}).get('dataset_meta', {}).get('classes', ()):
        _check(name, str, where, 'meta.dataset_meta.classes')
    for name, value in checkpoint.get('message_hub', {}).get('resumed_keys', {}).items():
        _check(value, bool, where, f'message_hub.resumed_keys.{name}')


def check_resumable(checkpoint: Mapping[str, Any], where: str, own: Mapping[str, Any]) -> None:
    """Check that a checkpoint holds what a run continues from.

    Args:
        checkpoint: The content of the file.
        where: Its name, for the message.
        own: ``param_groups`` and ``param_schedulers`` of the run at its start.

    Raises:
        ValueError: Something is missing, or a state does not have the parts of the run's own.
    """
    needed = dict(meta=('epoch', 'iter'), message_hub=_CONTENT['message_hub'],
                  optimizer=('state', 'param_groups'))
    for part, names in needed.items():
        if missing := [name for name in names if name not in checkpoint.get(part, ())]:
            raise ValueError(f'checkpoint {where}: cannot be resumed, it has no '
                             f'{part}.{missing[0]}')
    _check(dict(param_groups=checkpoint['optimizer']['param_groups'],
                param_schedulers=checkpoint.get('param_schedulers')), own, where, '')
    for one, mine in zip(checkpoint['optimizer']['param_groups'], own['param_groups'] or (),
                         strict=False):
        if one['params'] != mine['params']:
            raise ValueError(f'checkpoint {where}: optimizer.param_groups: its parameters are '
                             'numbered differently; it is damaged or of another program')


def check_shapes(state: Any, shapes: Sequence[Sequence[int]], where: str) -> None:
    """Check an optimizer's state: a fused kernel reads beyond a tensor that is too small."""
    _check(state, dict, where, 'optimizer.state')
    for place, values in state.items():
        _check(place in range(len(shapes)) and values, dict, where, f'optimizer.state.{place}')
    stored = {(len(shapes[place]), name) for place, values in state.items()
              for name, value in values.items() if isinstance(value, Tensor)}
    for place, values in state.items():
        for name in [name for sides, name in stored if sides == len(shapes[place])]:
            value, full = values.get(name), () if name in _SCALARS else tuple(shapes[place])
            fits = isinstance(value, Tensor) and (
                tuple(value.shape) == full or 'row' in str(name) or 'col' in str(name))  # Adafactor
            if not fits and not (name == 'momentum_buffer' and value is None):
                raise ValueError(f'checkpoint {where}: optimizer.state.{place}.{name}: found '
                                 f'{shortened(getattr(value, "shape", value))}, expected a tensor '
                                 f'of the shape {full}; resume from another checkpoint')


def _check(found: Any, pattern: Any, where: str, key: str, whole: bool = True) -> None:
    """Compare with types, or with a state: its keys, lengths, texts, and where it has numbers.

    Args:
        whole: Whether dicts must have the pattern's keys and no others.
    """
    parts = ()
    if isinstance(pattern, (type, UnionType)):
        fits = isinstance(found, pattern)
    elif isinstance(pattern, dict):
        fits = isinstance(found, dict) and (not whole or found.keys() == pattern.keys())
        parts = pattern.items()
    elif isinstance(pattern, (list, tuple)):
        fits = isinstance(found, (list, tuple)) and len(found) == len(pattern)
        parts = enumerate(pattern)
    elif isinstance(pattern, (int, float)) or found is None:
        kinds = bool if isinstance(pattern, bool) else (int, float)
        fits = found is None or isinstance(found, kinds)
    else:
        fits = pattern is None or type(found) is type(pattern) and str(found) == str(pattern)
    if not fits:
        expected = f'a dict of {", ".join(map(str, pattern))}' if isinstance(pattern, dict) else \
            getattr(pattern, '__name__', repr(pattern))
        raise ValueError(f'checkpoint {where}: {key.lstrip(".") or "content"}: found '
                         f'{type(found).__name__} {shortened(found)}, expected '
                         f'{expected[:80]}; it is damaged or of another program')
    for name, part in parts:
        if whole or name in found:
            _check(found[name], part, where, f'{key}.{name}', whole)

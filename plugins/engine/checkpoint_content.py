"""What a checkpoint must hold for its use."""
from collections.abc import Mapping
from typing import Any

from torch import Tensor

_INFO = 'message_hub.runtime_info'
# Key -> the kinds that its value may have, if there is one; parents first.
_KINDS: dict[str, tuple[type, ...]] = {
    'meta': (dict,), 'meta.epoch': (int,), 'meta.iter': (int,), 'meta.seed': (int, type(None)),
    'meta.experiment_name': (str,), 'meta.dataset_meta': (dict,),
    'meta.dataset_meta.classes': (list, tuple), 'message_hub': (dict,),
    'message_hub.log_scalars': (dict,), 'message_hub.resumed_keys': (dict,), _INFO: (dict,),
    f'{_INFO}.begun_experiment': (str,), f'{_INFO}.run_history': (list,),
    'optimizer': (dict,), 'param_schedulers': (list, dict),
    'state_dict': (dict,), 'ema_state_dict': (dict,)}
_RESUMED = ('meta.epoch', 'meta.iter', 'message_hub.log_scalars', 'message_hub.resumed_keys', _INFO)


def check_content(checkpoint: Any, where: str) -> None:
    """Check what the project and mmengine read from a checkpoint.

    Raises:
        ValueError: A value is of the wrong kind; the message names its key.
    """
    _require(isinstance(checkpoint, dict), where, '', checkpoint, 'a dict with state_dict')
    for key, kinds in _KINDS.items():
        value = _value(checkpoint, key)
        expected = ' or '.join(kind.__name__ for kind in kinds)
        _require(value is ... or isinstance(value, kinds), where, key, value, expected)
    for key in ('state_dict', 'ema_state_dict'):
        for name, value in checkpoint.get(key, {}).items():
            stored = isinstance(value, Tensor) \
                and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
            _require(isinstance(name, str) and stored, where, f'{key}.{name}', value, 'a tensor')
    for item in _value(checkpoint, 'meta.dataset_meta.classes', ()):
        _require(isinstance(item, str), where, 'meta.dataset_meta.classes', item, 'only str')


def check_resumable(checkpoint: Mapping[str, Any], where: str, own: Mapping[str, Any]) -> None:
    """Check that a checkpoint holds what a run continues from.

    Args:
        checkpoint: The content of the file.
        where: Its name, for the message.
        own: ``param_groups`` and ``param_schedulers`` of the run at its start.

    Raises:
        ValueError: Something is missing, or a state does not have the parts of the run's own.
    """
    for key in _RESUMED:
        _require(_value(checkpoint, key) is not ..., where, key, ..., 'what a run continues from')
    found = dict(param_groups=_value(checkpoint, 'optimizer.param_groups', None),
                 param_schedulers=checkpoint.get('param_schedulers'))
    _check_like(where, 'state', found, own)


def _check_like(where: str, key: str, found: Any, own: Any) -> None:
    if isinstance(own, dict):
        _require(isinstance(found, dict) and found.keys() == own.keys(), where, key, found,
                 f'a dict of {", ".join(map(str, own))}')
        for name, value in own.items():
            _check_like(where, f'{key}.{name}', found[name], value)
    elif isinstance(own, (list, tuple)):
        _require(isinstance(found, (list, tuple)) and len(found) == len(own), where, key, found,
                 f'{len(own)} items')
        for place, value in enumerate(own):
            _check_like(where, f'{key}[{place}]', found[place], value)
    elif own is not None and found is not None:
        number = isinstance(own, (int, float))
        _require(isinstance(found, (int, float)) if number else found == own, where, key, found,
                 'a number' if number else repr(own))


def _value(checkpoint: Mapping[str, Any], key: str, default: Any = ...) -> Any:
    for name in key.split('.'):
        if name not in checkpoint:
            return default
        checkpoint = checkpoint[name]
    return checkpoint


def _require(holds: bool, where: str, key: str, found: Any, expected: str) -> None:
    if not holds:
        found = 'nothing' if found is ... else f'{type(found).__name__} {str(found)[:60]!r}'
        raise ValueError(f'checkpoint {where}: {key or "content"}: found {found}, expected '
                         f'{expected}; it is damaged or of another program')

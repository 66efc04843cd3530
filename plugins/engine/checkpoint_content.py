"""What a checkpoint must hold for its use."""
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from .checks import check_shape
from .records import HISTORY
from .wording import shortened

_ADVICE = 'it is damaged or of another program'
_DICT, _TENSORS = {'*': 'anything'}, {'*': 'a tensor'}
# What the project and mmengine read, where it exists, see check_shape.
_CONTENT = {
    'state_dict?': _TENSORS, 'ema_state_dict?': _TENSORS, 'optimizer?': {'state?': 'a dict'},
    'param_schedulers?': 'several values',
    'meta?': {
        'epoch?': 'a whole number', 'iter?': 'a whole number', 'seed??': 'a whole number',
        'experiment_name?': 'text', 'dataset_meta?': {'classes?': ['printable text']},
        'published?': {'format': 'a whole number', 'config': 'text', 'card': _DICT},
        'position?': {'passes': 'a whole number', 'batches': 'a whole number',
                      'processes': [_DICT]}},
    'message_hub?': {
        'log_scalars?': _DICT, 'resumed_keys?': {'*': 'True or False'},
        'runtime_info?': {
            'begun_experiment?': 'text', 'best_score*': 'a number',
            'trained_images?': {'*': {'root': 'text', 'images': {'*': 'text'}}},
            'run_history?': [HISTORY[0] | {'metrics': {'*': 'a number'}}],
            'early_stop_*': {'best??': 'a number', 'best_epoch??': 'a whole number',
                             'bad_epochs': 'a whole number'}}}}
_RESUMED = dict(meta=('epoch', 'iter'), optimizer=('state', 'param_groups'),
                message_hub=('log_scalars', 'resumed_keys', 'runtime_info'))
_SCALARS = ('step', 'eta', 'mu', 'mu_product')  # of an optimizer's state for a parameter


def check_content(checkpoint: Any, where: str) -> None:
    """Check what is read from any checkpoint.

    Raises:
        ValueError: A value is of the wrong kind; the message names its key.
    """
    check_shape(checkpoint, _CONTENT, f'checkpoint {where}: content', _ADVICE)


def check_resumable(checkpoint: Mapping[str, Any], where: str, own: Mapping[str, Any]) -> None:
    """Check that a checkpoint holds what a run continues from.

    Args:
        checkpoint: The content of the file.
        where: Its name, for the message.
        own: ``param_groups`` and ``param_schedulers`` of the run at its start, and the most
            ``epochs`` and ``iterations`` that it can have done.

    Raises:
        ValueError: Something is missing, or is not as in the run.
    """
    for part, names in _RESUMED.items():
        if missing := [name for name in names if name not in checkpoint.get(part, ())]:
            raise ValueError(f'checkpoint {where}: cannot be resumed, it has no '
                             f'{part}.{missing[0]}')
    meta = checkpoint['meta']
    for key, limit, most in (('epoch', 'meta.iter', meta['iter']),
                             ('epoch', 'train_cfg.max_epochs', own['epochs']),
                             ('iter', "the run's iterations", own['iterations'])):
        if meta[key] > most:
            raise ValueError(f'checkpoint {where}: meta.{key} is {meta[key]}, expected at most '
                             f'{limit}, {most}; it is damaged or of a longer run')
    _check_like(checkpoint['optimizer']['param_groups'], own['param_groups'], where, 'param_groups')
    _check_like(checkpoint.get('param_schedulers'), own['param_schedulers'], where,
                'param_schedulers')


def check_shapes(optimizer: Mapping[str, Any], shapes: Sequence[Sequence[int]], steps: int,
                 where: str) -> None:
    """Check an optimizer's state: a fused kernel reads beyond a tensor that is too small.

    SGD without momentum has none, nor may one whose ``steps`` a loss scaler all left out.
    """
    state = optimizer['state']
    for place, values in state.items():
        if place not in range(len(shapes)) or not isinstance(values, dict):
            raise ValueError(f'checkpoint {where}: optimizer.state.{place} is {shortened(values)}, '
                             f'expected the state of one of {len(shapes)} parameters; {_ADVICE}')
    stored = {(len(shapes[place]), name) for place, values in state.items()
              for name, value in values.items() if isinstance(value, Tensor)}
    if steps and not stored and 'loss_scaler' not in optimizer and any(
            group.get('momentum') or 'dampening' not in group
            for group in optimizer['param_groups']):
        raise ValueError(f'checkpoint {where}: optimizer.state is {shortened(state)} after {steps} '
                         f'steps, expected tensors for {len(shapes)} parameters; {_ADVICE}')
    for place, values in state.items():
        for name in [name for sides, name in stored if sides == len(shapes[place])]:
            value, full = values.get(name), () if name in _SCALARS else tuple(shapes[place])
            fits = isinstance(value, Tensor) and (
                tuple(value.shape) == full or 'row' in str(name) or 'col' in str(name))  # Adafactor
            if not fits and not (name == 'momentum_buffer' and value is None):
                raise ValueError(f'checkpoint {where}: optimizer.state.{place}.{name}: found '
                                 f'{shortened(getattr(value, "shape", value))}, expected a tensor '
                                 f'of the shape {full}; resume from another checkpoint')


def _check_like(found: Any, own: Any, where: str, key: str) -> None:
    """Compare with a state of the run: keys, lengths, texts, ``params``, where it has numbers."""
    lists = isinstance(found, list | tuple) and isinstance(own, list | tuple)
    one, mine = (dict(enumerate(value)) if lists else value for value in (found, own))
    if isinstance(mine, dict):
        fits = isinstance(one, dict) and one.keys() == mine.keys()
    elif isinstance(own, bool):
        fits = isinstance(found, bool | None)  # a switch may be undecided
    elif isinstance(own, int | float):
        fits = isinstance(found, int | float) and ('.params.' not in key or found == own)
    else:
        fits = own is None or type(found) is type(own) and str(found) == str(own)
    if not fits:
        raise ValueError(f'checkpoint {where}: {key} is {shortened(found)}, expected a value like '
                         f'{shortened(own)}; {_ADVICE}')
    for name, part in mine.items() if isinstance(mine, dict) else ():
        _check_like(one[name], part, where, f'{key}.{name}')

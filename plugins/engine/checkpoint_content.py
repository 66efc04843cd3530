"""What a checkpoint must hold for its use."""
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from .checks import check_shape
from .run_reader import HISTORY

_ADVICE = 'it is damaged or of another program'
_DICT, _TENSORS = {'*': 'anything'}, {'*': 'a tensor'}
# What the project and mmengine read, where it exists, see check_shape.
_CONTENT = {
    'state_dict?': _TENSORS, 'ema_state_dict?': _TENSORS, 'optimizer?': {'state?': 'a dict'},
    'param_schedulers?': 'several values',
    'meta?': {
        'epoch?': 'a whole number', 'iter?': 'a whole number', 'seed??': 'a whole number',
        'experiment_name?': 'text', 'dataset_meta?': {'classes?': ['printable text']},
        'published?': {'format': 'a whole number', 'config': 'text', 'card': _DICT}},
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


def check_resumable(checkpoint: Mapping[str, Any], where: str,
                    shapes: Sequence[Sequence[int]]) -> None:
    """Check that a checkpoint holds what a run continues from; upstream checks the groups' sizes.

    Args:
        checkpoint: The content of the file.
        where: Its name, for the message.
        shapes: Of the run's parameters: a fused kernel reads beyond a state that is too small.

    Raises:
        ValueError: Something is missing, or a state is of another shape.
    """
    for part, names in _RESUMED.items():
        if missing := [name for name in names if name not in checkpoint.get(part, ())]:
            raise ValueError(f'checkpoint {where}: cannot be resumed, it has no '
                             f'{part}.{missing[0]}')
    for place, shape in enumerate(shapes):
        for name, value in checkpoint['optimizer']['state'].get(place, {}).items():
            full = () if name in _SCALARS else tuple(shape)
            if isinstance(value, Tensor) and tuple(value.shape) != full and not (
                    'row' in str(name) or 'col' in str(name)):  # Adafactor
                raise ValueError(f'checkpoint {where}: optimizer.state.{place}.{name}: found the '
                                 f'shape {tuple(value.shape)}, expected {full}; {_ADVICE}')

"""Whether a checkpoint belongs to the experiment that a config describes."""
import json
from collections.abc import Callable, Mapping
from typing import Any

from .config_keys import MAY_CHANGE_ON_RESUME, decides_prediction, may_change_on_resume
from .wording import shortened, some

EXPERIMENT = 'begun_experiment'  # the name of resolved_keys() in a checkpoint
_ABSENT = object()


def check_resumed(checkpoint: str, begun: str | None, asked: str | None) -> None:
    """Check that a resumed run continues the same experiment.

    Args:
        checkpoint: File name of the checkpoint, for the message.
        begun: :func:`resolved_keys` of the run that wrote it; None if the file holds none.
        asked: :func:`resolved_keys` of this run.

    Raises:
        ValueError: They differ in a key that a resumed run cannot change.
    """
    if changed := _differences(begun, asked, lambda key: not may_change_on_resume(key)):
        raise ValueError(
            f'{checkpoint} was begun with another config: {changed}. A resumed run keeps its '
            'config: give the --cfg-options that it was begun with, or start a new run in another '
            f'--work-dir. What may change: {MAY_CHANGE_ON_RESUME}.')


def other_model(begun: str | None, asked: str | None) -> str:
    """Describe how a checkpoint's model differs from the config's; '' if it does not.

    Strict loading compares only tensors. Anchors, strides and activations are not among them:
    with other values a checkpoint loads and predicts nonsense. For the arguments see
    :func:`check_resumed`; converted weights hold no experiment.
    """
    return _differences(begun, asked, decides_prediction)


def other_length(begun: str | None, asked: str | None) -> str:
    """Describe how the length of a resumed run was changed; '' if it was not."""
    return _differences(begun, asked, lambda key: key.startswith('train_cfg.max_'))


def _differences(begun: str | None, asked: str | None, counts: Callable[[str], bool]) -> str:
    if begun is None or asked is None:
        return ''
    try:
        old: Mapping[str, Any] = {**json.loads(begun)}
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueError(f'begun_experiment of the checkpoint is {shortened(begun)}, expected the '
                         'keys of a config; it is damaged or of another program') from error
    new: Mapping[str, Any] = json.loads(asked)
    keys = [key for key in {**old, **new}
            if old.get(key, _ABSENT) != new.get(key, _ABSENT) and counts(key)]
    return some((f"{key} was {old.get(key, 'absent')}, is {new.get(key, 'absent')}"
                 for key in keys), '; ', 3)

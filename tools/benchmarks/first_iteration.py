"""End a training when its first iteration is done, and say when that was."""
import sys
import time
from typing import Any

from mmengine.hooks import Hook


class FirstIterationHook(Hook):
    """Print the time of day, in seconds since 1970, and leave the process with code 0."""

    priority = 'LOWEST'

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        float(outputs['loss'])  # a GPU has computed it by then
        print(time.time(), flush=True)
        sys.exit()

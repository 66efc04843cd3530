"""Checkpoints that survive a run being killed at any moment."""
from typing import Any

from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS


class _DeferredRemoval(LocalBackend):
    """Local files whose removal waits until :meth:`flush`."""

    def __init__(self) -> None:
        super().__init__()
        self.outdated: list[str] = []

    def remove(self, filepath: str) -> None:
        self.outdated.append(filepath)

    def flush(self) -> None:
        while self.outdated:
            super().remove(self.outdated.pop())


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """Remove an outdated checkpoint only after its successor is on disk.

    Upstream removes first and saves then, so that a run killed while it saves
    (a power cut, a queue's time limit) leaves no checkpoint, or one cut short.
    :class:`TransferRunner` does its part by writing checkpoints under another
    name first. Works with local work dirs, as everything here.
    """

    def before_train(self, runner: Any) -> None:
        super().before_train(runner)
        self.file_backend = _DeferredRemoval()

    def _save_checkpoint_with_step(self, runner: Any, step: int, meta: dict) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        self.file_backend.flush()

    def _save_best_checkpoint(self, runner: Any, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self.file_backend.flush()

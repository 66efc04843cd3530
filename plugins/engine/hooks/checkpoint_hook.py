"""Checkpoints that survive a run being killed at any moment."""
import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..monitor import RULES, better

STOPPED = 'stopped.pth'  # the checkpoint of a run that was asked to stop, within an epoch


class _DeferredRemoval(LocalBackend):
    """Local files whose removal waits until :meth:`flush`."""

    def __init__(self) -> None:
        super().__init__()
        self.outdated: set[str] = set()

    def remove(self, filepath: str) -> None:
        self.outdated.add(str(filepath))

    def flush(self, keep: Collection[str]) -> None:
        for path in self.outdated - set(keep):
            if self.isfile(path):
                super().remove(path)
        self.outdated &= set(keep)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """Save the last checkpoint after its validation, and remove nothing that is still needed.

    Upstream saves before the validation, so a resumed run loses its metrics and a step of the
    early stop's patience, and it removes the old checkpoint before it writes the new one.

    Here a checkpoint is written once: after the validation if one follows, else before the next
    epoch (or iteration) or at the end. The best checkpoint named in the last one is kept until a
    new last checkpoint names its successor; a resumed run removes files that a killed run left
    over. :func:`plugins.engine.monitor.better` compares scores.

    Args:
        kwargs: As for CheckpointHook.
    """

    rule_map = {rule: partial(better, rule=rule) for rule in RULES}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._unsaved: tuple[int, dict] | None = None  # step and meta of the current state
        self._due = False
        self._saved = 0  # iteration of the last checkpoint that can be resumed
        self._named_best: set[str] = set()  # the best ones, as named in the last checkpoint

    def before_train(self, runner: Runner) -> None:
        super().before_train(runner)
        self.file_backend = _DeferredRemoval()
        self._named_best = self._best_paths()
        self._saved = runner.iter
        if runner.iter > 0 and is_main_process():
            self.file_backend.outdated |= self._left_behind() - self._named_best

    def after_train_epoch(self, runner: Runner) -> None:
        if self.by_epoch:
            step = runner.epoch + 1
            self._unsaved = step, dict(epoch=step, iter=runner.iter)
            self._due = self.every_n_epochs(runner, self.interval, self.save_begin)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        if not self.by_epoch:
            step = runner.iter + 1
            self._unsaved = step, dict(epoch=runner.epoch, iter=step)
            self._due = self.every_n_train_iters(runner, self.interval, self.save_begin)

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, Any]) -> None:
        # Without a last checkpoint, upstream does not save one again here.
        last, self.last_ckpt = self.last_ckpt, None
        super().after_val_epoch(runner, metrics)
        self.last_ckpt = last
        self._remove_outdated()

    def after_val(self, runner: Runner) -> None:
        """Save the state, which now includes the validation."""
        self._save_if(self._due, runner)

    def before_train_epoch(self, runner: Runner) -> None:
        self._save_if(self._due, runner)

    def between_train_iters(self, runner: Runner) -> None:
        self._save_if(self._due, runner)

    def before_stop(self, runner: Runner) -> None:
        """Save the state in which a run is stopped, until the next regular checkpoint."""
        if runner.iter == self._saved:
            return
        path = Path(self.out_dir, STOPPED)
        runner.save_checkpoint(self.out_dir, STOPPED,
                               meta=dict(epoch=runner.epoch, iter=runner.iter))
        if is_main_process():
            Path(runner.work_dir, 'last_checkpoint').write_text(str(path))

    def after_train(self, runner: Runner) -> None:
        self._save_if(self._due or self.save_last, runner)
        super().after_train(runner)

    def _save_if(self, wanted: bool, runner: Runner) -> None:
        if not wanted or self._unsaved is None:
            return
        (step, meta), self._unsaved, self._due = self._unsaved, None, False
        meta['epoch'] = max(meta['epoch'], runner.epoch)  # saved by iterations, the epoch may end
        runner.logger.info(f'Saving the checkpoint of {meta}')
        self._save_checkpoint_with_step(runner, step, meta)
        self._saved = meta['iter']
        if is_main_process():
            Path(self.out_dir, STOPPED).unlink(missing_ok=True)
        self._named_best = self._best_paths()
        self._remove_outdated()

    def _remove_outdated(self) -> None:
        self.file_backend.flush(keep=self._named_best | self._best_paths())

    def _best_paths(self) -> set[str]:
        """The current best checkpoints, one per monitored key."""
        if self.save_best is None:
            return set()
        paths = [self.best_ckpt_path] if len(self.key_indicators) == 1 \
            else self.best_ckpt_path_dict.values()
        return {str(path) for path in paths if path is not None}

    def _left_behind(self) -> set[str]:
        """Files in the work dir with names of this hook's best checkpoints."""
        if self.save_best is None:
            return set()
        keys = '|'.join(re.escape(key.replace('/', '_')) for key in self.key_indicators)
        step = re.escape(self.filename_tmpl).replace(r'\{\}', r'\d+')
        names = [path.name for path in Path(self.out_dir).glob('best_*')]
        return {self.file_backend.join_path(self.out_dir, name) for name in names
                if re.fullmatch(f'best_({keys})_{step}', name)}

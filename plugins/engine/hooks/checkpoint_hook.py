"""Checkpoints that survive a run being killed at any moment."""
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from ..files import write_text
from ..monitor import RULES, better
from ..work_dir import POINTER, RESUMABLE, STOPPED, is_whole


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """Save the last checkpoint after its validation, and remove nothing that is still needed.

    Upstream saves before the validation, so a resumed run loses its metrics and a step of the
    early stop's patience; it writes the best checkpoint, which cannot be resumed, before the last
    one; and it removes the old checkpoint before it writes the new one.

    Here a checkpoint is written once: after the validation if one follows, else before the next
    epoch (or iteration) or at the end. It names the best checkpoint, which is written after it: of
    a run killed in between, it has the weights. Then outdated checkpoints are removed, but not the
    best one that the last one names. :func:`plugins.engine.monitor.better` compares scores.

    Args:
        kwargs: As for CheckpointHook, without ``out_dir`` and ``filename_tmpl``.
    """

    rule_map = {rule: partial(better, rule=rule) for rule in RULES}

    def __init__(self, **kwargs: Any) -> None:
        if kwargs.get('out_dir') or kwargs.get('filename_tmpl'):
            raise ValueError('SafeCheckpointHook: out_dir and filename_tmpl cannot be set, as '
                             '--resume would not find the checkpoints')
        self.key_indicators: list[str] = []  # without save_best, upstream leaves them out
        self.rules: list[str] = []
        super().__init__(**kwargs)
        self._unsaved: tuple[int, dict] | None = None  # step and meta of the current state
        self._due = False
        self._saved = 0  # iteration of the last checkpoint
        self._unwritten: set[Path] = set()  # best checkpoints that are to be written
        self._named_best: set[Path] = set()  # the best ones, as named in the last checkpoint

    def after_resume(self, runner: Runner) -> None:
        """Adopt the best checkpoints named in the resumed one, if they are in the work dir.

        After ``--resume`` of another run's checkpoint they are not, and are forgotten with the
        history. So are files with other names: this hook would remove them when they are outdated.

        Raises:
            ValueError: A best checkpoint of this work dir was removed or damaged.
        """
        info, folder = runner.message_hub.runtime_info, Path(runner.work_dir)
        last = folder / Path(str(info.get('last_ckpt'))).name
        self.last_ckpt = str(last) if last.is_file() else None
        best = {name: folder / Path(str(info[name])).name
                for name in self._names('best_ckpt') if info.get(name)}
        missing = {path for path in best.values()
                   if not (is_whole(path) and self._is_best(path.name, RESUMABLE))}
        if all(self._is_best(path.name, re.escape(last.name)) for path in missing):
            info.update({name: str(path) for name, path in best.items()})
            self._unwritten = missing
            return
        resumed = Path(runner._load_from)
        if resumed.parent.samefile(folder) and any(
                self._is_best(path.name, RESUMABLE) for path in missing):
            raise ValueError(
                f'{resumed} names {", ".join(path.name for path in missing)}, which was removed or '
                'is damaged; put it back, or continue without the history: --resume '
                f'{resumed} with another --work-dir')
        runner.logger.warning(f'{folder} contains no {", ".join(path.name for path in missing)}; '
                              'the best checkpoint and the history begin anew')
        for name in list(info):
            if name.startswith(('best_ckpt', 'best_score')) or name == 'run_history':
                info.pop(name)

    def before_train(self, runner: Runner) -> None:
        self.out_dir, self._saved = runner.work_dir, runner.iter
        self._named_best = self._best(runner)
        self._write_best(runner)
        if self.last_ckpt and is_main_process():  # of ``--resume FILE``, it may be an older one
            write_text(Path(self.out_dir, POINTER), self.last_ckpt)

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

    def after_val(self, runner: Runner) -> None:
        """Save the state, which now includes the validation; a best one never comes alone."""
        alone = self._unwritten and self.last_ckpt is None and self.save_last
        self._save_if(self._due or alone, runner)

    def before_train_epoch(self, runner: Runner) -> None:
        self._save_if(self._due, runner)

    between_train_iters = before_train_epoch

    def before_stop(self, runner: Runner) -> None:
        """Save the state in which a run is stopped, until the next regular checkpoint."""
        if runner.iter != self._saved:
            self._save_last(runner, STOPPED, dict(epoch=runner.epoch, iter=runner.iter))

    def after_train(self, runner: Runner) -> None:
        self._save_if(self._due or self.save_last, runner)
        self._remove_outdated(runner)
        self.best_ckpt_path_dict = {path: path for path in map(str, self._best(runner))}
        super().after_train(runner)

    def _save_last(self, runner: Runner, name: str, meta: dict[str, Any]) -> None:
        """Write a checkpoint from which the run can continue, and the pointer to it."""
        runner.logger.info(f'Saving the checkpoint of {meta}')
        self.last_ckpt, self._saved = str(Path(self.out_dir, name)), meta['iter']
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, name, save_optimizer=self.save_optimizer, meta=meta,
            save_param_scheduler=self.save_param_scheduler, by_epoch=self.by_epoch, **self.args)
        if is_main_process():
            write_text(Path(self.out_dir, POINTER), self.last_ckpt)
        self._named_best = self._best(runner)

    def _save_if(self, wanted: bool, runner: Runner) -> None:
        if wanted and self._unsaved is not None:
            (step, meta), self._unsaved, self._due = self._unsaved, None, False
            meta['epoch'] = max(meta['epoch'], runner.epoch)  # by iterations, the epoch may end
            self._save_last(runner, self.filename_tmpl.format(step), meta)
        elif not self._unwritten:
            return
        self._write_best(runner)
        self._remove_outdated(runner)

    def _save_best_checkpoint(self, runner: Runner, metrics: Mapping[str, Any]) -> None:
        """Note which scores are the best; upstream calls this after a validation."""
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        step = self.filename_tmpl.format(runner.epoch if self.by_epoch else runner.iter)
        hub, names = runner.message_hub, (self._names('best_score'), self._names('best_ckpt'))
        for key, rule, best, named in zip(self.key_indicators, self.rules, *names, strict=True):
            if metrics[key] is not None and self.is_better_than[key](
                    metrics[key], hub.runtime_info.get(best, self.init_value_map[rule])):
                path = Path(self.out_dir, f'best_{key}_{step}'.replace('/', '_'))
                hub.update_info(best, metrics[key])
                hub.update_info(named, str(path))
                self._unwritten.add(path)

    def _write_best(self, runner: Runner) -> None:
        for path in sorted(self._unwritten):
            runner.logger.info(f'Saving the best checkpoint {path.name}')
            runner.save_checkpoint(
                str(path.parent), path.name, save_optimizer=False, save_param_scheduler=False,
                meta=dict(epoch=runner.epoch, iter=runner.iter), by_epoch=False)
        self._unwritten = set()

    def _remove_outdated(self, runner: Runner) -> None:
        """Remove best checkpoints without a use, and last ones, oldest first; the main process."""
        if not is_main_process():
            return
        files = list(Path(self.out_dir).iterdir())
        last = sorted((path for path in files if re.fullmatch(RESUMABLE, path.name)),
                      key=lambda path: path.stat().st_mtime_ns)
        outdated = last[:-self.max_keep_ckpts] if self.max_keep_ckpts > 0 else []
        outdated += [path for path in files
                     if path.name == STOPPED or self._is_best(path.name, RESUMABLE)]
        for path in set(outdated):
            if path not in self._named_best | self._best(runner) and str(path) != self.last_ckpt:
                path.unlink()

    def _names(self, what: str) -> list[str]:
        """Names in the message hub of the best scores or checkpoints, as upstream's."""
        keys = self.key_indicators
        return [what] if len(keys) == 1 else [f'{what}_{key}' for key in keys]

    def _best(self, runner: Runner) -> set[Path]:
        """The current best checkpoints."""
        info = runner.message_hub.runtime_info
        return {Path(info[name]) for name in self._names('best_ckpt') if info.get(name)}

    def _is_best(self, name: str, step: str) -> bool:
        keys = '|'.join('.+' if key == 'auto' else re.escape(key.replace('/', '_'))
                        for key in self.key_indicators)
        return re.fullmatch(f'best_({keys})_{step}', name) is not None

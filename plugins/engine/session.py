"""From a command line to a Runner and to ``result.json``; used by train.py and test.py."""
import itertools
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.evaluator import DumpResults
from mmengine.fileio import dump
from mmengine.hooks import CheckpointHook
from mmengine.registry import METRICS, RUNNERS
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from .cfg_options import merge_typed
from .checkpoint import trust_checkpoint as trust
from .config_check import check_config, read_config
from .config_keys import config_hash, resolved_keys
from .console import check_window
from .distributed import by_main, init_distributed
from .evaluated_part import use_part
from .experiment import EXPERIMENT
from .files import check_file, lock, naming, replacing, replacing_folder, shown_path, write_json
from .hooks import RunRecordHook
from .intervals import intervals
from .precision import enable_amp
from .records import RECORD, read_record
from .result_table import print_result
from .run_record import changes_of, describe_run, git_commit, recipe_of
from .train_loop import few_steps
from .type_check import check_types
from .work_dir import claim_work_dir, default_work_dir, last_checkpoint

_run_numbers = itertools.count()


class Session(ExitStack):
    """One run of one config, in a folder that is locked until the ``with`` block ends.

    Args:
        config: Path of the config file.
        options: ``KEY=VALUE`` changes to it, see :func:`merge_typed`.
        launcher: How the processes of a distributed run were started.

    Attributes:
        cfg: The config, to be changed before :meth:`build_runner`.
        options: As given.
        config_hash: Hash of the config with these options, see :func:`config_hash`.
        test_hash: The same of what decides a test.
        precision: The type of the forward pass.
        part: The split whose images are tested.
        made_with: The options that make a test another one than a run's plain test.
    """

    def __init__(self, config: str, options: Sequence[str] = (), launcher: str = 'none') -> None:
        super().__init__()
        self.cfg = load_config(config, options)
        self.options = list(options)
        self.config_hash = config_hash(self.cfg)
        self.test_hash = config_hash(self.cfg, of_test=True)
        self._experiment = resolved_keys(self.cfg)  # now: --amp and the like do not count
        self._changes: list[tuple] | None = None
        self._resumed: Path | None = None
        self.precision = 'float32'
        self.part = 'test'
        self.made_with: str | None = None
        self.git_commit = git_commit()  # now: the code may change while the run goes on
        self.cfg.launcher = launcher
        init_distributed(launcher, self.cfg.env_cfg.dist_cfg)
        # Each process augments with its own random numbers; the samplers stay synchronised.
        self.cfg.randomness.diff_rank_seed = launcher != 'none'

    def enable_amp(self) -> None:
        """Use the fastest mixed precision of this device, or print that it has none."""
        self.precision = enable_amp(self.cfg)
        if self.precision == 'float32' and is_main_process():
            print('--amp: this CPU would emulate bfloat16, many times slower; the run is in '
                  'float32.')

    def enable_auto_scale_lr(self) -> None:
        """Scale the learning rate with the batch size; ValueError without base_batch_size."""
        if 'base_batch_size' not in self.cfg.get('auto_scale_lr', {}):
            raise ValueError(f'--auto-scale-lr: {self.cfg.filename} has no '
                             'auto_scale_lr.base_batch_size to scale from.')
        self.cfg.auto_scale_lr.enable = True

    def leave_out_validation(self) -> None:
        """The last checkpoint is then the result; MonitorCheckHook rejects what needs metrics."""
        self.cfg.update(dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator')))
        if saver := self.cfg.default_hooks.get('checkpoint'):
            saver.save_best = None

    def switch_off_in_loaders(self, keys: Sequence[str]) -> None:
        """Set keys of every dataloader, such as ``pin_memory``, to False."""
        for part in ('train', 'val', 'test'):
            if loader := self.cfg.get(f'{part}_dataloader'):
                loader.update(dict.fromkeys(keys, False))

    def enter_work_dir(self, work_dir: str | None, resume: str | None, overwrite: bool) -> None:
        """Choose the work dir and the checkpoint to resume; the main process decides for all.

        Args:
            work_dir: As given by the user; None for the default.
            resume: ``auto``, a checkpoint file, or None.
            overwrite: Delete an earlier run.

        Raises:
            OSError: See :func:`lock` and :func:`claim_work_dir`.
            UnicodeError: The name of the work dir is not UTF-8.
            ValueError: The config itself resumes.
        """
        if self.cfg.get('resume'):
            raise ValueError(f'config {self.cfg.filename}: resume={self.cfg.resume}, expected '
                             'False, as --resume decides it; add --cfg-options resume=False')
        self._changes = changes_of(self.cfg)  # now: the bases may be edited while the run goes on
        folder = Path(work_dir or self.cfg.get('work_dir')
                      or default_work_dir(self.cfg.filename, self.cfg.randomness.seed)).absolute()

        def claim() -> Path | None:
            self._lock(folder)
            return claim_work_dir(folder, resume, overwrite)

        self._resumed = by_main(claim)
        self.cfg.work_dir = str(folder)

    def enter_test_dir(self, work_dir: str, checkpoint: str, overwrite: bool) -> None:
        """Set and lock the folder of a test.

        Raises:
            BlockingIOError: Another process writes into the folder.
            FileExistsError: The folder holds the record of another test, and ``overwrite`` is
                false.
        """
        self.cfg.work_dir = work_dir
        record = Path(work_dir, RECORD)

        def claim() -> None:
            self._lock(Path(work_dir))
            earlier = {} if overwrite or not record.is_file() else read_record(record)
            for key, asked in (('mode', 'test'), ('checkpoint', shown_path(checkpoint)),
                               ('options', self.options), ('config_hash', self.config_hash),
                               ('made_with', self.made_with)):
                if earlier and earlier.get(key) != asked:
                    raise FileExistsError(
                        f'{record}: is of a test with another {key}, {earlier.get(key)}, not '
                        f'{asked}; choose another --work-dir, or give --overwrite')

        by_main(claim)

    def _lock(self, folder: Path) -> None:
        str(folder).encode()  # or TensorBoard would refuse the name later
        self.enter_context(lock(folder))

    def test_on(self, part: str) -> None:
        """Test on the images of another split, see :func:`use_part`."""
        use_part(self.cfg, part)
        self.part = part

    def dump_predictions(self, path: str, overwrite: bool = False) -> None:
        """Also write every prediction of the test into ``*.pkl``, or a detector's into a folder.

        Raises:
            OSError: It cannot be written there.
            ValueError: The path is a folder, for KITTI's result files, but the model no detector.
        """
        if path.endswith(('.pkl', '.pickle')):
            check_file(Path(path), overwrite=overwrite)
            metric = dict(type=PredictionFile.__name__, out_file_path=path)
        elif self.cfg.default_scope == 'mmdet' and (path.endswith('/') or not Path(path).suffix):
            metric = dict(type='KittiResultFiles', out_dir=self._temporary(path, overwrite))
        else:
            raise ValueError(f"--out {path}: the name must end in .pkl; or, for a detector, in / "
                             "for a folder of KITTI's result files")
        evaluators = self.cfg.test_evaluator
        self.cfg.test_evaluator = [*(evaluators if isinstance(evaluators, list) else [evaluators]),
                                   metric]

    def draw_predictions(self, folder: str | None, overwrite: bool = False,
                         interval: int = 1, **window: Any) -> None:
        """Also draw predictions of the test; an error says what cannot be written or shown."""
        hook = self.cfg.default_hooks.visualization
        detects = 'draw' in hook  # mmdet's
        if detects and interval > 1:
            raise ValueError(f"--interval {interval}: mmdet's hook draws every image; leave it out")
        if window.get('show'):
            check_window()
            self.cfg.visualizer.vis_backends = []  # or they would store each picture, too
        target = folder and self._temporary(folder, overwrite)
        hook.update(dict(draw=True, test_out_dir=target) if detects
                    else dict(enable=True, out_dir=target, interval=interval), **window)

    def _temporary(self, folder: str, overwrite: bool) -> str:
        """A folder to fill, which replaces another one when the session ends without error."""
        return str(by_main(lambda: self.enter_context(
            replacing_folder(Path(folder).absolute(), overwrite))))

    def build_runner(self, trust_checkpoint: bool = False) -> Runner:
        """Build the Runner with its model; data are loaded by the run."""
        # mmengine names log folders by this and the second: keeps two runs in one second apart.
        self.cfg.experiment_name = f'{Path(self.cfg.filename).stem}_{next(_run_numbers)}'
        if trust_checkpoint and (loaded := self._resumed or self.cfg.load_from):
            trust(loaded)
        self.callback(_close_visualizer)
        with naming(Path(self.cfg.work_dir)):
            runner = RUNNERS.build(self.cfg)
        if self._resumed:  # not in the config, which the run dumps: others may train from it
            runner._resume, runner._load_from = True, str(self._resumed)
        runner.message_hub.update_info(EXPERIMENT, self._experiment)  # into every checkpoint
        return runner

    def finish_training(self, runner: Runner, keep: bool = True) -> dict[str, Any]:
        """Make the record of a finished training, write it if ``keep``, and print it."""
        record = _hook(runner, RunRecordHook)
        best = record.best(_hook(runner, CheckpointHook), runner.epoch)
        info, monitor = runner.message_hub.runtime_info, best['monitor']
        # With several monitored keys, each has its own name for the best checkpoint.
        path = monitor and (info.get(f'best_ckpt_{monitor}') or info.get('best_ckpt'))
        path = path or last_checkpoint(Path(runner.work_dir))
        result = dict(mode='train', split='val', metrics=best['metrics'], monitor=best['monitor'],
                      best_epoch=best['epoch'], epochs=runner.epoch,
                      seconds=round(record.seconds, 2), warnings=few_steps(runner) * keep,
                      checkpoint=path and shown_path(path), history=record.history,
                      changes=self._changes, recipe=recipe_of(self.cfg), **self._described(runner))
        self._finish(runner, result, keep)
        return result

    def finish_test(self, runner: Runner, checkpoint: str | None,
                    folder: str = '') -> dict[str, Any]:
        """Make the record of a finished test, write it (into a folder in the work dir), print it.

        ``checkpoint`` is None if none was kept.
        """
        record = _hook(runner, RunRecordHook)
        run = self._described(runner)
        run['data_fingerprint'] = {self.part: run['data_fingerprint']['test']}
        if word := getattr(runner.test_dataloader.dataset, 'nothing_to_find', ''):
            runner.warnings.append(f'{word}: every figure of -1 is undefined.')
        result = dict(mode='test', split=self.part, metrics=record.test_metrics,
                      seconds=round(record.test_seconds, 2),
                      checkpoint=checkpoint and shown_path(checkpoint),
                      made_with=self.made_with, warnings=runner.warnings,
                      **run, **record.test_tables)
        result['intervals'] = result.get('intervals', {}) | intervals(
            record.test_metrics, result.get('classes') or {})
        self._finish(runner, result, True, folder)
        return result

    def _described(self, runner: Runner) -> dict[str, Any]:
        return dict(git_commit=self.git_commit, config_hash=self.config_hash, options=self.options,
                    test_hash=self.test_hash,
                    **describe_run(runner, self.cfg.randomness.seed, self.precision))

    def _finish(self, runner: Runner, result: dict[str, Any], keep: bool, folder: str = '') -> None:
        if is_main_process():
            path = Path(runner.work_dir, folder, RECORD)
            if keep:
                write_json(path, result)
            print_result(result)
            if keep:
                print(f'Written to {shown_path(path, Path.cwd())}')
        barrier()


@METRICS.register_module()
class PredictionFile(DumpResults):
    """mmengine's DumpResults, which would leave half a file on a full disk."""

    default_prefix = ''

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Write the file, in the main process."""
        with replacing(Path(self.out_file_path)) as partial:
            dump(results, partial, 'pkl')
        return {}


def _close_visualizer() -> None:
    """End TensorBoard's thread, also after an error: it would write into a deleted folder."""
    if Visualizer._instance_dict:
        with suppress(OSError, AttributeError):  # a full disk; MLflow's, not started
            Visualizer.get_current_instance().close()


def load_config(config: str, options: Sequence[str] = ()) -> Config:
    """Read a config file, apply options and check the result, as every run does.

    Raises:
        OSError: The file, or one of its bases, is missing.
        ValueError: See :func:`read_config`, :func:`merge_typed`, :func:`check_config` and
            :func:`check_types`.
    """
    loaded = read_config(config)
    # Unformatted: yapf would take half a second per checkpoint, which contains the config.
    cfg = Config(loaded._cfg_dict, cfg_text=loaded.text, filename=loaded.filename,
                 format_python_code=False)
    merge_typed(cfg, options)
    check_config(cfg)
    check_types(cfg)
    return cfg


def _hook(runner: Runner, kind: type) -> Any:
    return next((hook for hook in runner.hooks if isinstance(hook, kind)), None)

"""mmengine's Runner with a quiet console, strict checkpoints and support for CPUs."""
import copy
import io
import logging
import platform
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import mmengine
import torch
from mmengine.config import Config
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, Runner, loops
from torch.utils.data import DataLoader

from .allocator import keep_freed_memory
from .build_errors import named, naming
from .checkpoint import check_finite, misfit, read_checkpoint
from .checkpoint_content import check_resumable, check_shapes
from .checks import class_names
from .console import lenient
from .experiment import EXPERIMENT, check_resumed, other_length, other_model
from .files import replacing, shown_path, write_text
from .plain_values import plain
from .precision import laid_out, with_fused_kernel
from .pretrained import Pretrained
from .run_record import device_name
from .schedulers import check_longer_run, follow_run
from .stop_signal import outlive_signals
from .train_loop import EpochBasedTrainLoop, IterBasedTrainLoop
from .trained_images import TRAINED
from .unwrap import unwrapped
from .work_dir import last_checkpoint

# mmengine warns of its own old names in CheckpointHook, and of lost gradients, which a checkpoint
# contains here.
_NOISE = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias',
          'Resumed iteration number is not divisible by')


@RUNNERS.register_module()
class TransferRunner(Runner):
    """mmengine's Runner with strict checkpoints, a quiet console and support for CPUs.

    - The console shows a progress bar, tables and warnings; the log file contains every line.
    - A resumed or tested model must match its checkpoint tensor by tensor, and a resumed one also
      the experiment; upstream only warns and continues with random weights.
    - Distributed runs work without GPUs (gloo).
    - Speed: ``channels_last`` in the config, fused optimizers, reuse of freed CPU memory, and no
      queries of compiler versions at the start.

    Attributes:
        trained_classes: Class names of the data that a loaded checkpoint was trained on.
        trained_images: What a loaded checkpoint was trained on, see ``trained_images``.
        warnings: Sentences about what makes a test's figures doubtful.
    """

    trained_classes: tuple[str, ...] | None = None
    trained_images: Mapping[str, Any] = {}
    _known_hooks: tuple[Hook, ...] = ()
    _busy_hooks: dict[str, list[Hook]] = {}

    build_visualizer = named('visualizer')(Runner.build_visualizer)
    build_log_processor = named('log_processor')(Runner.build_log_processor)
    register_hooks = named('default_hooks', 'custom_hooks')(Runner.register_hooks)
    build_val_loop = named('val_dataloader', 'val_cfg', 'val_evaluator')(Runner.build_val_loop)
    build_test_loop = named('test_dataloader', 'test_cfg', 'test_evaluator')(
        Runner.build_test_loop)
    _init_model_weights = named('model')(Runner._init_model_weights)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.warnings: list[str] = []
        super().__init__(*args, **kwargs)

    def build_logger(self, log_level: int | str = 'INFO', log_file: str | None = None,
                     **kwargs: Any) -> MMLogger:
        """Build upstream's logger, then limit the console to warnings and errors."""
        logger = super().build_logger(log_level, log_file, **kwargs)
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                handler.setStream(lenient(Path(handler.baseFilename), 'a')).close()
            elif type(handler) is logging.StreamHandler:
                handler.setLevel(max(handler.level, logging.WARNING))
                handler.addFilter(lambda record: not record.getMessage().startswith(_NOISE))
        return logger

    def _log_env(self, env_cfg: dict) -> None:
        """Log versions, device and config; upstream also queries compilers, which takes 1.6 s."""
        self.logger.info(
            f'Python {platform.python_version()}, PyTorch {torch.__version__}, mmengine '
            f'{mmengine.__version__} on {device_name()}; seed {self.seed}, {self.world_size} '
            f'process(es)\nConfig:\n{self.cfg.pretty_text}')

    @master_only
    def dump_config(self) -> None:
        """Write the formatted config into the work dir."""
        formatted = Config(self.cfg._cfg_dict.to_dict(), filename=self.cfg.filename)
        write_text(Path(self.work_dir, Path(self.cfg.filename or 'config.py').name),
                   formatted.pretty_text)

    def setup_env(self, env_cfg: dict) -> None:
        """Set up the process; on a CPU, also reuse memory from step to step."""
        super().setup_env(env_cfg)
        if not torch.cuda.is_available():
            keep_freed_memory()

    @named('model')
    def build_model(self, model: torch.nn.Module | dict) -> torch.nn.Module:
        """Build the model, in the layout of ``cfg.channels_last``."""
        return laid_out(super().build_model(model), self.cfg.get('channels_last'))

    @named('optim_wrapper')
    def build_optim_wrapper(self, optim_wrapper: OptimWrapper | dict) -> OptimWrapper:
        """Build the optimizer, with a fused kernel if PyTorch has one."""
        if isinstance(optim_wrapper, dict):
            optim_wrapper = with_fused_kernel(optim_wrapper)
        return super().build_optim_wrapper(optim_wrapper)

    @named('param_scheduler')
    def build_param_scheduler(self, scheduler: Any) -> list | dict:
        """Build the schedules; they act until the run ends."""
        follow_run(scheduler, by_epoch=isinstance(self.train_loop, loops.EpochBasedTrainLoop))
        return super().build_param_scheduler(scheduler)

    def wrap_model(self, model_wrapper_cfg: dict | None,
                   model: torch.nn.Module) -> torch.nn.Module:
        """Wrap the model for distributed training; on CPUs without ``device_ids``."""
        if not self.distributed or torch.cuda.is_available() or model_wrapper_cfg is not None:
            return super().wrap_model(model_wrapper_cfg, model)
        return MMDistributedDataParallel(
            module=model, device_ids=None, broadcast_buffers=False,
            find_unused_parameters=self.cfg.get('find_unused_parameters', False))

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, *args: Any, **kwargs: Any) -> DataLoader:
        """Build a dataloader; its workers can be resumed, and no signal ends them early."""
        workers = isinstance(dataloader, dict) and dataloader.get('num_workers', 0) > 0
        if workers:
            dataloader = copy.copy(dataloader)
            dataloader['batch_sampler'] = dict(
                type='SeededBatchSampler', batch_sampler=dataloader.get('batch_sampler'),
                drop_last=dataloader.pop('drop_last', False))
        loader = Runner.build_dataloader(dataloader, *args, **kwargs)
        if workers:
            loader.worker_init_fn = partial(outlive_signals, loader.worker_init_fn)
            # Or the first pass of persistent workers would draw one number more than the others.
            loader.generator = torch.Generator()
        return loader

    @named('train_dataloader', 'train_cfg')
    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the loop; ``by_epoch`` chooses between those of ``train_loop``."""
        if isinstance(loop, dict) and 'type' not in loop:
            loop = dict(loop)
            kind = EpochBasedTrainLoop if loop.pop('by_epoch') else IterBasedTrainLoop
            return kind(**loop, runner=self, dataloader=self._train_dataloader)
        return super().build_train_loop(loop)

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, save_optimizer: bool = True,
                        meta: dict | None = None, **kwargs: Any) -> None:
        """Save a checkpoint; one with the optimizer's state also contains the loop's position.

        An incomplete file never gets its name, see :func:`replacing`.
        """
        meta = dict(meta or {})
        if save_optimizer:
            meta['position'] = self.train_loop.position()  # gathered from all processes
        if not is_main_process():
            return
        self.call_hook('before_saving')
        with replacing(Path(out_dir, filename)) as partial:
            super().save_checkpoint(str(partial.parent), partial.name, *args, meta=meta,
                                    save_optimizer=save_optimizer, **kwargs)

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call the hooks; what they add to a checkpoint is converted to plain values too."""
        if fn_name in ('before_train_iter', 'after_train_iter'):
            self._call_in_step(fn_name, kwargs)
            return
        # before a run, some hooks build what they need
        with naming(self.cfg, 'default_hooks', 'custom_hooks') if fn_name == 'before_run' \
                else nullcontext():
            super().call_hook(fn_name, **kwargs)
        if fn_name == 'before_save_checkpoint':
            checkpoint = plain(kwargs['checkpoint'])
            kwargs['checkpoint'].clear()
            kwargs['checkpoint'].update(checkpoint)

    def _call_in_step(self, fn_name: str, kwargs: dict[str, Any]) -> None:
        """Call only the hooks that do something then, in each step: half of them do not."""
        if (hooks := tuple(self._hooks)) != self._known_hooks:
            self._known_hooks, self._busy_hooks = hooks, {}
        if fn_name not in self._busy_hooks:
            self._busy_hooks[fn_name] = [
                hook for hook in hooks if fn_name in (*hook.get_triggered_stages(), *vars(hook))]
        for hook in self._busy_hooks[fn_name]:
            try:
                getattr(hook, fn_name)(self, **kwargs)
            except TypeError as error:  # as upstream does
                raise TypeError(f'{error} in {hook}') from None

    def load_checkpoint(self, filename: str, map_location: Any = 'cpu', strict: bool = False,
                        revise_keys: list = [(r'^module.', '')]) -> dict:  # noqa: B006 (upstream's signature)
        """Load a checkpoint: strictly, or as :class:`Pretrained` for ``load_from`` of a new run.

        Raises:
            ValueError: It does not fit the model or is not finite; or a resumed run was begun with
                other options, or the file is not one to resume.
        """
        if self._train_dataloader is not None and not self._resume:
            return self._start_from(filename, map_location)
        try:
            with redirect_stdout(io.StringIO()):  # one line, which the logger has too
                checkpoint = super().load_checkpoint(filename, map_location, True, revise_keys)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f'checkpoint {filename} does not fit the model of this config; is it '
                             f'of another experiment? {misfit(error)}') from error
        check_finite(checkpoint.get('state_dict', checkpoint), filename)
        info = checkpoint.get('message_hub', {}).get('runtime_info', {})
        begun, self.trained_images = info.get(EXPERIMENT), info.get(TRAINED, {})
        asked = self.message_hub.runtime_info.get(EXPERIMENT)
        if self._resume:
            self._check_state(filename, checkpoint)
            # Now: the optimizer would silently use the checkpoint's rates, or none.
            check_resumed(filename, begun, asked)
            loop, wrapper = self.train_loop, self.optim_wrapper
            check_resumable(checkpoint, filename, plain(
                dict(param_groups=wrapper.state_dict().get('param_groups'),
                     param_schedulers=self.param_schedulers, epochs=loop.max_epochs,
                     # Begun with fewer processes, it has done more iterations in an epoch.
                     iterations=(loop.max_iters + loop.max_epochs) * self.world_size),
                lambda _, own: own.state_dict()))
            if changed := other_length(begun, asked):
                check_longer_run(self.param_schedulers, checkpoint.get('param_schedulers'),
                                 f'{filename}: {changed}')
            check_shapes(checkpoint['optimizer'], [
                value.shape for group in wrapper.param_groups for value in group['params']],
                checkpoint['meta']['iter'] // wrapper._accumulative_counts, filename)
            if position := checkpoint['meta'].get('position'):
                self.train_loop.resume_at(position)
            else:
                self.logger.warning(f'{filename} was written by an earlier version, without random '
                                    'states: the run goes on with other random numbers')
        elif changed := other_model(begun, asked):
            self.warnings.append(f'{filename} fits, but was trained with another model than this '
                                 f'config describes: {changed}. Its predictions may be wrong.')
        classes = checkpoint.get('meta', {}).get('dataset_meta', {}).get('classes')
        self.trained_classes = class_names(filename, classes) if classes else None
        return checkpoint

    def _start_from(self, filename: str, map_location: Any) -> dict:
        checkpoint, model = read_checkpoint(filename, map_location), unwrapped(self)
        Pretrained(filename).load(model, checkpoint)
        checkpoint['state_dict'] = model.state_dict()  # what EMAHook begins with
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        self._has_loaded = True
        return checkpoint

    def _check_state(self, filename: str, checkpoint: dict) -> None:
        """Reject a checkpoint without the optimizer's state, or with one that is not finite."""
        if 'optimizer' not in checkpoint:
            last = last_checkpoint(Path(filename).parent)
            raise ValueError(
                f"{filename}: holds weights for tests, predictions and load_from, but not the "
                "optimizer's state, so no run can be resumed from it; resume from "
                f'{shown_path(last) if last else "the last checkpoint, such as epoch_3.pth"}')
        check_finite({key: checkpoint.get(key, {}) for key in ('optimizer', 'ema_state_dict')},
                     filename)

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Resume in this run's work dir and with its original seed.

        Raises:
            ValueError: The config has another seed, which upstream would ignore.
        """
        asked = self._randomness_cfg.get('seed')
        super().resume(filename, *args, **kwargs)
        begun = self._randomness_cfg['seed']
        if begun != asked:
            raise ValueError(f'{filename} was begun with seed {begun}, not {asked}: a resumed '
                             'run keeps its seed. Leave out --seed, or start a new run.')
        self.call_hook('after_resume')

"""Show statistics of each YOLOv3 scale during training."""
import math
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from rich.console import Console
from torch import nn

from plugins.detection.yolov3_statistics import format_table
from plugins.engine.hooks import ProgressHook
from plugins.engine.unwrap import unwrapped


@HOOKS.register_module()
class YOLOStatisticsHook(Hook):
    """Print row A15's table every N iterations: a column per YOLO layer, then the total loss.

    Upstream logs only losses summed over the scales. :class:`ScaleStatistics` defines the
    rows; they describe that iteration's batch (the main process's) before the weights are
    updated. The head computes them only in these iterations.

    The table goes to the console and to the log file. The visualizer also
    writes the numbers as scalars (``vis_data/scalars.json``, TensorBoard where the config
    has its backend): ``yolo_layer1/recall50``, layer 1 being the coarsest, and ``yolo/total_loss``.
    Undefined values (of a layer without objects) are left out there.

    Args:
        interval: Iterations between two tables, counted over all epochs.

    Raises:
        ValueError: The model's head is not a KittiYOLOV3Head.
    """

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval
        self._console: Console | None = None

    def before_train(self, runner) -> None:
        head = _head(runner)
        if not hasattr(head, 'statistics_wanted'):
            raise ValueError(f'YOLOStatisticsHook: found the head {type(head).__name__}, which has '
                             "no statistics; expected model.bbox_head.type='KittiYOLOV3Head'")
        # Share the progress bar's console; on another one, the table would break the bar.
        shown = [hook.console for hook in runner.hooks if isinstance(hook, ProgressHook)]
        self._console = shown[0] if shown else Console(quiet=not is_main_process())

    def before_train_iter(self, runner, batch_idx: int, data_batch: Any = None) -> None:
        if self.every_n_train_iters(runner, self.interval):
            _head(runner).statistics_wanted = True

    def after_train_iter(self, runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        if not self.every_n_train_iters(runner, self.interval):
            return
        statistics = _head(runner).statistics
        rows = statistics.rows()
        text = (f'[Epoch {runner.epoch + 1}/{runner.max_epochs}, '
                f'Batch {batch_idx + 1}/{len(runner.train_dataloader)}]\n'
                f'{format_table(statistics.sizes, rows)}')
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        runner.logger.info(text)
        scalars = {f'yolo_layer{number}/{name}': value for name, values in rows.items()
                   for number, value in enumerate(values, 1) if not math.isnan(value)}
        runner.visualizer.add_scalars({**scalars, 'yolo/total_loss': sum(rows['loss'])},
                                      step=runner.iter + 1)


def _head(runner) -> nn.Module | None:
    return getattr(unwrapped(runner), 'bbox_head', None)

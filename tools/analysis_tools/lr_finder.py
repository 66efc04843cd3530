"""Suggest a learning rate by Smith's range test (WACV 2017): train while it grows; draw the loss.

    python tools/analysis_tools/lr_finder.py CONFIG --out lr.png

Trains as the config does, but without schedules, phases and validation, until the loss is four
times its lowest, and keeps only the picture. Suggested is the rate where the smoothed loss falls
fastest per decade (fastai's ``steep``). Parts with an ``lr_mult`` keep their share of it.
"""
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from mmengine.hooks import Hook
from scipy.signal import savgol_filter

from plugins.engine.command_line import Parser, add_cfg_options, config_file, positive, run
from plugins.engine.files import check_file
from plugins.engine.session import Session
from plugins.visualization.charts import draw_range_test
from plugins.visualization.run_pictures import save_figure

LEFT_OUT = ('DisjointPartsHook', 'EarlyStopHook', 'LoggerHook', 'MonitorCheckHook',
            'NonFiniteLossHook', 'ProgressHook', 'RunRecordHook', 'SafeCheckpointHook',
            'TrainablePhasesHook')


class RangeTestHook(Hook):
    """Collect the loss of each step, and end the training when it diverges."""

    def before_train(self, runner: Any) -> None:
        self.losses: list[float] = []

    def after_train_iter(self, runner: Any, *_: Any, outputs: Any = None, **__: Any) -> None:
        self.losses.append(outputs['loss'].item())
        means = np.convolve(self.losses, np.full(5, 0.2), 'valid')  # one batch may be odd
        runner.train_loop.stop_training = not means[-1] <= 4 * min(means)


def steepest(losses: Sequence[float], window: int) -> tuple[np.ndarray, int]:
    """Losses smoothed by lines fitted to a window; where, before their minimum, one falls most."""
    finite = np.array(losses)[np.isfinite(losses)]
    if len(finite) > window:
        smooth, slope = (savgol_filter(finite, window, 1, deriv=order) for order in (0, 1))
        if slope[place := slope[:smooth.argmin() + 1].argmin()] < 0:
            return smooth, int(place)
    raise ValueError(f'the loss of {len(finite)} steps never falls; choose another range of rates')


def main(argv: Sequence[str] | None = None) -> float:
    """Draw the picture, and return the rate; errors are those of ``Session`` and ``steepest``."""
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file)
    parser.add_argument('--start', type=float, default=1e-7, help='first rate (default: 1e-7)')
    parser.add_argument('--end', type=float, default=1., help='last rate (default: 1)')
    parser.add_argument('--steps', type=positive, default=100, help='20 or more (default: 100)')
    parser.add_argument('--out', type=Path, default='lr_finder.png', help='picture to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier picture')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    if args.steps < 20 or not 0 < args.start < args.end < 1e9:
        parser.error('expected 0 < --start < --end, and at least 20 --steps')
    check_file(args.out, overwrite=args.overwrite)
    rates = np.geomspace(args.start, args.end, args.steps)
    options = [*args.cfg_options, f'optim_wrapper.optimizer.lr={args.start}']
    with Session(str(args.config), options) as session:
        cfg = session.cfg
        session.leave_out_validation()
        cfg.param_scheduler = dict(type='ExponentialLR', gamma=rates[1] / rates[0], by_epoch=False)
        cfg.train_cfg = dict(by_epoch=False, max_iters=args.steps)
        cfg.visualizer.vis_backends = []
        hooks = {k: v for k, v in cfg.default_hooks.items() if v and v['type'] not in LEFT_OUT}
        cfg.default_hooks = dict(hooks, checkpoint=None, logger=None)  # or mmengine adds its own
        session.enter_work_dir(session.enter_context(tempfile.TemporaryDirectory()), None, False)
        runner = session.build_runner()
        runner.register_hook(hook := RangeTestHook())
        runner.train()
    smooth, place = steepest(hook.losses, max(5, args.steps // 7))
    save_figure(draw_range_test(rates, hook.losses, smooth, place), args.out)
    print(f'Suggested: optim_wrapper.optimizer.lr={rates[place]:.2g}; picture: {args.out}')
    return float(rates[place])


if __name__ == '__main__':
    run(main)

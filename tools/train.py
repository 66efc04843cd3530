"""Train the model of a config.

    python tools/train.py CONFIG
    python tools/train.py CONFIG --seed 1 --cfg-options train_dataloader.batch_size=128
"""
import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import Parser, add_run_options, config_file, run, seed
from plugins.engine.records import TEST_FOLDER


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = Parser(description='Train the model of a config.')
    parser.add_argument('config', type=config_file, help='config file, e.g. configs/basenet/...py')
    parser.add_argument('--work-dir', help='folder for the outputs; default '
                        'work_dirs/<path of the config below configs/>/seed<k>')
    parser.add_argument('--seed', type=seed, help="random seed (default: the config's, 0)")
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CKPT',
                        help='continue from the last checkpoint of the work dir, or from CKPT')
    parser.add_argument('--overwrite', action='store_true',
                        help='delete an earlier run in the work dir')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate with the total batch size')
    parser.add_argument('--no-validate', action='store_true',
                        help='no validation, so no best checkpoint: the result is the last one')
    parser.add_argument('--no-persistent-workers', action='append_const', dest='off', default=[],
                        const='persistent_workers', help='load each epoch in new processes')
    parser.add_argument('--fast-dev-run', action='store_true',
                        help='two batches of train, val and test; nothing is kept but, in a '
                        '--work-dir, the records')
    add_run_options(parser)
    args = parser.parse_args(argv)
    if args.work_dir and Path(args.work_dir).exists() and not Path(args.work_dir).is_dir():
        parser.error(f'--work-dir {args.work_dir}: is a file, expected a folder')
    if args.fast_dev_run and args.resume:
        parser.error('--fast-dev-run keeps nothing, so it has nothing to --resume')
    if args.resume and args.overwrite:
        parser.error('--resume continues the run that --overwrite would delete: give one of them')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Train, and return what ``result.json`` holds.

    Args:
        argv: Command-line arguments; None: those of this process (sys.argv).
    """
    args = parse_args(argv)
    keep = not args.fast_dev_run or bool(args.work_dir)
    from mmengine.dist import is_main_process

    from plugins.engine.config_check import check_weights
    from plugins.engine.config_keys import config_hash
    from plugins.engine.fast_dev_run import limit_to_fast_dev_run
    from plugins.engine.files import naming
    from plugins.engine.session import Session
    from plugins.visualization.run_pictures import write_pictures

    with Session(str(args.config), args.cfg_options, args.launcher) as session:
        if args.seed is not None:
            session.cfg.randomness.seed = args.seed
        if args.amp:
            session.enable_amp()
        if args.auto_scale_lr:
            session.enable_auto_scale_lr()
        if args.no_validate:
            session.leave_out_validation()
        session.switch_off_in_loaders(args.off)
        if args.fast_dev_run:
            limit_to_fast_dev_run(session.cfg)
            session.config_hash = config_hash(session.cfg)
            args.work_dir = args.work_dir or session.enter_context(tempfile.TemporaryDirectory())
        check_weights(session.cfg)
        session.enter_work_dir(args.work_dir, args.resume, args.overwrite)
        runner = session.build_runner(args.trust_checkpoint)
        with naming(Path(runner.work_dir)):
            runner.train()
        if args.fast_dev_run:
            runner.test()
            if keep:
                session.finish_test(runner, None, TEST_FOLDER)
        result = session.finish_training(runner, keep)
        if is_main_process() and keep:
            for picture in write_pictures(result, Path(runner.work_dir)):
                print(f'Beside it: {picture.name}')
        return result


if __name__ == '__main__':
    run(main)

"""Test a checkpoint on the test set of a config, or on another part of its data.

    python tools/test.py CONFIG CHECKPOINT
    python tools/test.py RUN                  # a work dir of tools/train.py, with its options
    python tools/test.py CONFIG CHECKPOINT --out preds.pkl --show-dir pictures
    python tools/test.py CONFIG CHECKPOINT --out results/    # a detector: KITTI's result files
    python tools/test.py CONFIG CHECKPOINT --part train

Besides result.json, it writes pictures of the results, and to examples/ the images that
tools/report.py shows: a classifier's most confident mistakes, or a detector's busiest images.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import Parser, add_run_options, add_trained, parse_trained, run
from plugins.engine.files import check_file, check_folder, naming
from plugins.engine.run_reader import EXAMPLES, TEST_FOLDERS


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = Parser(description='Test a checkpoint on the test set of a config.')
    add_trained(parser)
    parser.add_argument('--part', choices=('test', 'train', 'val'), default='test',
                        help='which images to test on; training images, too, are used once each, '
                        'without augmentation')
    parser.add_argument('--work-dir', help='where result.json and the log are written; default '
                        'the folder test beside the checkpoint (test-train, test-val for a part)')
    parser.add_argument('--out', metavar='NAME', help='write every prediction to this new .pkl '
                        "file; for a detector, a folder's name writes KITTI's result files")
    parser.add_argument('--show-dir', help='draw predictions into this folder')
    parser.add_argument('--overwrite', action='store_true',
                        help="replace the result.json of another checkpoint's test, and what is "
                        'in --out and --show-dir')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load the checkpoint although it could run code')
    add_run_options(parser)
    args = parse_trained(parser, argv, whole=())
    args.work_dir = Path(args.work_dir or args.checkpoint.parent / TEST_FOLDERS[args.part])
    if (args.work_dir / 'last_checkpoint').exists():
        parser.error(f'--work-dir {args.work_dir}: holds a training run; choose another folder')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Test, and return what ``result.json`` holds.

    Args:
        argv: Command-line arguments; None: those of this process (sys.argv).

    Raises:
        OSError: An output cannot be written, or already exists.
        ValueError: The config, the options or the checkpoint do not fit together.
    """
    args = parse_args(argv)
    check_file(args.work_dir / 'result.json')  # before hours of testing
    check_folder(args.work_dir / EXAMPLES, overwrite=True)
    from mmengine.dist import is_main_process

    from plugins.engine.session import Session
    from plugins.visualization.examples import ExamplesHook
    from plugins.visualization.run_pictures import write_pictures

    with Session(str(args.config), args.cfg_options, args.launcher) as session:
        cfg, checkpoint = session.cfg, str(args.checkpoint)
        session.test_on(args.part)
        session.enter_test_dir(str(args.work_dir.absolute()), checkpoint, args.overwrite)
        cfg.update(load_from=checkpoint, resume=False)
        for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler',
                    'val_dataloader', 'val_cfg', 'val_evaluator'):
            cfg[key] = None
        if args.out:
            session.dump_predictions(args.out, args.overwrite)
        if args.show_dir:
            session.draw_predictions(args.show_dir, args.overwrite)
        runner = session.build_runner(args.trust_checkpoint)
        examples = ExamplesHook()
        runner.register_hook(examples)
        with naming(Path(args.show_dir or args.work_dir)):
            runner.test()
        result = session.finish_test(runner, checkpoint)
        if is_main_process():
            written = [path.name for path in write_pictures(result, args.work_dir)]
            if examples.write(args.work_dir / EXAMPLES, runner.test_dataloader.dataset, result):
                written.append(f'{EXAMPLES}/')
            print(f'Beside it: {", ".join(written) or "no pictures"}')
    if is_main_process():
        for path in filter(None, (args.out, args.show_dir)):
            print(f'Written to {path}')
    return result


if __name__ == '__main__':
    run(main)

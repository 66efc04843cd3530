"""Test a checkpoint on the test set of a config, or on another part of its data.

    python tools/test.py CONFIG CHECKPOINT
    python tools/test.py RUN                  # a work dir of tools/train.py, with its options
    python tools/test.py CONFIG CHECKPOINT --out preds.pkl --show-dir pictures
    python tools/test.py CONFIG CHECKPOINT --out results/    # a detector: KITTI's result files
    python tools/test.py CONFIG CHECKPOINT --part train

Besides result.json, it writes pictures of the results, and to examples/ the images that
tools/report.py shows: a classifier's most confident mistakes, or a detector's busiest images. A
classifier's answer for each image is in answers.csv.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine import command_line
from plugins.engine.files import check_file, check_folder, naming, write_json
from plugins.engine.records import ANSWERS, EXAMPLES, TEST_FOLDER


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = command_line.Parser(description='Test a checkpoint on the test set of a config.')
    command_line.add_trained(parser)
    parser.add_argument('--part', choices=('test', 'train', 'val'), default='test',
                        help='which images to test on; training images, too, are used once each, '
                        'without augmentation')
    parser.add_argument('--work-dir', help='where result.json and the log are written; default '
                        'the folder test, or test-train, test-tta, ..., beside the checkpoint')
    parser.add_argument('--tta', action='store_true',
                        help='merge the predictions for each image and its mirror image')
    parser.add_argument('--out', metavar='NAME', help='write every prediction to this new .pkl '
                        "file; for a detector, a folder's name writes KITTI's result files")
    parser.add_argument('--out-item', choices=('pred', 'metrics'),
                        help='what to write to --out: predictions (default), or metrics as JSON')
    parser.add_argument('--show-dir', help='draw predictions into this folder')
    parser.add_argument('--show', action='store_true', help='show predictions in a window')
    parser.add_argument('--wait-time', type=command_line.seconds, default=2., metavar='SECONDS',
                        help='how long to show each (default: %(default)g; 0: until a key)')
    parser.add_argument('--interval', type=command_line.positive, default=1, metavar='N',
                        help="draw every Nth of a classifier's images (default: %(default)s)")
    parser.add_argument('--overwrite', action='store_true',
                        help="replace the result.json of another checkpoint's test, and what is "
                        'in --out and --show-dir')
    command_line.add_run_options(parser)
    args = command_line.parse_trained(parser, argv, whole=())
    ending = '.json' if args.out_item == 'metrics' else ''
    if args.out_item and not (args.out and args.out.endswith(ending)):
        parser.error(f'--out-item {args.out_item} needs --out NAME{ending}')
    args.made_with = [name for name in ('tta', 'amp') if vars(args)[name]]
    folder = '-'.join(dict.fromkeys([TEST_FOLDER, args.part, *args.made_with]))
    args.work_dir = Path(args.work_dir or args.checkpoint.parent / folder)
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
    from plugins.engine.tta import enable_tta
    from plugins.visualization.examples import ExamplesHook
    from plugins.visualization.run_pictures import write_pictures

    with Session(str(args.config), args.cfg_options, args.launcher) as session:
        cfg, checkpoint = session.cfg, str(args.checkpoint)
        session.test_on(args.part)
        session.made_with = ' '.join(f'--{name}' for name in args.made_with) or None
        session.switch_off_in_loaders(args.off)
        if args.tta:
            enable_tta(cfg)
        if args.amp:
            session.enable_amp()
            cfg.test_cfg.fp16 = session.precision != 'float32'
        session.enter_test_dir(str(args.work_dir.absolute()), checkpoint, args.overwrite)
        cfg.update(load_from=checkpoint, resume=False)
        for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler',
                    'val_dataloader', 'val_cfg', 'val_evaluator'):
            cfg[key] = None
        if args.out_item == 'metrics':
            check_file(Path(args.out), overwrite=args.overwrite)
        elif args.out:
            session.dump_predictions(args.out, args.overwrite)
        if args.show_dir or args.show:
            session.draw_predictions(args.show_dir, args.overwrite, args.interval,
                                     show=args.show, wait_time=args.wait_time)
        runner = session.build_runner(args.trust_checkpoint)
        examples = ExamplesHook()
        runner.register_hook(examples)
        with naming(Path(args.show_dir or args.work_dir)):
            runner.test()
        result = session.finish_test(runner, checkpoint)
        if is_main_process():
            if args.out_item == 'metrics':
                write_json(Path(args.out), result['metrics'])
            written = [path.name for path in write_pictures(result, args.work_dir)]
            if examples.write(args.work_dir / EXAMPLES, runner.test_dataloader.dataset, result):
                written.append(f'{EXAMPLES}/')
            if examples.write_answers(args.work_dir / ANSWERS, runner.test_dataloader.dataset):
                written.append(ANSWERS)
            print(f'Beside it: {", ".join(written) or "no pictures"}')
    if is_main_process():
        for path in filter(None, (args.out, args.show_dir)):
            print(f'Written to {path}')
    return result


if __name__ == '__main__':
    command_line.run(main)

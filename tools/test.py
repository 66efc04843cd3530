"""Test a checkpoint on the test set of a config, or on another part of its data.

    python tools/test.py CONFIG CHECKPOINT
    python tools/test.py CONFIG CHECKPOINT --out preds.pkl --show-dir pictures
    python tools/test.py CONFIG CHECKPOINT --out results/    # a detector: KITTI's result files
    python tools/test.py CONFIG CHECKPOINT --part train
"""
import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import add_cfg_options, config_file, existing_file


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; mmengine is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(description='Test a checkpoint on the test set of a config.')
    parser.add_argument('config', type=config_file, help='config file')
    parser.add_argument('checkpoint', type=existing_file,
                        help='checkpoint file, as tools/train.py names it at its end')
    parser.add_argument('--part', choices=('test', 'train', 'val'), default='test',
                        help='whose images: the training images too are seen once each, without '
                        'augmentation')
    parser.add_argument('--work-dir', help='where result.json and the log are written; default '
                        'the folder test beside the checkpoint (test-train, test-val for a part)')
    parser.add_argument('--out', metavar='NAME', help='write every prediction to this new .pkl '
                        "file; of a detector, a folder's name gives KITTI's result files")
    parser.add_argument('--show-dir', help='draw predictions into this new folder')
    parser.add_argument('--overwrite', action='store_true',
                        help="replace the result.json of another checkpoint's test")
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load the checkpoint although it could run code')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    if args.work_dir and Path(args.work_dir).is_file():
        parser.error(f'--work-dir {args.work_dir}: is a file, expected a folder')
    if args.work_dir and (Path(args.work_dir) / 'last_checkpoint').exists():
        parser.error(f'--work-dir {args.work_dir}: holds a training run; choose another folder')
    for key in ('out', 'show_dir', 'work_dir'):
        if value := getattr(args, key):
            _check_target(f'--{key.replace("_", "-")} {value}', Path(value).absolute(), parser)
    if args.show_dir and Path(args.show_dir).is_dir() and any(Path(args.show_dir).iterdir()):
        parser.error(f'--show-dir {args.show_dir}: the folder is not empty; choose another one')
    if args.out:
        _check_out(args.out, parser)
    return args


def _check_target(name: str, path: Path, parser: argparse.ArgumentParser) -> None:
    """Find out before hours of testing what could not be written after them."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if there != path and not there.is_dir():
        parser.error(f'{name}: {there} is a file, expected a folder')
    if not os.access(there, os.W_OK):
        parser.error(f'{name}: {there} cannot be written; choose another place')


def _check_out(out: str, parser: argparse.ArgumentParser) -> None:
    """Refuse a name that is neither a pickle's nor a folder's, and what would be overwritten."""
    path = Path(out)
    if not out.endswith(('.pkl', '.pickle', '/')) and path.suffix and not path.is_dir():
        parser.error(f"--out {out}: the name must end in .pkl, or in / for a folder of KITTI's "
                     'result files')
    if path.is_dir() and any(path.iterdir()):
        parser.error(f'--out {out}: the folder is not empty; choose another one')
    if path.is_file():
        parser.error(f'--out {out}: the file exists; delete it or choose another name')


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Test, and return what ``result.json`` holds.

    Args:
        argv: Arguments as on the command line; None takes the process's own.
    """
    args = parse_args(argv)
    from plugins.engine.readable_errors import readable_errors
    from plugins.engine.run_reader import TEST_FOLDERS
    from plugins.engine.session import Session

    session = Session(str(args.config), args.cfg_options, args.launcher)
    cfg, checkpoint = session.cfg, str(args.checkpoint)
    session.test_on(args.part)
    session.enter_test_dir(
        args.work_dir or str(args.checkpoint.absolute().parent / TEST_FOLDERS[args.part]),
        checkpoint, args.overwrite)
    cfg.load_from = checkpoint
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler',
                'val_dataloader', 'val_cfg', 'val_evaluator'):
        cfg[key] = None
    if args.out:
        session.dump_predictions(args.out)
    if args.show_dir:
        session.draw_predictions(args.show_dir)
    runner = session.build_runner(args.trust_checkpoint)
    with readable_errors(session.cfg):
        runner.test()
    return session.finish_test(runner, checkpoint)


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

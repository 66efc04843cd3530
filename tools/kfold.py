"""Cross-validate a classifier: each image is tested once, by a model that did not train on it.

    python tools/kfold.py CONFIG                         # 5 folds of its training images
    python tools/kfold.py CONFIG --folds 10 --repeats 3
    python tools/kfold.py CONFIG --groups plants.csv     # columns image, group: kept together

Run the same command again to continue. The test set of the config is not used.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine import command_line
from plugins.engine.files import REPO_ROOT, shown_path
from plugins.engine.records import KFOLD_RECORD


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Cross-validate, and return what ``kfold.json`` holds.

    Raises:
        OSError, ValueError: See ``plugins.classification.cross_validation.cross_validate``.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=command_line.config_file, help='config of a classifier')
    parser.add_argument('--folds', type=command_line.folds, default=5, help='default: %(default)s')
    parser.add_argument('--repeats', type=command_line.positive, default=1,
                        help='how often all images are dealt anew (default: %(default)s)')
    parser.add_argument('--seed', type=command_line.seed, default=0,
                        help='seed of the folds of the first repeat (default: %(default)s)')
    parser.add_argument('--groups', type=command_line.existing_file, metavar='CSV',
                        help='table of image and group; images of a group are in one fold')
    parser.add_argument('--work-dir', type=Path, help='where folds and results are written; '
                        'default work_dirs/kfold/<name of the config>')
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    command_line.add_cfg_options(parser)
    args = parser.parse_args(argv)
    from plugins.classification.cross_validation import Folds, cross_validate
    from plugins.engine.intervals import shown_interval
    from plugins.engine.result_table import print_classes, print_confusions
    from plugins.visualization.run_pictures import write_pictures
    from tools import test, train

    work_dir = (args.work_dir or REPO_ROOT / 'work_dirs/kfold' / args.config.stem).absolute()
    record = cross_validate(
        args.config, work_dir, Folds(args.folds, args.repeats, args.seed,
                                     args.groups and str(args.groups)),
        train.main, test.main, args.cfg_options, ['--amp'] * args.amp)
    print_classes(record['classes'], 'cross-validated')
    print_confusions(list(record['classes']), record['confusion_matrix'])
    for one in record['worst']:
        print(f"{one['image']}: {one['true']}, taken for {one['predicted']} "
              f"({100 * float(one['probability']):.0f} %)")
    accuracy = shown_interval(record['metrics']['accuracy/top1'],
                              record['intervals']['accuracy/top1'])
    print(f"accuracy {accuracy}, of {record['images']} images, 95 % interval")
    pictures = [path.name for path in write_pictures(record, work_dir)]
    print(f'Written to {shown_path(work_dir, Path.cwd())}: {KFOLD_RECORD}, answers.csv, '
          f'{", ".join(pictures)}')
    return record


if __name__ == '__main__':
    command_line.run(main)

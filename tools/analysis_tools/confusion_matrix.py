"""Draw the confusion matrix of a tested classifier, and name its most frequent confusions.

    python tools/test.py CONFIG CHECKPOINT
    python tools/analysis_tools/confusion_matrix.py WORK_DIR    # test/confusion_matrix.png in it
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.files import check_file, resolve_path
from plugins.engine.run_reader import TEST_FOLDERS, read_run

WORST = 5


def main(argv: Sequence[str] | None = None) -> Path:
    """Draw the matrix, print the most frequent confusions, and return the picture's path.

    Raises:
        FileNotFoundError: There is no such run, or it was not tested.
        ValueError: See :func:`read_matrix`.
    """
    parser = argparse.ArgumentParser(description='Draw a confusion matrix.')
    parser.add_argument('work_dir', type=resolve_path, help='work dir of a run that was tested')
    parser.add_argument('--show-path', metavar='PNG', help='picture to write; default '
                        'test/confusion_matrix.png in the work dir')
    args = parser.parse_args(argv)
    classes, matrix = read_matrix(args.work_dir)
    target = Path(args.show_path or args.work_dir / TEST_FOLDERS['test'] / 'confusion_matrix.png')
    check_file(target)
    from plugins.visualization.charts import draw_confusion
    from plugins.visualization.run_pictures import save_figure
    save_figure(draw_confusion(classes, matrix), target)
    for line in confusions(classes, matrix):
        print(line)
    print(f'Drawn to {target}')
    return target


def read_matrix(work_dir: Path) -> tuple[list[str], np.ndarray]:
    """Read the class names and the matrix of a run's test.

    Returns:
        Class names; numbers of images (row: true class, column: predicted class).

    Raises:
        FileNotFoundError: There is no such run, or it was not tested.
        ValueError: A record cannot be read, the test is of a checkpoint other than the run's best,
            or has no matrix.
    """
    result = read_run(work_dir).require_test()
    classes, rows = list(result.get('classes') or ()), result.get('confusion_matrix') or ()
    if not classes or {len(rows), *map(len, rows)} != {len(classes)}:
        raise ValueError(f'{work_dir}: its test holds no confusion matrix. Test it with '
                         "dict(type='ClassReport') in the test_evaluator")
    return classes, np.array(rows)


def confusions(classes: Sequence[str], matrix: np.ndarray) -> list[str]:
    """Describe the most frequent confusions in words, most frequent first."""
    wrong = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-wrong, axis=None, kind='stable')[:WORST]
    return [f'{wrong[i, j]} of {matrix[i].sum()} images of {classes[i]} taken for {classes[j]}'
            for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j]]


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

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
from plugins.engine.run_reader import RECORD, TEST_FOLDERS, read_record, read_run

WORST = 5


def main(argv: Sequence[str] | None = None) -> Path:
    """Draw the matrix, print the most frequent confusions, and return the picture's path.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        FileNotFoundError: There is no record of a test.
        ValueError: It cannot be read, is of another checkpoint than its run names, or holds no
            confusion matrix.
    """
    parser = argparse.ArgumentParser(description='Draw a confusion matrix.')
    parser.add_argument('result', help='work dir of a run that was tested, or a result.json')
    parser.add_argument('--show-path', metavar='PNG', help='picture to write; default '
                        'confusion_matrix.png beside the result.json')
    args = parser.parse_args(argv)
    record = find_record(resolve_path(args.result))
    classes, matrix = read_matrix(record)
    target = Path(args.show_path or record.with_name('confusion_matrix.png'))
    check_file(target)
    from plugins.visualization.charts import draw_confusion
    from plugins.visualization.run_pictures import save_figure
    save_figure(draw_confusion(classes, matrix), target)
    for line in confusions(classes, matrix):
        print(line)
    print(f'Drawn to {target}')
    return target


def find_record(place: Path) -> Path:
    """The result.json meant: the file itself, a test's, or that of a work dir's test.

    Raises:
        FileNotFoundError: There is none, or the run in the work dir was not tested.
        ValueError: The test in the work dir is of another checkpoint than the run names.
    """
    if not place.is_dir():
        return place
    own, tested = place / RECORD, place / TEST_FOLDERS['test'] / RECORD
    if not own.is_file() and tested.is_file():
        return tested  # of a checkpoint without its run, such as a downloaded one
    if own.is_file() and read_record(own).get('mode') == 'test':
        return own
    read_run(place).require_test()
    return tested


def read_matrix(record: Path) -> tuple[list[str], np.ndarray]:
    """Class names, and numbers of images (row: true class, column: predicted class).

    Raises:
        FileNotFoundError: There is no such record.
        ValueError: The record holds none.
    """
    result = read_record(record)
    if 'confusion_matrix' not in result:
        raise ValueError(f'{record}: holds no confusion matrix. It must be of a test '
                         "(tools/test.py), with dict(type='ClassReport') in the test_evaluator")
    return list(result['classes']), np.array(result['confusion_matrix'])


def confusions(classes: Sequence[str], matrix: np.ndarray) -> list[str]:
    """The most frequent confusions in words, most frequent first."""
    wrong = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-wrong, axis=None, kind='stable')[:WORST]
    return [f'{wrong[i, j]} of {matrix[i].sum()} images of {classes[i]} taken for {classes[j]}'
            for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j]]


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

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

    Raises:
        FileNotFoundError: There is no record of a test.
        ValueError: It cannot be read, is of a checkpoint other than the run's best, or has no
            confusion matrix.
    """
    parser = argparse.ArgumentParser(description='Draw a confusion matrix.')
    parser.add_argument('result', help='work dir of a run that was tested, or a result.json')
    parser.add_argument('--show-path', metavar='PNG', help='picture to write; default '
                        'confusion_matrix.png beside the result.json')
    args = parser.parse_args(argv)
    record, classes, matrix = read_matrix(resolve_path(args.result))
    target = Path(args.show_path or record.with_name('confusion_matrix.png'))
    check_file(target)
    from plugins.visualization.charts import draw_confusion
    from plugins.visualization.run_pictures import save_figure
    save_figure(draw_confusion(classes, matrix), target)
    for line in confusions(classes, matrix):
        print(line)
    print(f'Drawn to {target}')
    return target


def read_matrix(place: Path) -> tuple[Path, list[str], np.ndarray]:
    """Find the record of a test, and read its matrix.

    Args:
        place: The record, or the work dir of a run that was tested.

    Returns:
        The record's path; class names; numbers of images (row: true class, column: predicted
        class).

    Raises:
        FileNotFoundError: There is no such record, or the run was not tested.
        ValueError: The test is of a checkpoint other than the run's best, or has no matrix.
    """
    record = place
    if place.is_dir():
        read_run(place).require_test()
        record = place / TEST_FOLDERS['test'] / RECORD
    result = read_record(record)
    classes, rows = list(result.get('classes') or ()), result.get('confusion_matrix') or ()
    if not classes or {len(rows), *map(len, rows)} != {len(classes)}:
        raise ValueError(f'{record}: holds no confusion matrix. It must be of a test '
                         "(tools/test.py), with dict(type='ClassReport') in the test_evaluator")
    return record, classes, np.array(rows)


def confusions(classes: Sequence[str], matrix: np.ndarray) -> list[str]:
    """Describe the most frequent confusions in words, most frequent first."""
    wrong = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-wrong, axis=None, kind='stable')[:WORST]
    return [f'{wrong[i, j]} of {matrix[i].sum()} images of {classes[i]} taken for {classes[j]}'
            for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j]]


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

"""Draw the confusion matrix of a tested classifier, and name what it confuses most.

    python tools/test.py CONFIG CHECKPOINT
    python tools/analysis_tools/confusion_matrix.py WORK_DIR    # test/confusion_matrix.png in it
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.paths import resolve_path
from plugins.run_reader import RECORD, TEST_FOLDERS, read_record, read_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NUMBERS = 30  # with more classes, the numbers in the cells could not be read
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
    target.parent.mkdir(parents=True, exist_ok=True)
    draw(classes, matrix).savefig(target, dpi=120, bbox_inches='tight')
    for line in confusions(classes, matrix):
        print(line)
    print(f'Drawn to {target}')
    return target


def find_record(place: Path) -> Path:
    """The result.json that is meant: the file itself, a test's, or that of a work dir's test.

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


def draw(classes: Sequence[str], matrix: np.ndarray) -> 'Figure':
    """Draw numbers of images; the colour is the share of the true class, whatever its size."""
    from matplotlib.figure import Figure

    side = min(4 + 0.4 * len(classes), 24)  # inches
    figure = Figure(figsize=(side, side))
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    # 1 inch has 72 points; a name may take its row's height.
    size = min(10, 0.75 * 72 * side * 0.8 / len(classes))
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=90, fontsize=size)
    axes.set_yticks(places, classes, fontsize=size)
    axes.set(xlabel='predicted class', ylabel='true class')
    if len(classes) <= MOST_NUMBERS:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                axes.text(column, row, str(number), ha='center', va='center', fontsize=9,
                          color='white' if shares[row, column] > 0.5 else 'black')
    return figure


if __name__ == '__main__':
    from plugins.cli import run
    run(main)

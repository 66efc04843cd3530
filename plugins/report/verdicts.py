"""Say whether classifiers differ that were tested on the same images."""
from collections.abc import Sequence
from statistics import fmean

from plugins.engine.intervals import mcnemar
from plugins.engine.records import ANSWERS, read_table
from plugins.engine.run_reader import Run

_ACCURACY = 'accuracy/top1'
_LEVEL = 0.05  # p-values below it are called a difference


def verdicts(runs: Sequence[Run]) -> list[str]:
    """Sentences that compare the most accurate classifier with each other one.

    The test is McNemar's, see :func:`mcnemar`; with several comparisons, each p-value is multiplied
    by their number (Bonferroni), as one of many runs is ahead by chance. Images are the same if
    their names and true classes are. A run whose answers cannot be compared is named.
    """
    tested = sorted((run for run in runs if _ACCURACY in run.figures),
                    key=lambda run: -run.figures[_ACCURACY])
    answers, sentences = {}, []
    for run in tested if len(tested) > 1 else ():
        try:
            answers[run.name] = read_answers(run)
        except (OSError, ValueError) as error:
            sentences.append(f'{run.name}: not compared: {error}')
    best, *others = answers or ['']
    same = [name for name in others if answers[name].keys() == answers[best].keys()]
    sentences += [f'{best} and {name}: not compared, as they were tested on different images'
                  for name in others if name not in same]
    return [*(_verdict(best, name, answers, len(same)) for name in same), *sentences]


def recommended(runs: Sequence[Run]) -> str:
    """The first of several runs on the same images that is not worse than the most accurate one."""
    answers = {run.name: read_answers(run) for run in runs}
    best = max(runs, key=lambda run: run.figures[_ACCURACY]).name
    return next(name for name in answers if name == best or _p(
        *_right(best, name, answers), len(runs) - 1) >= _LEVEL)


def read_answers(run: Run) -> dict[tuple[str, str], bool]:
    """Whether a run was right, by image and its class; of folds, in the first repeat.

    Raises:
        OSError: There is no table of answers.
        ValueError: The table is damaged, or of another test than the run's record.
    """
    path = run.test_folder / ANSWERS
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing; run tools/test.py again')
    columns, *table = read_table(path, run.folder, 'tools/test.py')
    rows = [dict(zip(columns, row, strict=True)) for row in table]
    if not rows or not {'image', 'true', 'predicted'} <= {*columns}:
        raise ValueError(f'{path}: found the columns {columns} and {len(rows)} rows, expected '
                         'image, true and predicted; test again')
    right = 100 * fmean(row['true'] == row['predicted'] for row in rows)
    if abs(right - run.figures[_ACCURACY]) > 0.01:
        raise ValueError(f'{path}: {right:.4g} % of these answers are right, in the record '
                         f'{run.figures[_ACCURACY]:.4g} %; test again')
    return {(row['image'], row['true']): row['true'] == row['predicted'] for row in rows
            if row.get('repeat', '0') == '0'}


def _right(best: str, other: str, answers: dict[str, dict]) -> list[list[bool]]:
    return [[answers[name][image] for image in answers[best]] for name in (best, other)]


def _p(one: list[bool], other: list[bool], comparisons: int) -> float:
    return min(1., comparisons * mcnemar(one, other))


def _verdict(best: str, other: str, answers: dict[str, dict], comparisons: int) -> str:
    right = _right(best, other, answers)
    only = [list(zip(*right, strict=True)).count(pair) for pair in ((True, False), (False, True))]
    p = _p(*right, comparisons)
    said = f'{best} is better than {other}' if p < _LEVEL else (
        f'{best} and {other}: no difference that these images could show')
    return (f'{said} (p = {p:.2g}; of {len(right[0])} images, only the first was right on '
            f'{only[0]}, only the second on {only[1]})')

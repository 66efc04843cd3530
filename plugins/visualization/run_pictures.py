"""The pictures that a run and its test leave behind, made from their records."""
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_pictures(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw what a result.json holds, beside it.

    What upstream lacks: it draws nothing by itself; its scripts want log files and predictions
    that a run does not keep.

    Args:
        result: The record, as tools/train.py and tools/test.py write it.
        folder: Where it lies. Earlier pictures there are replaced.

    Returns:
        ``curves.png`` of a training; ``confusion_matrix.png`` and ``classes.png`` of a classifier's
        test; ``pr_curve.png`` and ``f1_curve.png`` of a detector's. Fewer where the record lacks
        what they show: a run without validation, a test without those metrics.

    Raises:
        OSError: A file cannot be written.
    """
    written = []
    for name, draw in _pictures(result).items():
        save_figure(draw(), folder / name)
        written.append(folder / name)
    return written


def _pictures(result: Mapping[str, Any]) -> dict[str, Callable[[], 'Figure']]:
    """File names, and what draws them; matplotlib is imported only if there are any."""
    known = {key: result.get(key) for key in ('history', 'classes', 'confusion_matrix',
                                              'pr_curves')}
    if not any(known.values()):
        return {}
    from . import charts

    pictures = {}
    if known['history']:
        pictures['curves.png'] = partial(charts.draw_curves, known['history'],
                                         result.get('best_epoch'))
    if known['classes'] and known['confusion_matrix']:
        pictures['confusion_matrix.png'] = partial(
            charts.draw_confusion, list(known['classes']), np.array(known['confusion_matrix']))
    if known['classes']:
        pictures['classes.png'] = partial(charts.draw_classes, known['classes'])
    if known['pr_curves']:
        pictures['pr_curve.png'] = partial(charts.draw_pr, known['pr_curves'])
        pictures['f1_curve.png'] = partial(charts.draw_f1, known['pr_curves'])
    return pictures


def save_figure(figure: 'Figure', path: Path, **kwargs: Any) -> None:
    """Write a figure as PNG; a reader never sees half of it.

    Args:
        figure: The figure.
        path: Its file; folders above it are made.
        kwargs: Of ``Figure.savefig``.

    Raises:
        OSError: It cannot be written.
    """
    from .charts import DPI

    path.parent.mkdir(parents=True, exist_ok=True)
    partial_file = path.with_name(f'.{path.name}.tmp')
    figure.savefig(partial_file, format='png', **dict(dict(dpi=DPI), **kwargs))
    partial_file.replace(path)

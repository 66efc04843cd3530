"""The pictures that a run and its test leave behind, made from their records."""
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plugins.engine.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_pictures(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw what a result.json holds, beside it.

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
    history, classes, matrix, curves = (result.get(key) for key in (
        'history', 'classes', 'confusion_matrix', 'pr_curves'))
    if not (history or classes or curves):
        return []
    from . import charts  # only now: matplotlib takes a while to import

    figures = {}
    if history:
        figures['curves.png'] = charts.draw_curves(history, result.get('best_epoch'))
    if classes and matrix:
        figures['confusion_matrix.png'] = charts.draw_confusion(list(classes), np.array(matrix))
    if classes:
        figures['classes.png'] = charts.draw_classes(classes)
    if curves:
        figures['pr_curve.png'] = charts.draw_pr(curves)
        figures['f1_curve.png'] = charts.draw_f1(curves)
    for name, figure in figures.items():
        save_figure(figure, folder / name)
    return [folder / name for name in figures]


def save_figure(figure: 'Figure', path: Path) -> None:
    """Write a figure as PNG.

    Args:
        figure: The figure.
        path: Its file; folders above it are made.

    Raises:
        OSError: It cannot be written.
    """
    from .charts import DPI

    with replacing(path) as partial:
        figure.savefig(partial, format='png', dpi=DPI)

"""Draw the charts of a run and its test from their records."""
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plugins.engine.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_pictures(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw charts of the contents of a result.json in its folder, replacing earlier ones.

    Returns:
        Their paths: ``curves.png`` for training; ``confusion_matrix.png`` and ``classes.png``
        for a classifier's test; ``pr_curve.png`` and ``f1_curve.png`` for a detector's. Those whose
        data the record lacks (a run without validation, a test without these metrics) are left out.

    Raises:
        OSError: A file cannot be written.
    """
    history, classes, matrix, curves = (result.get(key) for key in (
        'history', 'classes', 'confusion_matrix', 'pr_curves'))
    if not (history or classes or curves):
        return []
    from . import charts  # imported late, because matplotlib takes a while

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
    """Write a figure as PNG; missing parent folders are created.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as partial:
        figure.savefig(partial, format='png', dpi=120)

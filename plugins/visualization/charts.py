"""Charts of a run's training history and test results, with matplotlib.

Every chart is a separate Figure, made without pyplot, so it depends neither on a display nor on
earlier charts. Colours are those of ``drawing``, distinguishable for colour-blind people.
"""
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .drawing import DEEP_BLUE, ORANGE, PALETTE, VERMILION, YELLOW, legible

_MOST_NUMBERS = 30  # with more classes, the numbers in a matrix's cells could not be read
_MOST_LINES = 12  # a legend of more classes would hide the curves
_MERITS = {'accuracy/top1': 'accuracy, %', 'coco/bbox_mAP_50': 'AP50', 'coco/bbox_mAP': 'mAP'}

# DetectionMetric's: class name -> lists of score, precision, recall and f1, by descending score.
Curves = Mapping[str, Mapping[str, Sequence[float]]]


def draw_confusion(classes: Sequence[str], matrix: np.ndarray) -> Figure:
    """Draw a confusion matrix: numbers of images, coloured by their share of the true class.

    Args:
        classes: Names in label order.
        matrix: C x C numbers of images; rows: true class, columns: predicted class.
    """
    side = min(4 + 0.4 * len(classes), 24)  # inches
    figure = Figure(figsize=(side, side), layout='constrained')
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    # 1 inch has 72 points; a name must fit into the height of its row.
    size = min(10, 0.75 * 72 * side * 0.8 / len(classes))
    names = [plain(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set(xlabel='predicted class', ylabel='true class')
    if len(classes) <= _MOST_NUMBERS:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                axes.text(column, row, str(number), ha='center', va='center', fontsize=9,
                          color='white' if shares[row, column] > 0.5 else 'black')
    return figure


def draw_classes(classes: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw each class's accuracy as a bar, and its precision and F1 as marks.

    Args:
        classes: ClassReport's: name -> images (a number), and accuracy, precision and f1, in %;
            None if the test had no image of the class.
    """
    rows = np.arange(len(classes))
    few = len(classes) <= 40
    figure = Figure(figsize=(7, 1.4 + (0.3 if few else 0.16) * len(classes)), layout='constrained')
    axes = figure.subplots()
    accuracy, precision, f1 = (np.array([one[key] for one in classes.values()], float)
                               for key in ('accuracy', 'precision', 'f1'))
    axes.barh(rows, accuracy, height=0.7, color=_rgb(PALETTE[0]), label='accuracy (= recall)')
    axes.plot(precision, rows, 'D', color=_rgb(VERMILION), markersize=5, label='precision')
    axes.plot(f1, rows, '|', color='black', markersize=11, markeredgewidth=2, label='F1')
    names = [f"{plain(name)} ({one['images']})" for name, one in classes.items()]
    axes.set_yticks(rows, names, fontsize=10 if few else 7)
    axes.set(xlim=(0, 102), ylim=(len(classes) - 0.4, -0.6), xlabel='%')
    axes.grid(axis='x', alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc='outside upper center', ncols=3, frameon=False)
    return figure


def draw_pr(curves: Curves) -> Figure:
    """Draw precision over recall, a line for each class."""
    return _curves('recall', 'precision', {
        plain(name): (curve['recall'], curve['precision']) for name, curve in curves.items()})


def draw_f1(curves: Curves) -> Figure:
    """Draw F1 over the minimum confidence of counted detections, with its largest value marked."""
    lines, best = {}, []
    for name, curve in curves.items():
        f1 = np.asarray(curve['f1'])
        best.append((curve['score'][f1.argmax()], f1.max()) if len(f1) else None)
        words = ' {1:.2f} at {0:.2f}'.format(*best[-1]) if best[-1] else ''
        lines[plain(name) + words] = curve['score'], f1
    figure = _curves('least confidence', 'F1', lines)
    axes = figure.axes[0]
    for line, place in zip(axes.get_lines(), best, strict=True):
        if place:
            axes.plot(*place, 'o', color=line.get_color())
    return figure


def draw_curves(history: Sequence[Mapping[str, Any]], best_epoch: int | None = None) -> Figure:
    """Draw loss, main metric and learning rate over epochs, for training and validation.

    mmpretrain's analyze_logs.py reads one log file, but a resumed run has several; this uses the
    run's own record.

    Args:
        history: ``history`` of a result.json: for each epoch ``epoch``, ``train`` (loss,
            accuracy, lr) and, where it was validated, ``metrics``.
        best_epoch: Marked by a vertical line; None for no line.
    """
    epochs = [entry['epoch'] for entry in history]
    merit = next((key for key in _MERITS if np.isfinite(_series(history, 'metrics', key)).any()),
                 None)
    panels = {name: {part: values for part, values in (
        ('training', _series(history, 'train', key)),
        ('validation', _series(history, 'metrics', key))) if np.isfinite(values).any()}
        for name, key in (('loss', 'loss'), (_MERITS.get(merit), merit), ('learning rate', 'lr'))}
    panels = {name: lines for name, lines in panels.items() if lines}
    figure = Figure(figsize=(4.4 * max(len(panels), 1), 3.6), layout='constrained')
    all_axes = figure.subplots(1, max(len(panels), 1), squeeze=False)[0]
    for axes, (name, lines) in zip(all_axes, panels.items(), strict=False):
        _panel(axes, epochs, name, lines)
        if best_epoch is not None:
            axes.axvline(best_epoch, color='0.6', linewidth=1, linestyle=':', zorder=0)
    return figure


def draw_range_test(rates: np.ndarray, losses: Sequence[float], smooth: np.ndarray,
                    place: int) -> Figure:
    """Draw each step's loss over its learning rate, smoothed too; mark the rate at a place."""
    figure = _curves('learning rate', 'loss', {
        'each step': (rates[:len(losses)], losses),
        f'smoothed, steepest at {rates[place]:.2g}': (rates[:len(smooth)], smooth)})
    figure.axes[0].axvline(rates[place], color='0.6', linestyle=':')
    figure.axes[0].set(xscale='log', xlim=rates[[0, -1]], ylim=(np.nanmin(losses), 1.5 * smooth[0]))
    return figure


def _panel(axes: Axes, epochs: Sequence[int], name: str, lines: Mapping[str, np.ndarray]) -> None:
    styles = {'training': dict(color=_rgb(ORANGE), linestyle='--'),
              'validation': dict(color=_rgb(DEEP_BLUE), linestyle='-')}
    for part, values in lines.items():
        known = np.isfinite(values)  # not every epoch is validated
        axes.plot(np.array(epochs)[known], values[known], label=part, marker='o', markersize=3,
                  linewidth=1.6, **styles[part])
    axes.set(xlabel='epoch', title=plain(name))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    drawn = np.concatenate(list(lines.values()))
    drawn = drawn[np.isfinite(drawn)]
    if name == 'learning rate' and drawn.min() > 0 and drawn.max() > 20 * np.median(drawn):
        axes.set_yscale('log')
    axes.legend(frameon=False, fontsize=9)


def _series(history: Sequence[Mapping[str, Any]], part: str, key: str | None) -> np.ndarray:
    """One value per entry; nan, which is not drawn, if it has none."""
    return np.array([(entry.get(part) or {}).get(key, np.nan) for entry in history], float)


def _curves(xlabel: str, ylabel: str, lines: Mapping[str, tuple]) -> Figure:
    """Draw lines with both axes from 0 to 1, distinguished by colour, then by style."""
    figure = Figure(figsize=(5.6, 4.8), layout='constrained')
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    kinds = ('-', '--', '-.', ':')
    # Blue first; the palette's yellow is too light for a line on white.
    colours = [DEEP_BLUE, *(one for one in PALETTE[1:-1] if one != YELLOW)]
    for place, (name, (x, y)) in enumerate(lines.items()):
        axes.plot(x, y, label=name, color=_rgb(colours[place % len(colours)]),
                  linestyle=kinds[place // len(colours) % len(kinds)])
    if 0 < len(lines) <= _MOST_LINES:
        axes.legend(fontsize=9)
    return figure


def plain(text: str, most: int = 40) -> str:
    """A name as matplotlib shows it: not as a formula, hidden, in boxes or wider than a chart."""
    text = text if len(text) <= most else f'{text[:most - 10]}...{text[-7:]}'
    return ' ' * text.startswith('_') + legible(text).replace('$', r'\$')


def _rgb(colour: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple(value / 255 for value in colour)

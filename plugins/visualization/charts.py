"""Charts of what a run learnt and what its test found, with matplotlib; no state is kept.

Every chart is a Figure of its own, never pyplot's, so that nothing depends on a display or on what
was drawn before. Colours are those of ``drawing``, told apart by colour-blind people; lines differ
in their kind too.
"""
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .drawing import DEEP_BLUE, ORANGE, PALETTE, VERMILION

DPI = 120
MOST_NUMBERS = 30  # with more classes, the numbers in a matrix's cells could not be read
_MOST_LINES = 12  # a legend of more classes would hide the curves


def draw_confusion(classes: Sequence[str], matrix: np.ndarray) -> Figure:
    """Draw numbers of images; the colour is the share of the true class, whatever its size.

    What upstream lacks: mmpretrain's ConfusionMatrix.plot() needs pyplot, and colours by number,
    so that a rare class looks unrecognised.

    Args:
        classes: Names in label order.
        matrix: C x C numbers of images; row: true class, column: predicted class.
    """
    side = min(4 + 0.4 * len(classes), 24)  # inches
    figure = Figure(figsize=(side, side), layout='constrained')
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    # 1 inch has 72 points; a name may take its row's height.
    size = min(10, 0.75 * 72 * side * 0.8 / len(classes))
    names = [plain(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set(xlabel='predicted class', ylabel='true class')
    if len(classes) <= MOST_NUMBERS:
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                axes.text(column, row, str(number), ha='center', va='center', fontsize=9,
                          color='white' if shares[row, column] > 0.5 else 'black')
    return figure


def draw_classes(classes: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw a bar for each class's accuracy, and its precision and F1 as marks.

    Args:
        classes: As ClassReport gives them: names with images, accuracy, precision and f1, in %;
            None where the test had no image of the class.
    """
    rows = np.arange(len(classes))
    row = 0.3 if len(classes) <= 40 else 0.16  # inches
    figure = Figure(figsize=(7, 1.4 + row * len(classes)), layout='constrained')
    axes = figure.subplots()
    figures = {key: np.array([np.nan if one[key] is None else one[key] for one in
                              classes.values()], float) for key in ('accuracy', 'precision', 'f1')}
    axes.barh(rows, figures['accuracy'], height=0.7, color=_rgb(PALETTE[0]),
              label='accuracy (= recall)')
    axes.plot(figures['precision'], rows, 'D', color=_rgb(VERMILION), markersize=5,
              label='precision')
    axes.plot(figures['f1'], rows, '|', color='black', markersize=11, markeredgewidth=2,
              label='F1')
    names = [f"{plain(name)} ({one['images']})" for name, one in classes.items()]
    axes.set_yticks(rows, names, fontsize=10 if row == 0.3 else 7)
    axes.set(xlim=(0, 102), ylim=(len(classes) - 0.4, -0.6), xlabel='%')
    axes.grid(axis='x', alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc='outside upper center', ncols=3, frameon=False)
    return figure


def draw_pr(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw precision over recall, a line for each class.

    Args:
        curves: As DetectionMetric gives them: names with score, precision and recall, from the
            highest score downwards.
    """
    figure, axes = _square('recall', 'precision')
    for name, curve, style in _styled(curves):
        axes.plot(curve['recall'], curve['precision'], label=plain(name), **style)
    return _with_legend(figure, axes, len(curves))


def draw_f1(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw F1 over the least confidence of a detection that counts; its largest value is marked.

    Args:
        curves: See :func:`draw_pr`.
    """
    figure, axes = _square('least confidence', 'F1')
    for name, curve, style in _styled(curves):
        f1 = np.asarray(curve['f1'])
        best = f' {f1.max():.2f} at {curve["score"][f1.argmax()]:.2f}' if len(f1) else ''
        axes.plot(curve['score'], f1, label=plain(name) + best, **style)
        if len(f1):
            axes.plot(curve['score'][f1.argmax()], f1.max(), 'o', color=style['color'])
    return _with_legend(figure, axes, len(curves))


def draw_curves(history: Sequence[Mapping[str, Any]], best_epoch: int | None = None) -> Figure:
    """Draw loss, figure of merit and learning rate over epochs; training's beside validation's.

    What upstream lacks: mmpretrain's analyze_logs.py reads one log file, so a resumed run becomes
    two halves. This reads the run's own record, which goes on when the run does.

    Args:
        history: ``history`` of a result.json: for each validation its epoch, train (loss,
            accuracy, lr) and metrics.
        best_epoch: Marked by a line.
    """
    epochs = [entry['epoch'] for entry in history]
    panels = [('loss', _losses(history)), *_merits(history),
              ('learning rate', {'training': _series(history, 'train', 'lr')})]
    panels = [(name, lines) for name, lines in panels
              if any(np.isfinite(values).any() for values in lines.values())]
    figure = Figure(figsize=(4.4 * max(len(panels), 1), 3.6), layout='constrained')
    all_axes = figure.subplots(1, max(len(panels), 1), squeeze=False)[0]
    for axes, (name, lines) in zip(all_axes, panels, strict=False):
        _panel(axes, epochs, name, lines)
        if best_epoch is not None:
            axes.axvline(best_epoch, color='0.6', linewidth=1, linestyle=':', zorder=0)
    return figure


def _panel(axes: Axes, epochs: Sequence[int], name: str, lines: Mapping[str, np.ndarray]) -> None:
    from matplotlib.ticker import MaxNLocator

    styles = {'training': dict(color=_rgb(ORANGE), linestyle='--'),
              'validation': dict(color=_rgb(DEEP_BLUE), linestyle='-')}
    for part, values in lines.items():
        if np.isfinite(values).any():
            axes.plot(epochs, values, label=part, marker='o', markersize=3, linewidth=1.6,
                      **styles[part])
    axes.set(xlabel='epoch', title=plain(name))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    drawn = np.concatenate(list(lines.values()))
    drawn = drawn[np.isfinite(drawn)]
    if name == 'learning rate' and drawn.min() > 0 and drawn.max() > 20 * np.median(drawn):
        axes.set_yscale('log')
    axes.legend(frameon=False, fontsize=9)


def _losses(history: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    return {'training': _series(history, 'train', 'loss'),
            'validation': _series(history, 'metrics', 'loss')}


def _merits(history: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The one figure that says most: accuracy, else AP; both packages name it differently."""
    for key, name in (('accuracy/top1', 'accuracy, %'), ('coco/bbox_mAP_50', 'AP50'),
                      ('coco/bbox_mAP', 'mAP')):
        values = _series(history, 'metrics', key)
        if np.isfinite(values).any():
            return [(name, {'training': _series(history, 'train', key),
                            'validation': values})]
    return []


def _series(history: Sequence[Mapping[str, Any]], part: str, key: str) -> np.ndarray:
    """One value an entry; nan where it has none, which leaves a gap."""
    return np.array([(entry.get(part) or {}).get(key, np.nan) for entry in history], float)


def _square(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.6, 4.8), layout='constrained')
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    return figure, axes


def _styled(curves: Mapping[str, Mapping]) -> list[tuple[str, Mapping, dict[str, Any]]]:
    kinds = ('-', '--', '-.', ':')
    # Blue first; the palette's yellow is too light for a line on white.
    colours = [DEEP_BLUE, *(one for one in PALETTE[1:-1] if one != PALETTE[3])]
    return [(name, curve, dict(color=_rgb(colours[i % len(colours)]),
                               linestyle=kinds[i // len(colours) % len(kinds)]))
            for i, (name, curve) in enumerate(curves.items())]


def _with_legend(figure: Figure, axes: Axes, lines: int) -> Figure:
    if 0 < lines <= _MOST_LINES:
        axes.legend(fontsize=9)
    return figure


def plain(text: str) -> str:
    """A name that matplotlib must not take for a formula."""
    return text.replace('$', r'\$')


def _rgb(colour: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple(value / 255 for value in colour)

"""The curves of all runs as JSON for the page's script."""
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .collect import Entry

_SHOWN = 7  # runs whose curves are drawn at first; as many as there are colours
_Points = list[list[float]]


def curve_data(entries: Sequence[Entry], first: Iterable[str]) -> dict[str, Any]:
    """What can be drawn: measures, and for each run its points.

    Args:
        entries: The runs.
        first: Names of those to be drawn at first, the most wanted first; others fill up.

    Returns:
        ``runs``: name, the number of its look (colour and dashes) and whether it is drawn at
        first; ``measures``: label, axes (``x``, ``y``),
        whether the y axis may be logarithmic, and ``lines``: the run's place, a kind (``train`` for
        the thin line), a label, the points. No number in it is infinite or nan, which JSON lacks.
    """
    order = list(dict.fromkeys([*first, *(entry.name for entry in entries)]))
    measures: dict[str, dict[str, Any]] = {}
    for place, entry in enumerate(entries):
        for label, axes, kind, name, points in _lines(entry):
            if points:
                measure = measures.setdefault(label, dict(label=label, **axes, lines=[]))
                measure['lines'].append(dict(run=place, kind=kind, name=name, points=points))
    runs = [dict(name=entry.name, look=order.index(entry.name),
                 on=order.index(entry.name) < _SHOWN) for entry in entries]
    return dict(runs=runs, measures=sorted(measures.values(), key=lambda one: _rank(one['label'])))


def _rank(label: str) -> int:
    known = ('loss', 'accuracy/top1', 'coco/bbox_mAP_50')
    return known.index(label) if label in known else len(known) + ('learning rate' in label)


def _lines(entry: Entry) -> Iterable[tuple[str, dict[str, Any], str, str, _Points]]:
    history = entry.trained['history']
    over = dict(x='epoch', log=False)
    trained, validated = ({key: None for one in history for key in one.get(part) or {}
                           if key != 'lr'} for part in ('train', 'metrics'))
    for key in trained:
        yield (key, dict(over, y=key, log=key == 'loss'), 'train', 'training',
               _points(history, 'train', key))
    for key in validated:
        yield (key, dict(over, y=key, log=key == 'loss'), '', 'validation' * (key in trained),
               _points(history, 'metrics', key))
    yield 'learning rate', dict(over, y='learning rate', log=True), '', '', _points(
        history, 'train', 'lr')
    for name, curve in ((entry.tested or {}).get('pr_curves') or {}).items():
        share = dict(log=False, unit=True)
        yield (f'precision over recall: {name}', dict(share, x='recall', y='precision'), '', '',
               _pairs(curve['recall'], curve['precision']))
        yield (f'F1 over confidence: {name}', dict(share, x='least confidence', y='F1'), '', '',
               _pairs(curve['score'], map(_f1, curve['precision'], curve['recall'])))


def _points(history: Sequence[Mapping[str, Any]], part: str, key: str) -> _Points:
    there = [(one['epoch'], (one.get(part) or {}).get(key)) for one in history]
    there = [(epoch, value) for epoch, value in there if isinstance(value, int | float)]
    return _pairs(*zip(*there, strict=True)) if there else []


def _pairs(xs: Iterable[float], ys: Iterable[float]) -> _Points:
    return [[_short(x), _short(y)] for x, y in zip(xs, ys, strict=True)
            if math.isfinite(x) and math.isfinite(y)]


def _short(value: float) -> float:
    """Five digits, which no screen shows more of; they halve the page."""
    return value if isinstance(value, int) else float(f'{value:.5g}')


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.

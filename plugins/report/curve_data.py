"""Collect the curves of all runs as JSON data for the page's script."""
from collections.abc import Iterable, Sequence
from typing import Any

from plugins.engine.checks import is_number
from plugins.engine.run_reader import Run

_SHOWN = 7  # number of runs whose curves are shown initially, one per colour


def curve_data(entries: Sequence[Run], first: Sequence[str] = ()) -> dict[str, Any]:
    """Collect all curves; the runs named in ``first`` get the first colours.

    Returns:
        ``runs``: name, ``look`` (index of its colour and dash pattern), ``on`` (shown initially).
        ``measures``: label, names of the axes (``x``, ``y``), ``unit`` (both axes run from 0 to 1),
        ``log`` (y may be logarithmic), and ``lines``: ``run`` (its index), ``thin`` (a training
        curve), ``points``. Infinite and nan values, which JSON lacks, are left out.
    """
    measures: dict[str, dict[str, Any]] = {}
    for place, entry in enumerate(entries):
        for label, thin, points, axes in _lines(entry):
            points = [[_short(x), _short(y)] for x, y in points if is_number(x) and is_number(y)]
            if points:
                measure = measures.setdefault(label, dict(label=label, **axes, lines=[]))
                measure['lines'].append(dict(run=place, thin=thin, points=points))
    order = list(dict.fromkeys([*first, *(entry.name for entry in entries)]))
    runs = [dict(name=entry.name, look=order.index(entry.name),
                 on=order.index(entry.name) < _SHOWN) for entry in entries]
    return dict(runs=runs, measures=sorted(measures.values(), key=lambda one: _rank(one['label'])))


def _rank(label: str) -> int:
    known = ('loss', 'accuracy/top1', 'coco/bbox_mAP_50')
    return known.index(label) if label in known else len(known) + (label == 'learning rate')


def _lines(entry: Run) -> Iterable[tuple[str, bool, Iterable[tuple[Any, Any]], dict[str, Any]]]:
    history = entry.trained['history']
    for part in ('train', 'metrics'):
        for key in dict.fromkeys(key for one in history for key in one.get(part) or {}):
            label = 'learning rate' if key == 'lr' else key
            points = [(one['epoch'], (one.get(part) or {}).get(key)) for one in history]
            yield (label, part == 'train' and key != 'lr', points,
                   dict(x='epoch', y=label, log=key in ('lr', 'loss'), unit=False))
    for name, curve in ((entry.tested or {}).get('pr_curves') or {}).items():
        for title, x, y in (('precision over recall', 'recall', 'precision'),
                            ('F1 over confidence', 'score', 'f1')):
            points = zip(curve.get(x) or (), curve.get(y) or (), strict=False)
            yield f'{title}: {name}', False, points, dict(x=x, y=y, log=False, unit=True)


def _short(value: float) -> float:
    """Round to five significant digits, as many as are visible; this halves the page's size."""
    return value if isinstance(value, int) else float(f'{value:.5g}')


"""Render everything into one self-contained HTML page."""
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plugins.engine.checks import is_number
from plugins.engine.metric_names import shown
from plugins.engine.run_reader import TEST_FOLDER, Run
from plugins.engine.wording import counted

from .experiments import Experiment
from .pictures import Examples, Inline, inline
from .report_tables import Table
from .study import Study

_SHOWN = 7  # number of runs whose curves are shown initially, one per colour


def render(title: str, experiments: Sequence[Experiment], tables: Sequence[Table] = (),
           examples: Mapping[str, Examples | None] | None = None, studies: Sequence[Study] = (),
           notes: Sequence[str] = ()) -> str:
    """Render one HTML page that contains its style, script, pictures and numbers.

    Every name is escaped: by Jinja's autoescape in the text, by ``tojson`` in the script's data.

    ``examples`` is keyed by run name; ``notes`` say what is not on the page, and why.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(breakable=breakable, shown=shown)
    entries = [entry for one in experiments for entry in one.entries]
    return environment.get_template('report.html.j2').render(
        title=title, experiments=experiments, entries=entries, tables=tables,
        examples=examples or {}, studies=studies, notes=notes,
        has_reported=any(one.reported and one.reported.figures for one in experiments),
        anchors={entry.name: f'run-{place}' for place, entry in enumerate(entries, 1)},
        curves=curve_data(entries, [one.entries[0].name for one in experiments]),
        matrix=_matrix, figures=_figures, classes=_classes, environment=_environment,
        summary=_summary(experiments, entries) if entries else '', sections=[],
        written=time.strftime('%Y-%m-%d %H:%M'))


def breakable(text: str) -> Any:
    """Escape a path or a config's name, and allow line breaks after / _ . and - in it."""
    from markupsafe import Markup, escape

    return Markup('<wbr>').join(escape(part) for part in re.split(r'(?<=[/_.-])', str(text)))


def _summary(experiments: Sequence[Experiment], entries: Sequence[Run]) -> str:
    states = [entry.state for entry in entries]
    parts = ', '.join(f'{states.count(state)} {state}' for state in dict.fromkeys(states))
    seconds = sum(entry.trained['seconds'] for entry in entries)
    took = f'{seconds / 3600:.1f} hours' if seconds > 7200 else f'{seconds / 60:.1f} minutes'
    return (f'{counted(len(entries), "run")} of {counted(len(experiments), "experiment")}: '
            f'{parts}; {took} of training.')


def _matrix(entry: Run) -> Inline | None:
    """The confusion matrix that tools/test.py drew; None if it cannot be read."""
    try:
        return inline(entry.folder / TEST_FOLDER / 'confusion_matrix.png', entry.folder)
    except ValueError:
        return None


def _figures(entry: Run) -> list[list[str]]:
    """Rows of text with each metric in validation and test; the first row: column names."""
    parts = (entry.trained['metrics'], entry.figures)
    return [['metric', 'validation', 'test'],
            *([key, *(shown(part[key], key) if key in part else ''
                      for part in parts)] for key in dict.fromkeys([*parts[0], *parts[1]]))]


def _classes(entry: Run) -> list[list[str]]:
    """Rows of text with the metrics per class; the first row: column names."""
    keys = ('accuracy', 'precision', 'f1')
    return [['class', 'images', 'accuracy', 'precision', 'F1'],
            *([name, str(one['images']), *('' if one.get(key) is None else f'{one[key]:.1f}'
                                           for key in keys)]
              for name, one in entry.tested['classes'].items())]


def _environment(entry: Run) -> list[tuple[str, str]]:
    trained, tested = entry.trained, entry.tested or {}
    data = {**(trained.get('data_fingerprint') or {}), **(tested.get('data_fingerprint') or {})}
    known = [('folder', entry.folder), *((key, trained.get(key)) for key in (
                 'config', 'seed', 'device', 'processes', 'precision')),
             ('options', ' '.join(trained.get('options') or [])),
             ('PyTorch', trained.get('torch_version')), ('commit', trained.get('git_commit')),
             ('commit of the test', tested.get('git_commit')),
             ('config hash', trained.get('config_hash')), ('best epoch', trained.get('best_epoch')),
             ('checkpoint', trained.get('checkpoint')),
             *((f'SHA-256 of {part} data', value) for part, value in data.items())]
    return [(key, str(value)) for key, value in known if value not in (None, '')]


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

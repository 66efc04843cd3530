"""Render everything into one self-contained HTML page."""
import itertools
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plugins.engine.checks import is_number
from plugins.engine.intervals import shown_interval
from plugins.engine.metric_names import METRICS, shown
from plugins.engine.run_reader import Run
from plugins.engine.wording import counted

from .experiments import Experiment
from .pictures import Examples, Inline, inline
from .report_tables import Table
from .study import Study
from .verdicts import verdicts

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
    environment.filters.update(breakable=breakable)
    experiments = sorted(experiments, key=_rank_of)
    entries = [entry for one in experiments for entry in one.entries]
    return environment.get_template('report.html.j2').render(
        title=title, experiments=experiments, entries=entries, tables=tables,
        examples=examples or {}, studies=studies, notes=notes,
        leaders=_leaders(experiments), overview=_overview(experiments),
        verdicts=verdicts([one.entries[0] for one in experiments]),
        anchors_of=[f'run-{entries.index(one.entries[0]) + 1}' for one in experiments],
        anchors={entry.name: f'run-{place}' for place, entry in enumerate(entries, 1)},
        curves=curve_data([entry for entry in entries if 'folds' not in entry.trained],
                          [one.entries[0].name for one in experiments]),
        tested_as=_tested_as, picture_of=_picture, figures=_figures, classes=_classes,
        environment=_environment,
        worst=lambda mistakes: [[*mistakes[0]], *([*one.values()] for one in mistakes)],
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


def _rank_of(one: Experiment) -> tuple[bool, str, float]:
    """The best first; classifiers before detectors, and those that were not tested last."""
    found, key = one.measured(), one.metric.key if one.metric else ''
    return found is None, key, (found.mean if key == 'loss' else -found.mean) if found else 0.


def _leaders(experiments: Sequence[Experiment]) -> list[list[str]]:
    """Rows of text, the best experiment first; the first row: column names."""
    return [['experiment', 'test', 'measured on'], *([one.title, one.result, ', '.join(
        filter(None, [one.metric and one.metric.label, one.basis]))] for one in experiments)]


def _overview(experiments: Sequence[Experiment]) -> list[list[str]]:
    """Rows of text with everything else about the experiments; the first row: column names."""
    rows = [['experiment', 'row', 'validation', 'seeds', 'parameters', 'trainable', 'epochs',
             'device']]
    for one in experiments:
        first = one.first
        rows.append([one.title, one.reported.row if one.reported else '',
                     str(one.measured('val') or ''),
                     ', '.join(str(run.trained.get('seed', '?')) for run in one.entries),
                     *(f'{first["parameters"][key]:,}' for key in ('total', 'trainable')),
                     f'{one.mean_of("epochs"):,.0f}' * ('folds' not in first),
                     first.get('device', '')])
    filled = [any(cells) for cells in zip(*rows[1:], strict=True)]
    return [list(itertools.compress(row, filled)) for row in rows]


def _tested_as(entry: Run, key: str) -> str:
    """A metric of a test as text, with its interval; empty if it was not measured."""
    return shown_interval(entry.figures[key], entry.intervals.get(key), key) \
        if key in entry.figures else ''


def _picture(entry: Run, name: str) -> Inline | None:
    """A picture that tools/test.py drew; None if it cannot be read."""
    try:
        return inline(entry.test_folder / name, entry.folder)
    except ValueError:
        return None


def _figures(entry: Run, main: bool) -> list[list[str]]:
    """Rows of text with the main or all metrics of both parts; the first row: column names."""
    parts = (entry.trained['metrics'], entry.figures)
    keys = dict.fromkeys([*parts[0], *parts[1]])
    labels = {one.key: one.label for one in METRICS if one.key in keys} if main else {}
    return [['metric', 'validation', 'test'],
            *([labels.get(key, key), shown(parts[0][key], key) if key in parts[0] else '',
               _tested_as(entry, key)] for key in labels or keys)]


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
    return known.index(label) if label in known else len(known) + label.startswith('learning rate')


def _lines(entry: Run) -> Iterable[tuple[str, bool, Iterable[tuple[Any, Any]], dict[str, Any]]]:
    history = entry.trained['history']
    # A detector's loss is another one: classifiers and detectors have axes of their own.
    of = ' of detectors' * any(key.startswith(('coco/', 'kitti/')) for key in (
        *entry.figures, *entry.trained['metrics']))
    for part in ('train', 'metrics'):
        for key in dict.fromkeys(key for one in history for key in one.get(part) or {}):
            label = ('learning rate' if key == 'lr' else key) + of * (key in ('lr', 'loss'))
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

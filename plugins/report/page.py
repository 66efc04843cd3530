"""Render everything into one self-contained HTML page."""
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plugins.engine.metric_names import shown
from plugins.engine.run_reader import TEST_FOLDER, Run
from plugins.engine.wording import counted

from .curve_data import curve_data
from .experiments import Experiment
from .pictures import Examples, Inline, inline
from .report_tables import Table
from .study import Study


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

"""Put everything into one HTML page that needs nothing else."""
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from plugins.engine.config_diff import Difference

from .collect import Entry
from .curve_data import curve_data
from .experiments import Experiment
from .mistakes import Mistakes
from .pictures import Inline
from .report_tables import Table
from .sections import run_section, table_line
from .study import Study


class Captioned(NamedTuple):
    """A picture and the line below it."""

    picture: Inline
    text: str


class Comparison(NamedTuple):
    """Images as several detectors see them.

    Attributes:
        counts: A line for each detector: what it found and missed; the note says where.
        pictures: The pictures.
    """

    counts: Table
    pictures: list[Captioned]


@dataclass(frozen=True)
class Report:
    """All that a page shows.

    Attributes:
        title: Its heading.
        experiments: The runs.
        tables: Of the reports.
        differences: By a run's name: its config against its base, or why that is not known.
        mistakes: By a run's name.
        comparisons: Of detectors.
        studies: Searches.
        notes: What is not on the page, and why.
    """

    title: str
    experiments: list[Experiment]
    tables: list[Table] = field(default_factory=list)
    differences: Mapping[str, Difference | str] = field(default_factory=dict)
    mistakes: Mapping[str, Mistakes] = field(default_factory=dict)
    comparisons: Sequence[Comparison] = ()
    studies: Sequence[Study] = ()
    notes: Sequence[str] = ()


def render(report: Report) -> str:
    """The page: HTML with style, script, pictures and numbers in it.

    Every name is escaped: Jinja's autoescape in the text, its ``tojson`` in the script's data.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters['breakable'] = breakable
    entries = [entry for one in report.experiments for entry in one.entries]
    anchors = {entry.name: f'run-{place}' for place, entry in enumerate(entries, 1)}
    lines = [table_line(one, anchors[one.entries[0].name]) for one in report.experiments]
    details = [run_section(entry, one, anchors[entry.name], report.differences.get(entry.name, ''),
                           report.mistakes.get(entry.name))
               for one in report.experiments for entry in one.entries]
    context = dict(
        title=report.title, summary=_summary(report, entries), lines=lines, details=details,
        tables=report.tables, comparisons=report.comparisons, studies=report.studies,
        notes=report.notes, written=time.strftime('%Y-%m-%d %H:%M'),
        curves=curve_data(entries, [one.best.name for one in report.experiments]))
    context['rows'] = any(line.row or line.reported for line in lines)
    context['sections'] = _sections(context)
    return environment.get_template('report.html.j2').render(context)


def breakable(text: str) -> Any:
    """A path or a config's name, escaped, that a narrow column may break behind / _ . and -."""
    from markupsafe import Markup, escape

    return Markup('<wbr>').join(escape(part) for part in re.split(r'(?<=[/_.-])', text))


def write_page(text: str, path: Path) -> None:
    """Write the page; a reader never sees half of it, nor does an error leave any.

    Raises:
        OSError: It cannot be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}-')
    partial = Path(name)
    try:
        with os.fdopen(handle, 'w', encoding='utf-8') as file:
            file.write(text)
        partial.chmod(0o644)  # mkstemp's files are for the owner alone
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _summary(report: Report, entries: Sequence[Entry]) -> str:
    states = [entry.state for entry in entries]
    parts = [f'{states.count(state)} {state}' for state in dict.fromkeys(states)]
    seconds = sum(entry.trained.get('seconds', 0) for entry in entries)
    told = f'{_number(len(entries), "run")} of {_number(len(report.experiments), "experiment")}'
    if parts:
        hours, minutes = f'{seconds / 3600:.1f} hours', f'{seconds / 60:.1f} minutes'
        told += f': {", ".join(parts)}; {hours if seconds > 7200 else minutes} of training'
    return told + '.'


def _number(count: int, word: str) -> str:
    return f'{count} {word}' + 's' * (count != 1)


def _sections(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Ids and names for the links at the top."""
    found = [('runs', 'Runs')] if context['lines'] else []
    found += [(f'table-{i}', table.title) for i, table in enumerate(context['tables'], 1)]
    if context['curves']['measures']:
        found.append(('curves', 'Curves'))
    found += [(f'detections-{i}', 'Detections side by side')
              for i in range(1, len(context['comparisons']) + 1)]
    if context['details']:
        found.append(('details', 'Each run'))
    found += [(f'study-{i}', f'Search: {study.name}')
              for i, study in enumerate(context['studies'], 1)]
    return found + ([('notes', f"What is missing ({len(context['notes'])})")] if context['notes']
                    else [])



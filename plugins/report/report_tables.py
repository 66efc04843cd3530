"""Fill the tables of the original reports with the results of the runs.

A table lists its rows by id; the results of a row that was not run are blank.
"""
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from plugins.engine.checks import is_number
from plugins.engine.metric_names import METRICS

from .experiments import Experiment, Reported

# Report C: two rows per network, for training only its last layer and training all of it.
_ARCHITECTURES = {'AlexNet': ('C1', 'C2'), 'VGG16': ('C3', 'C4'), 'Inception-v3': ('C5', 'C6'),
                  'ResNet152': ('C7', 'C8'), 'DenseNet121': ('C9', 'C10')}
_ACCURACY = 'accuracy/top1'
# Settings in the recipe of a record, and their names in a table.
_SETTINGS = {'optimizer': 'optimiser', 'lr': 'learning rate', 'decay': 'decay',
             'batch_size': 'batch size', 'max_epochs': 'epochs, at most', 'dropouts': 'dropout',
             'dense': 'dense layers'}


class Table(NamedTuple):
    """A table of text: its heading, a note, and its rows, of which the first holds column names."""

    title: str
    note: str
    rows: list[list[str]]


def report_tables(experiments: Sequence[Experiment], reported: Mapping[str, Reported],
                  recipes: Mapping[str, Mapping[str, Any]] | None = None) -> list[Table]:
    """Tables of each report of which a row was run: all rows, and report C's five networks.

    Args:
        experiments: What was run. If a row was run in several ways, runs without
            ``--cfg-options`` are preferred, then the most tested seeds; the table's note says
            which was chosen, and with what options.
        reported: The metafiles' entries for all configs, run or not, by the config's base name.
        recipes: Rows that are shown instead, run or not, with the settings of their configs.
    """
    rows = {known.row: known for known in reported.values() if known.row}
    ways: dict[str, list[Experiment]] = {}
    for one in experiments:
        if one.reported and one.reported.row:
            ways.setdefault(one.reported.row, []).append(one)
    run = {row: max(ones, key=lambda one: (
        not one.options, sum(entry.state == 'tested' for entry in one.entries)))
        for row, ones in ways.items()}
    settings = recipes or {row: one.first.get('recipe') or {} for row, one in run.items()}
    tables = []
    for report in sorted({row[0] for row in settings}):
        of = sorted((row for row in recipes or rows if row[0] == report),
                    key=lambda row: (int(row[1:].strip('+')), row))
        remarks = [*_options(of, run), *(
            f'{row} was run in {len(ways[row])} ways (options, data or device); shown is '
            f'{run[row].entries[0].name}.' for row in of if len(ways.get(row, ())) > 1)]
        for table in [_figures(of, rows, run, settings), *(
                [_architectures(rows, run)] if report == 'C' else [])]:
            tables.append(table._replace(note=' '.join([table.note, *remarks])))
    return tables


def _options(of: Sequence[str], run: Mapping[str, Experiment]) -> list[str]:
    changed: dict[str, list[str]] = {}
    for row in of:
        if row in run and run[row].options:
            changed.setdefault(' '.join(run[row].options), []).append(row)
    return [f"Other experiments than the report's, with --cfg-options {options}: {', '.join(rows)}."
            for options, rows in changed.items()]


def _figures(of: Sequence[str], rows: Mapping[str, Reported], run: Mapping[str, Experiment],
             recipes: Mapping[str, Mapping[str, Any]]) -> Table:
    """Settings and figures of rows; what all rows share is told in the note."""
    settings = {name: [_setting(recipes.get(row, {}).get(key)) for row in of]
                for key, name in _SETTINGS.items()}
    same = {name: cells[0] for name, cells in settings.items() if len({*cells}) == 1}
    columns = {'parameters': [f'{rows[row].parameters:,}' for row in of],
               'MB': [f'{rows[row].parameters * 4e-6:.1f}' for row in of],
               **{name: cells for name, cells in settings.items() if name not in same},
               'epochs': [f'{run[row].mean_of("epochs"):.0f}' if row in run else '' for row in of]}
    for metric in METRICS:
        reported = [rows[row].figures.get(metric.name, '') for row in of]
        if any(reported):
            columns |= {f'{metric.label} reported': reported,
                        metric.label: [_text(run, row, metric.key) for row in of]}
    columns |= {'seeds': [', '.join(str(one.trained.get('seed')) for one in run[row].entries
                                    if one.tested) if row in run else '' for row in of],
                'remark': [rows[row].remark for row in of]}
    shared = ', '.join(f'{name} {value}' for name, value in same.items() if value)
    figures = {metric.label for metric in METRICS}  # blank before anything is run
    filled = {'row': list(of)} | {name: cells for name, cells in columns.items()
                                  if any(cells) or name in figures}
    return Table(f'Report {of[0][0]}: reported and measured', 'Measured on the test images, '
                 'accuracies and mCA (mean accuracy of the classes) in %: mean [lowest to highest] '
                 'over seeds. MB: of the weights, in float32. Blank: not run yet, or not reported.'
                 + f' All rows: {shared}.' * bool(shared),
                 [list(filled), *map(list, zip(*filled.values(), strict=True))])


def _setting(value: Any) -> str:
    """A setting as text; several numbers without zeros, unless all are."""
    several = value if isinstance(value, list | tuple) else [value]
    told = [f'{one:g}' if is_number(one) else str(one) for one in several if one is not None]
    return ', '.join([one for one in told if one != '0'] or told[:1])


def _architectures(rows: dict[str, Reported], run: dict[str, Experiment]) -> Table:
    lines = [['network', 'parameters', *(
        f'{how}: {what}' for how in ('frozen', 'whole')
        for what in ('reported', 'validation', 'test'))]]
    for name, pair in _ARCHITECTURES.items():
        known = next((rows[row] for row in pair if row in rows), None)
        line = [name, f'{known.parameters:,}' if known else '']
        for row in pair:
            line += [_reported(rows, row), _text(run, row, _ACCURACY, 'val'),
                     _text(run, row, _ACCURACY)]
        lines.append(line)
    return Table('Report C: five architectures on CIFAR-10, frozen and whole',
                 'Accuracy in %: mean [lowest to highest] over seeds. Reported figures are from '
                 'validation images.', lines)


def _reported(rows: dict[str, Reported], row: str) -> str:
    return next(iter(rows[row].figures.values()), '') if row in rows else ''


def _text(run: dict[str, Experiment], row: str, key: str, part: str = 'test') -> str:
    return str(run[row].measured(part, key) or '') if row in run else ''

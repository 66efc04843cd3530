"""Fill the tables of the original reports with the results of the runs.

A table lists its rows by id; the results of a row that was not run are blank.
"""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .experiments import Experiment, Reported

# Report C: two rows per network, for training only its last layer and training all of it.
_ARCHITECTURES = {'AlexNet': ('C1', 'C2'), 'VGG16': ('C3', 'C4'), 'Inception-v3': ('C5', 'C6'),
                  'ResNet152': ('C7', 'C8'), 'DenseNet121': ('C9', 'C10')}
_RESNET18 = ('A8', 'A9', 'A10', 'A11', 'A12')
_ACCURACY, _MCA = 'accuracy/top1', 'accuracy/mean_class'


class Table(NamedTuple):
    """A table of text: its heading, a note, and its rows, of which the first holds column names."""

    title: str
    note: str
    rows: list[list[str]]


def report_tables(experiments: Sequence[Experiment], reported: Mapping[str, Reported]
                  ) -> list[Table]:
    """Fill the tables of report C (five networks, frozen and whole) and report A (ResNet18).

    Args:
        experiments: What was run. If a row was run in several ways, runs without
            ``--cfg-options`` are preferred, then the most tested seeds; the table's note says
            which was chosen, and with what options.
        reported: The metafiles' entries for all configs, run or not, by the config's base name.
    """
    rows = {known.row: known for known in reported.values() if known.row}
    ways: dict[str, list[Experiment]] = {}
    for one in experiments:
        if one.reported and one.reported.row:
            ways.setdefault(one.reported.row, []).append(one)
    run = {row: max(ones, key=lambda one: (
        not one.options, sum(entry.state == 'tested' for entry in one.entries)))
        for row, ones in ways.items()}
    tables = []
    for fill, of in ((_architectures, [row for pair in _ARCHITECTURES.values() for row in pair]),
                     (_resnet18, _RESNET18)):
        present = [row for row in of if row in run]
        if present:
            table = fill(rows, run)
            remarks = [text for row in present for text in _remarks(row, run[row], len(ways[row]))]
            tables.append(table._replace(note=' '.join([table.note, *remarks])))
    return tables


def _remarks(row: str, chosen: Experiment, ways: int) -> list[str]:
    options = f'{row} was run with --cfg-options {" ".join(chosen.options)}.'
    others = (f'{row} was run in {ways} ways (options, data or device); shown is '
              f'{chosen.entries[0].name}.')
    return [options] * bool(chosen.options) + [others] * (ways > 1)


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


def _resnet18(rows: dict[str, Reported], run: dict[str, Experiment]) -> Table:
    lines = [['row', 'optimiser', 'epochs', 'learning rate', 'batch size', 'mCA reported', 'mCA',
              'accuracy']]
    for row in _RESNET18:
        first = run[row].first if row in run else {}
        recipe = first.get('recipe') or {}
        settings = (recipe.get('optimizer'), first.get('epochs'), recipe.get('lr'),
                    recipe.get('batch_size'))
        lines.append([row, *('' if one is None else str(one) for one in settings),
                      _reported(rows, row), _text(run, row, _MCA), _text(run, row, _ACCURACY)])
    return Table('Report A: ResNet18 fine-tuned on CIFAR-10',
                 'In %. mCA: mean of the accuracies of the classes.', lines)


def _reported(rows: dict[str, Reported], row: str) -> str:
    return next(iter(rows[row].figures.values()), '') if row in rows else ''


def _text(run: dict[str, Experiment], row: str, key: str, part: str = 'test') -> str:
    return str(run[row].measured(part, key) or '') if row in run else ''

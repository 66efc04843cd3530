"""The tables that the reports have, filled from whichever of their rows are among the runs.

A table names its rows by their ids; a row that was not run shows blanks.
"""
from collections.abc import Sequence
from typing import Any, NamedTuple

from .experiments import Experiment, Reported
from .resolved_config import read_resolved

# Of report C: two rows a network, its last layer alone and the whole of it.
_ARCHITECTURES = {'AlexNet': ('C1', 'C2'), 'VGG16': ('C3', 'C4'), 'Inception-v3': ('C5', 'C6'),
                  'ResNet152': ('C7', 'C8'), 'DenseNet121': ('C9', 'C10')}
_RESNET18 = ('A8', 'A9', 'A10', 'A11', 'A12')
_VALIDATION = 'accuracy/top1'  # what report C has, on validation images
_MCA = 'accuracy/mean_class'


class Table(NamedTuple):
    """A table of text.

    Attributes:
        title: Its heading.
        note: A sentence below it.
        heads: Of the columns.
        rows: Cells; numbers are text already, a blank is ''.
    """

    title: str
    note: str
    heads: list[str]
    rows: list[list[str]]


def report_tables(experiments: Sequence[Experiment], reported: dict[str, Reported]) -> list[Table]:
    """The tables of report C (year, parameters, frozen, whole) and report A (ResNet18).

    Args:
        experiments: What was run. Of a row that was run in several ways, a run without
            ``--cfg-options`` counts before one with, then the one with most tested seeds; the
            table's note says which, and with what options.
        reported: What the metafiles say of every config, run or not, by base names.
    """
    rows = {known.row: known for known in reported.values() if known.row}
    ways: dict[str, list[Experiment]] = {}
    for one in experiments:
        if one.reported and one.reported.row and one.state != 'unfinished':
            ways.setdefault(one.reported.row, []).append(one)
    run = {row: max(ones, key=_counts) for row, ones in ways.items()}
    tables = []
    for fill, of in ((_architectures, [row for pair in _ARCHITECTURES.values() for row in pair]),
                     (_resnet18, _RESNET18)):
        if any(row in run for row in of):
            told = [text for row in of if row in run for text in _told(row, run[row], ways[row])]
            tables += [table._replace(note=' '.join([table.note, *told]))
                       for table in fill(rows, run)]
    return tables


def _counts(one: Experiment) -> tuple[bool, int]:
    """What makes a row's figures: first no options, then many tests."""
    return not one.options, sum(entry.state == 'tested' for entry in one.entries)


def _told(row: str, shown: Experiment, ways: Sequence[Experiment]) -> list[str]:
    """What the reader of a row's figures has to know."""
    options = f'{row} is with --cfg-options {" ".join(shown.options)}.' if shown.options else ''
    others = (f'{row} was run in {len(ways)} ways (options, data or device); here is '
              f'{shown.entries[0].name}.' if len(ways) > 1 else '')
    return [text for text in (options, others) if text]


def _architectures(rows: dict[str, Reported], run: dict[str, Experiment]) -> list[Table]:
    lines = []
    for name, pair in _ARCHITECTURES.items():
        known = [rows[row] for row in pair if row in rows]
        line = [name, str(known[0].year or '') if known else '',
                f'{known[0].parameters:,}' if known else '']
        for row in pair:
            figures = list(rows[row].figures.values()) if row in rows else []
            line += [figures[0] if figures else '', _text(run, row, _VALIDATION, 'val'),
                     _text(run, row, _VALIDATION, 'test')]
        lines.append(line)
    heads = ['network', 'year', 'parameters', *(f'{how}: {what}' for how in ('frozen', 'whole')
             for what in ('reported', 'validation', 'test'))]
    note = ('Accuracy in %; mean [lowest to highest] over seeds. Reported figures are of '
            'validation images. Year: of the paper that the metafile names.')
    return [Table('Report C: five architectures on CIFAR-10, frozen and whole', note, heads, lines)]


def _resnet18(rows: dict[str, Reported], run: dict[str, Experiment]) -> list[Table]:
    lines = []
    for row in _RESNET18:
        known = rows.get(row)
        lines.append([row, *_recipe(run.get(row)),
                      next(iter(known.figures.values()), '') if known else '',
                      _text(run, row, _MCA, 'test'), _text(run, row, _VALIDATION, 'test')])
    settings = Table(
        'Report A: ResNet18 fine-tuned on CIFAR-10', 'In %; mCA: mean accuracy of the classes.',
        ['row', 'optimiser', 'epochs', 'lr', 'batch size', 'mCA reported', 'mCA', 'accuracy'],
        lines)
    there = [row for row in _RESNET18 if row in run]
    names = list(dict.fromkeys(name for row in there for entry in run[row].entries
                               for name in (entry.tested or {}).get('classes') or {}))
    if not names:
        return [settings]
    by_class = Table(
        'Report A: ResNet18 by class', 'Accuracy and F1 of each class, in %.',
        ['class', *(f'{row} {figure}' for row in there for figure in ('accuracy', 'F1'))],
        [[name, *(str(run[row].per_class(name, key) or '') for row in there
                  for key in ('accuracy', 'f1'))] for name in names])
    return [settings, by_class]


def _text(run: dict[str, Experiment], row: str, key: str, part: str) -> str:
    spread = run[row].measured(key, part, decimals=2) if row in run else None
    return str(spread or '')


def _recipe(one: Experiment | None) -> list[str]:
    """Optimiser, epochs, lr and batch size of the config that the first run wrote down."""
    if one is None:
        return [''] * 4
    config = one.entries[0].folder / one.config.rpartition('/')[2]
    cfg: dict[str, Any] = read_resolved(config) if config.is_file() else {}
    optimizer = cfg.get('optim_wrapper', {}).get('optimizer', {})
    return [str(optimizer.get('type', '')), str(one.entries[0].trained['epochs']),
            f"{optimizer.get('lr', '')}",
            str(cfg.get('train_dataloader', {}).get('batch_size', ''))]

"""What the page says of one experiment, and of one run."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plugins.engine.config_diff import Difference

from .collect import Entry
from .experiments import Experiment, Spread
from .mistakes import Mistakes
from .pictures import Inline, inline

_MOST_CELLS = 30  # classes; a larger matrix is a picture
_PIXELS = 600  # of its side


@dataclass(frozen=True)
class TableLine:
    """One experiment in the table of runs; pairs are text and the value to sort by."""

    anchor: str
    row: str
    title: str
    figure: str
    reported: str
    reported_note: str
    reported_value: str
    test: Spread | None
    val: Spread | None
    seeds: str
    parameters: tuple[str, Any]
    trainable: tuple[str, Any]
    epochs: tuple[str, Any]
    seconds: tuple[str, Any]
    device: str
    state: str


@dataclass(frozen=True)
class RunSection:
    """One run; see the template for what each part shows."""

    anchor: str
    name: str
    headline: str
    note: str
    config: str
    metrics: list[list[str]]
    classes: Mapping[str, Mapping[str, Any]]
    matrix: list[tuple[str, list[tuple[int, float]]]]
    matrix_picture: Inline | None
    mistakes: Mistakes | None
    difference: Difference | None
    no_difference: str
    environment: list[tuple[str, str]]


def table_line(one: Experiment, anchor: str) -> TableLine:
    """An experiment's line.

    Args:
        one: The experiment.
        anchor: Id of its first run's section.
    """
    known, first = one.reported, one.entries[0].trained
    parameters = first.get('parameters', {})
    total, trainable = (parameters.get(key) for key in ('total', 'trainable'))
    reported, aside = '', []
    if known:
        reported = ', '.join(known.figures.values())
        aside = ['validation' * known.on_validation, known.time]
    value = known.figures.get(one.metric.name, '') if known and one.metric else ''
    epochs, seconds = one.mean_of('epochs'), one.mean_of('seconds')
    return TableLine(
        anchor, known.row if known else '', one.title, one.metric.label if one.metric else '',
        reported, '; '.join(filter(None, aside)), value, one.measured(), one.measured(part='val'),
        ', '.join(str(entry.trained.get('seed', '?')) for entry in one.entries), _count(total),
        _count(trainable), _rounded(epochs), _rounded(seconds), first.get('device', ''), one.state)


def run_section(entry: Entry, one: Experiment, anchor: str, difference: Difference | str,
                mistakes: Mistakes | None) -> RunSection:
    """What is folded away below a run's name.

    Args:
        entry: The run.
        one: Its experiment.
        anchor: Id of the section.
        difference: Its config against its base, or why that is not known.
        mistakes: None if none were looked for.
    """
    tested = entry.tested or {}
    classes, matrix = tested.get('classes') or {}, tested.get('confusion_matrix') or []
    key = one.metric.key if one.metric else ''
    part = 'test' if key in entry.figures else 'validation'
    figure = (entry.figures or entry.trained['metrics']).get(key)
    headline = [entry.state] + ([f'{one.metric.label} {figure:.{one.metric.decimals}f} ({part})']
                                if figure is not None else [])
    few = len(classes) <= _MOST_CELLS
    return RunSection(
        anchor, entry.name, ', '.join(headline), entry.note, entry.trained['config'],
        _metrics(entry), classes, _matrix(classes, matrix) if few else [],
        None if few or not matrix else _matrix_picture(np.array(matrix)), mistakes,
        difference if isinstance(difference, Difference) else None,
        difference if isinstance(difference, str) else '', _environment(entry))


def _metrics(entry: Entry) -> list[list[str]]:
    parts = (entry.trained['metrics'], entry.figures)
    return [[key, *(f'{part[key]:.5g}' if isinstance(part.get(key), int | float) else ''
                    for part in parts)] for key in dict.fromkeys([*parts[0], *parts[1]])]


def _matrix(classes: Sequence[str], matrix: Sequence[Sequence[int]]
            ) -> list[tuple[str, list[tuple[int, float]]]]:
    """Rows of numbers with their share of the true class."""
    return [(name, [(number, number / max(sum(row), 1)) for number in row])
            for name, row in zip(classes, matrix, strict=False)]


def _matrix_picture(matrix: np.ndarray) -> Inline:
    """White to blue by the share of the true class; each class a square."""
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    blue = np.array([0, 66, 128])
    pixels = (255 + np.sqrt(shares)[..., None] * (blue - 255)).round().astype(np.uint8)
    factor = max(1, _PIXELS // len(matrix))
    return inline(pixels.repeat(factor, 0).repeat(factor, 1), _PIXELS * 2, quality=90)


def _environment(entry: Entry) -> list[tuple[str, str]]:
    trained, tested = entry.trained, entry.tested or {}
    data = {**trained.get('data_fingerprint', {}), **tested.get('data_fingerprint', {})}
    known = [('folder', str(entry.folder)), ('config', trained['config']),
             ('options', ' '.join(trained.get('options') or [])), ('seed', trained.get('seed')),
             ('device', trained.get('device')), ('processes', trained.get('processes')),
             ('precision', trained.get('precision')), ('torch', trained.get('torch_version')),
             ('commit', trained.get('git_commit')), ('commit of the test',
                                                     tested.get('git_commit')),
             ('config hash', trained.get('config_hash')),
             ('best epoch', trained.get('best_epoch')), ('checkpoint', trained.get('checkpoint')),
             *((f'{part} data', value) for part, value in data.items())]
    return [(key, str(value)) for key, value in known if value not in (None, '')]


def _count(number: int | None) -> tuple[str, Any]:
    return ('', '') if number is None else (f'{number:,}', number)


def _rounded(number: float | None) -> tuple[str, Any]:
    return ('', '') if number is None else (f'{number:,.0f}', number)

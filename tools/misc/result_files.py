"""Read what the tables of results are made from: model-index.yml, metafile.yml, results.csv.

Strictly: a misspelt key or an emptied file would otherwise take figures out of a README.
"""
import csv
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from plugins.engine.metric_names import METRICS
from tools.misc.record_result import COLUMNS

# Every metric that a metafile may name, and how a table calls it.
LABELS = {metric.name: metric.label for metric in METRICS}
# Runs are averaged over seeds only where all of these agree.
SAME_EXPERIMENT = ('config', 'data', 'device', 'processes', 'precision', 'config_hash')
# Columns of results.csv that hold numbers, and whether a cell may be blank.
NUMBERS: dict[str, tuple[Callable[[str], float], bool]] = {
    'seed': (int, False), 'test': (float, False), 'val': (float, True), 'best_epoch': (int, True),
    'epochs': (int, False), 'seconds': (float, False), 'processes': (int, False)}

_ENTRY = ('Name', 'In Collection', 'Config', 'Metadata', 'Results')
_METADATA = ('Row', 'Parameters', 'Trainable', 'Report Time')
_RESULT = ('Task', 'Dataset', 'Metrics')


class Model(NamedTuple):
    """One entry of a metafile; results hold each reported number as the text that stands there."""

    name: str
    config: str
    row: str
    parameters: int
    trainable: int
    report_time: str
    results: list[dict[str, Any]]


def metafiles(root: Path) -> list[Path]:
    """The metafiles that model-index.yml imports.

    Raises:
        ValueError: It is no YAML, or has no list `Import`.
    """
    index = root / 'model-index.yml'
    names = _load(index, ('Import',)).get('Import')
    if not isinstance(names, list) or not names:
        raise ValueError(f'{index}: Import is {names!r}; expected a list of metafiles')
    return [root / name for name in names]


def load_models(metafile: Path) -> list[Model]:
    """Read a metafile's models.

    Raises:
        ValueError: It is no YAML or has no models; an entry lacks a key, has an unknown one or an
            unknown metric, or a number that is none.
    """
    entries = _load(metafile, ('Collections', 'Models')).get('Models')
    if not isinstance(entries, list) or not entries:
        raise ValueError(f'{metafile}: Models is {entries!r}; expected a list of entries with '
                         'Name, Config and Metadata')
    return [_model(metafile, entry) for entry in entries]


def _model(metafile: Path, entry: Any) -> Model:
    name = entry.get('Name') if isinstance(entry, Mapping) else None
    where = f'{metafile}: entry {name or repr(entry)}'
    try:
        metadata, names = entry['Metadata'], (entry['Name'], entry['Config'])
        counts = [int(metadata[key]) for key in ('Parameters', 'Trainable')]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{where}: expected Name, Config, and Metadata with whole numbers '
                         f'Parameters and Trainable; {type(error).__name__}: {error}') from error
    _check_keys(where, entry, _ENTRY)
    _check_keys(f'{where}: Metadata', metadata, _METADATA)
    results = entry.get('Results', [])
    if not isinstance(results, list):
        raise ValueError(f'{where}: Results is {results!r}; expected a list of results, each with '
                         'Dataset and Metrics')
    for result in results:
        _check_result(where, result)
    return Model(*names, metadata.get('Row', ''), *counts, metadata.get('Report Time', ''), results)


def _check_result(where: str, result: Any) -> None:
    if not isinstance(result, Mapping) or not isinstance(result.get('Metrics'), Mapping) \
            or 'Dataset' not in result:
        raise ValueError(f'{where}: a result is {result!r}; expected Dataset and Metrics')
    _check_keys(f'{where}: Results', result, _RESULT)
    _check_keys(f'{where}: Metrics', result['Metrics'], LABELS)
    for metric, figure in result['Metrics'].items():
        try:
            float(figure)
        except (TypeError, ValueError) as error:
            raise ValueError(f'{where}: {metric} is {figure!r}; expected a number') from error


def _check_keys(where: str, found: Mapping[str, Any], known: Collection[str]) -> None:
    unknown = [key for key in found if key not in known]
    if unknown:
        raise ValueError(f'{where}: unknown {", ".join(unknown)}; expected some of '
                         f'{", ".join(known)}')


def _load(path: Path, keys: Collection[str]) -> dict[str, Any]:
    # BaseLoader keeps 68.00 as the report prints it; a float would become 68.0.
    with path.open(encoding='utf-8') as file:
        try:
            content = yaml.load(file, yaml.BaseLoader)
        except yaml.YAMLError as error:
            raise ValueError(f'{path}: no YAML: {error}') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path}: holds {content!r}; expected {", ".join(keys)}')
    _check_keys(str(path), content, keys)
    return content


def measured(table: Path) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Rows of a results.csv by experiment; none if there is no such file.

    Raises:
        ValueError: It has other columns than record_result.py writes, no row, a row of another
            length or without a number where one belongs.
    """
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    if not table.is_file():
        return groups
    with table.open(newline='', encoding='utf-8') as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if header != list(COLUMNS):
            raise ValueError(f'{table}:1: columns {",".join(header) or "none"}; expected '
                             f'{",".join(COLUMNS)}, as tools/misc/record_result.py writes them')
        for cells in filter(None, reader):
            row = _checked(dict(zip(COLUMNS, cells, strict=False)), len(cells),
                           f'{table}:{reader.line_num}')
            groups.setdefault(tuple(row[key] for key in SAME_EXPERIMENT), []).append(row)
    if not groups:
        raise ValueError(f'{table}: no row below the columns; restore its rows, or delete the file '
                         'if nothing was measured')
    return groups


def _checked(row: dict[str, str], count: int, where: str) -> dict[str, str]:
    if count != len(COLUMNS):
        raise ValueError(f'{where}: {count} cells, expected {len(COLUMNS)}')
    for column, (number, may_be_blank) in NUMBERS.items():
        if row[column] or not may_be_blank:
            try:
                number(row[column])
            except ValueError as error:
                raise ValueError(f'{where}: {column} is {row[column]!r}, expected a'
                                 f'{" whole" * (number is int)} number') from error
    return row

"""Read the files behind the tables of results: model-index.yml, metafile.yml, results.csv."""
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from plugins.engine.metric_names import METRICS

COLUMNS = ('config', 'data', 'seed', 'metric', 'test', 'val', 'best_epoch', 'epochs', 'seconds',
           'device', 'processes', 'precision', 'torch_version', 'git_commit', 'config_hash', 'note',
           'test_images', 'train_images', 'folds', 'low', 'high')
# Every metric that a metafile may use, and its name in a table.
LABELS = {metric.name: metric.label for metric in METRICS}
# Columns of results.csv with which the tables are calculated.
NUMBERS: dict[str, type[int] | type[float]] = {'test': float, 'epochs': int, 'seconds': float}


class Model(NamedTuple):
    """One entry of a metafile; results hold each reported number as the text in the file."""

    name: str
    config: str
    row: str
    parameters: int
    trainable: int
    report_time: str
    results: list[dict[str, Any]]


def metafiles(root: Path) -> list[Path]:
    """Return the metafiles that model-index.yml imports.

    Raises:
        ValueError: It has no list `Import`.
    """
    return [root / name for name in _read_list(root / 'model-index.yml', 'Import')]


def load_models(metafile: Path) -> list[Model]:
    """Read a metafile's models.

    Raises:
        ValueError: It has no list `Models`; an entry lacks a key, or has an unknown metric or an
            invalid number.
    """
    models = []
    for entry in _read_list(metafile, 'Models'):
        try:
            metadata, results = entry['Metadata'], entry.get('Results', [])
            parameters, trainable = int(metadata['Parameters']), int(metadata['Trainable'])
            for result in results:
                for name, figure in result['Metrics'].items():
                    float(figure), LABELS[name], result['Dataset']
            models.append(Model(entry['Name'], entry['Config'], metadata.get('Row', ''),
                                parameters, trainable, metadata.get('Report Time', ''), results))
        except (KeyError, TypeError, ValueError) as error:
            name = entry.get('Name', entry) if isinstance(entry, Mapping) else entry
            raise ValueError(f'{metafile}: entry {name}: {type(error).__name__}: {error}; expected '
                             'Name, Config, Metadata with whole numbers Parameters and Trainable, '
                             'and Results, each with a Dataset and Metrics among '
                             f'{", ".join(LABELS)}') from error
    return models


def _read_list(path: Path, key: str) -> list[Any]:
    try:  # BaseLoader keeps 68.00 as the report prints it; a float would become 68.0
        content = yaml.load(path.read_text(encoding='utf-8'),
                            getattr(yaml, 'CBaseLoader', yaml.BaseLoader))  # ten times as fast
    except yaml.YAMLError as error:
        raise ValueError(f'{path}: no YAML: {error}') from error
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list) or not found:
        raise ValueError(f'{path}: {key} is {found!r}, expected a list')
    return found


def read_rows(table: Path) -> list[dict[str, str]]:
    """Return the rows of a results.csv; none if there is no such file.

    Raises:
        ValueError: Its columns are not those of record_result.py, or a row has the wrong length or
            an invalid number.
    """
    rows: list[dict[str, str]] = []
    if not table.is_file():
        return rows
    with table.open(newline='', encoding='utf-8') as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f'{table}:1: columns {reader.fieldnames}, expected '
                             f'{",".join(COLUMNS)}, as tools/misc/record_result.py writes them')
        for row in reader:
            where = f'{table}:{reader.line_num}'
            if None in row or None in row.values():
                raise ValueError(f'{where}: expected {len(COLUMNS)} cells')
            for column, number in NUMBERS.items():
                try:
                    number(row[column])
                except ValueError:
                    raise ValueError(f'{where}: {column} is {row[column]!r}, expected a'
                                     f'{" whole" * (number is int)} number') from None
            rows.append(row)
    return rows

"""Read the files that a search writes into its work dir; imports neither Optuna nor torch."""
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.engine.run_reader import own_file, read_record

TRIALS, WINNER = 'trials', 'winner'  # folders: a run for each trial, and the winner's config
TABLE, RECORD = 'trials.csv', 'search.json'
PICTURES = ('history.png', 'importance.png', 'parallel_coordinate.png', 'slice.png')


@dataclass(frozen=True)
class SearchRecord:
    """The files of a search.

    Attributes:
        columns: Names of the table's columns.
        rows: Cells of the table's rows.
        pictures: The pictures that exist.
        outcome: What ``search.json`` holds; None until the search is finished.
    """

    columns: list[str]
    rows: list[list[str]]
    pictures: list[Path]
    outcome: dict[str, Any] | None


def read_search_record(work_dir: Path) -> SearchRecord:
    """Read what a search has written so far.

    Raises:
        OSError: A file cannot be read.
        ValueError: The table or ``search.json`` is damaged.
    """
    table, record = work_dir / TABLE, work_dir / RECORD
    try:
        lines = own_file(table, work_dir).read_text('utf-8').splitlines(keepends=True)
        columns, *rows = [row for row in csv.reader(lines) if row]
    except (ValueError, csv.Error) as error:  # not text, or empty
        raise ValueError(f'{table}: not readable as a table; run tools/search.py again') from error
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise ValueError(f'{table}: row {number} has {len(row)} cells, expected {len(columns)}')
    pictures = [path for path in (work_dir / name for name in PICTURES) if path.is_file()]
    return SearchRecord(columns, rows, pictures,
                        read_record(record, work_dir) if record.is_file() else None)

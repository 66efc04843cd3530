"""Put the results of several runs into one table.

    python tools/analysis_tools/compare_runs.py WORK_DIR [WORK_DIR ...]
"""
import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# What says most about a run, best first; other metrics stay in result.json.
HEADLINES = ('coco/bbox_mAP_50', 'accuracy/top1')


def main(argv: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Print the table and return its rows.

    Args:
        argv: Arguments as on the command line; None takes the process's own.
    """
    parser = argparse.ArgumentParser(description='Put the results of several runs into one table.')
    parser.add_argument('work_dirs', nargs='+', help='work dirs of tools/train.py')
    args = parser.parse_args(argv)
    rows = [summarize(Path(work_dir)) for work_dir in args.work_dirs]
    table = Table(Column('run', overflow='fold'), Column('metric', no_wrap=True), 'val', 'test',
                  'epochs', 'training s', Column('parameters', no_wrap=True))
    for row in rows:
        table.add_row(row['work_dir'], row['metric'], _figure(row['val']), _figure(row['test']),
                      str(row['epochs']), f"{row['seconds']:.0f}", f"{row['parameters']:,}")
    Console().print(table)
    return rows


def summarize(work_dir: Path) -> dict[str, Any]:
    """Read one run's record, and its test's if it was tested.

    Raises:
        FileNotFoundError: The run has no ``result.json``.
        ValueError: Its metrics hold no headline.
    """
    trained = _read(work_dir / 'result.json')
    tested = work_dir / 'test' / 'result.json'
    metric = next((m for m in HEADLINES if m in trained['metrics']), None)
    if metric is None:
        raise ValueError(f'{work_dir / "result.json"}: none of {HEADLINES} among its metrics '
                         f'{list(trained["metrics"])}')
    return dict(work_dir=str(work_dir), config=trained['config'], metric=metric,
                val=trained['metrics'][metric],
                test=_read(tested)['metrics'][metric] if tested.is_file() else None,
                epochs=trained['epochs'], seconds=trained['seconds'],
                parameters=trained['parameters']['total'])


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such record; is the run finished?')
    return json.loads(path.read_text())


def _figure(value: float | None) -> str:
    return '-' if value is None else f'{value:.4g}'


if __name__ == '__main__':
    from plugins.cli import run
    run(main)

"""Add a tested run to the results.csv of its family, from which the READMEs' tables come.

    python tools/misc/record_result.py WORK_DIR --data 'CIFAR-10, official files'
"""
import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.paths import REPO_ROOT  # noqa: E402

COLUMNS = ('config', 'data', 'seed', 'metric', 'test', 'val', 'best_epoch', 'epochs', 'seconds',
           'device', 'processes', 'precision', 'torch_version', 'git_commit', 'config_hash', 'note')


def main(argv: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Append one row for each metric of the test, and return the rows.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        FileNotFoundError: The run or its test has no ``result.json``.
        ValueError: Its config is none of this collection's, or the rows stand there already.
    """
    parser = argparse.ArgumentParser(description='Add a tested run to its results.csv.')
    parser.add_argument('work_dir', help='work dir of tools/train.py, tested by tools/test.py')
    parser.add_argument('--data', required=True, help='which data, in a reader\'s words')
    parser.add_argument('--note', default='', help='what else a reader must know')
    args = parser.parse_args(argv)
    rows = result_rows(Path(args.work_dir), args.data, args.note)
    table = REPO_ROOT / Path(rows[0]['config']).parent / 'results.csv'
    append(table, rows)
    print(f'{len(rows)} rows added to {table.relative_to(REPO_ROOT)}')
    return rows


def result_rows(work_dir: Path, data: str, note: str = '') -> list[dict[str, Any]]:
    """One row for each metric of the test set, with the run that it comes from.

    What a test found about single classes stays in its ``result.json``.

    Raises:
        ValueError: The config is none of this collection's, or the test is of another run or of
            other images.
    """
    trained = json.loads((work_dir / 'result.json').read_text())
    tested = json.loads((work_dir / 'test/result.json').read_text())
    if not trained['config'].startswith('configs/'):
        raise ValueError(f"{work_dir}: config {trained['config']} is not one of this collection")
    if tested['split'] != 'test':
        raise ValueError(f"{work_dir}/test/result.json: measured on the {tested['split']} images; "
                         'a result is one on the test images: tools/test.py without --part')
    for key in ('checkpoint', 'config_hash'):
        if trained[key] != tested[key]:
            raise ValueError(f"{work_dir}/test/result.json: {key} is {tested[key]}, but the run's "
                             f'is {trained[key]}; test the checkpoint that the run names, with the '
                             'same --cfg-options')
    same = {key: trained[key] for key in (
        'config', 'seed', 'best_epoch', 'epochs', 'seconds', 'device', 'processes', 'precision',
        'torch_version', 'git_commit', 'config_hash')}
    return [dict(same, data=data, note=note, metric=metric, test=round(value, 4),
                 val=round(trained['metrics'][metric], 4) if metric in trained['metrics'] else '')
            for metric, value in tested['metrics'].items()]


def append(table: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows to a results.csv, which is made if it is not there.

    Raises:
        ValueError: A row of the same config, data, seed, metric and commit is there.
    """
    present = set()
    if table.is_file():
        with table.open(newline='') as file:
            present = {_identity(row) for row in csv.DictReader(file)}
    for row in rows:
        if _identity(row) in present:
            raise ValueError(f'{table}: holds this result already: {_identity(row)}')
    is_new = not table.is_file()
    with table.open('a', newline='') as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def _identity(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in ('config', 'data', 'seed', 'metric', 'git_commit'))


if __name__ == '__main__':
    from plugins.cli import run
    run(main)

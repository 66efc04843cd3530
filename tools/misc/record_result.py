"""Add a tested run to the results.csv of its family, from which the READMEs' tables are made.

    python tools/misc/record_result.py WORK_DIR --data 'CIFAR-10, official files'
    python tools/misc/record_result.py KFOLD_DIR --data 'flower_photos' --config CONFIG --note '...'
"""
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, run
from plugins.engine.files import REPO_ROOT, replacing, resolve_path
from plugins.engine.records import KFOLD_RECORD, RECORD, read_record
from plugins.engine.run_reader import read_folds, read_run
from plugins.engine.work_dir import CONFIGS
from plugins.report.experiments import image_counts
from tools.misc.result_files import COLUMNS, read_rows


def main(argv: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Append one row for each metric of the test, and return the rows.

    Raises:
        FileNotFoundError: The run or its test has no ``result.json``.
        ValueError: See :func:`result_rows`; or the rows are in the table already.
    """
    parser = Parser(description='Add a tested run to its results.csv.')
    parser.add_argument('work_dir', help='work dir of tools/train.py, tested by tools/test.py; or '
                        'of a cross-validation')
    parser.add_argument('--data', required=True, help='name of the data, as shown in the table')
    parser.add_argument('--note', default='', help='shown below the table; required for a run '
                        'whose config was changed')
    parser.add_argument('--config', help='the config in whose row to show it, of a run of '
                        "tools/own_data.py; default: the run's own")
    args = parser.parse_args(argv)
    rows = result_rows(args.work_dir, args.data, args.note, args.config)
    table = REPO_ROOT / Path(rows[0]['config']).parent / 'results.csv'
    append(table, rows)
    print(f'{len(rows)} rows added to {table.relative_to(REPO_ROOT)}')
    return rows


def result_rows(work_dir: str | Path, data: str, note: str = '', config: str | None = None
                ) -> list[dict[str, Any]]:
    """Return one row per metric of the test set, or of a cross-validation, with its run.

    Per-class figures are only in the test's ``result.json``. A row stands for the
    config in this collection: if the run's config differed, the note must say
    what was changed.

    Raises:
        FileNotFoundError: The run has no record, or was not tested.
        ValueError: The config is not in this collection; the test is of a different
            checkpoint, options or images; or the config was changed and there is no note.
    """
    needed = ('config', 'seed', 'epochs', 'seconds', 'device', 'processes', 'precision',
              'torch_version', 'git_commit', 'config_hash')
    folder = resolve_path(work_dir)
    if (folder / KFOLD_RECORD).is_file():
        run = read_folds(folder)
        run.trained.update(read_record(folder / 'repeat0-fold0' / RECORD, folder, *needed),
                           seconds=run.tested['seconds'], metrics={}, options=run.tested['options'])
    else:
        run = read_run(work_dir, *needed)
    trained, tested = run.trained, run.require_test()
    trained['config'] = config or trained['config']
    if not (REPO_ROOT / trained['config']).resolve().is_relative_to(CONFIGS.resolve()):
        raise ValueError(f"{work_dir}: config {trained['config']} is not one of this collection")
    if not config:
        note = _note(trained, note)
    elif not note:
        raise ValueError(f'--config {config}: say by --note how the run differed from it')
    same = {key: trained.get(key) for key in (*needed, 'best_epoch')}
    same |= zip(('test_images', 'train_images'), image_counts(run), strict=True)
    ends = run.intervals if 'folds' in tested else {}
    return [dict(same, data=data, note=note, metric=metric, test=round(value, 4),
                 val=round(trained['metrics'][metric], 4) if metric in trained['metrics'] else '',
                 folds=tested.get('folds', ''),
                 **dict(zip(('low', 'high'), ends.get(metric, ('', '')), strict=True)))
            for metric, value in tested['metrics'].items()]


def _note(trained: dict[str, Any], note: str) -> str:
    """Return the note, with a run's options if its config differs from the current file."""
    from plugins.engine.config_keys import config_hash
    from plugins.engine.session import load_config

    if config_hash(load_config(str(REPO_ROOT / trained['config']))) == trained['config_hash']:
        return note
    options = ' '.join(trained.get('options') or [])  # older records have none
    changed = f'--cfg-options {options}' if options else 'the file has changed since'
    if not note:
        raise ValueError(f"{trained['config']}: the run's config was another one ({changed}); "
                         'explain it by --note, or run the unchanged config')
    return f'{note} ({changed})'


def append(table: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows to a results.csv, which is created if missing.

    Raises:
        ValueError: A row of the same config, data, seed, metric and commit exists, or the file is
            damaged.
    """
    earlier = read_rows(table)
    present = {_identity(row) for row in earlier}
    for row in rows:
        if _identity(row) in present:
            raise ValueError(f'{table}: holds this result already: {_identity(row)}')
    with replacing(table) as partial, partial.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows([*earlier, *rows])


def _identity(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in (
        'config', 'data', 'seed', 'metric', 'git_commit', 'config_hash'))


if __name__ == '__main__':
    run(main)

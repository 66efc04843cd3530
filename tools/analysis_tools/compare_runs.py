"""Put the results of several runs into one table.

    python tools/analysis_tools/compare_runs.py WORK_DIR [WORK_DIR ...]    # with all runs below
    python tools/analysis_tools/compare_runs.py WORK_DIR ... --reach accuracy/top1=80   # and when?

Accuracies and APs of the test have 95 % intervals. Classifiers that were tested on the same images
are compared by McNemar's exact test.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser
from plugins.engine.intervals import shown_interval
from plugins.engine.run_reader import Run
from plugins.report.collect import collect
from plugins.report.verdicts import verdicts

# The main metrics; all others are in result.json.
HEADLINES = ('coco/bbox_mAP_50', 'accuracy/top1', 'accuracy/mean_class', 'loss')


def main(argv: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Print the table and return its rows.

    A test of a checkpoint other than the run's best, or with other options, is left out of the
    table, and so is a run without a readable record; a line below the table says so.

    Raises:
        FileNotFoundError: No run is there.
        ValueError: No run can be shown; the message says why the first cannot.
    """
    parser = Parser(description='Put the results of several runs into one table.')
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR',
                        help='work dirs of tools/train.py, or folders that contain some')
    parser.add_argument('--reach', type=_goal, metavar='METRIC=VALUE',
                        help='also show after how many seconds of training and validation, and in '
                        'which epoch, each run first reached this validation value')
    args = parser.parse_args(argv)
    runs, _, notes = collect(args.work_dirs)
    if not runs:
        raise ValueError(notes[0] if notes else f'{args.work_dirs[0]}: no finished run')
    rows = [summarize(run) for run in runs]
    heads = ('val', 'test', 'epochs', 'train s', 'param.')
    table = Table(Column('run', overflow='fold'), Column('metric', no_wrap=True),
                  *(Column(head, justify='right', no_wrap=True) for head in heads),
                  padding=(0, 0), pad_edge=False, show_lines=len(rows) > 1)
    for run, row in zip(runs, rows, strict=True):
        size = row['parameters'] / 1e6
        table.add_row(run.name, '\n'.join(row['metrics']),
                      *('\n'.join('-' if figures[part] is None else
                                  shown_interval(figures[part], sure.get(key), key)
                                  for key, figures in row['metrics'].items())
                        for part, sure in (('val', {}), ('test', run.intervals))),
                      str(row['epochs'] or '-'), f"{row['seconds']:.0f}",
                      f'{size:.3g} M' if size >= 1 else f'{1e3 * size:.3g} k')
    Console(markup=False, emoji=False).print(table)
    for reason in (*notes, *filter(None, (run.stale for run in runs))):
        print(f'Not in the table: {reason}')
    for sentence in verdicts(runs):
        print(sentence)
    for run, row in zip(runs, rows, strict=True) if args.reach else ():
        row['reached'] = first_reached(run, *args.reach)
        print(f'{run.name}: ' + ('did not reach {}={:g}'.format(*args.reach)
              if row['reached'] is None else '{}={:g} after {seconds:.1f} s, in epoch {epoch}'
              .format(*args.reach, **row['reached'])))
    return rows


def first_reached(run: Run, metric: str, value: float) -> dict[str, float] | None:
    """Return seconds and epoch of the first validation that reached a value; None if none did.

    Raises:
        ValueError: The run did not validate this metric.
    """
    from plugins.engine.monitor import better, checked_rule
    history = run.trained['history']
    known = sorted({name for entry in history for name in entry.get('metrics') or {}})
    if metric not in known:
        raise ValueError(f'{run.folder}/result.json: found no validation of {metric!r}, expected '
                         f'one of {", ".join(known)}')
    for entry in history:
        found = (entry.get('metrics') or {}).get(metric)
        if found is not None and (found == value or better(found, value, checked_rule(metric))):
            return dict(seconds=entry['seconds'], epoch=entry['epoch'])
    return None


def summarize(run: Run) -> dict[str, Any]:
    """Return a run's row of the table, with its test figures if it was tested.

    Returns:
        config, work_dir, epochs, seconds (of training), parameters (their number), and metrics:
        {name: dict(val=..., test=...)}, None where not measured; headlines, or else all.
    """
    trained = run.trained
    figures = dict(val=trained['metrics'], test=run.tested['metrics'] if run.tested else {})
    measured = {**figures['val'], **figures['test']}
    metrics = {name: {part: found.get(name) for part, found in figures.items()}
               for name in [name for name in dict.fromkeys((*HEADLINES, *run.intervals))
                            if name in measured] or measured}
    return dict(config=trained['config'], work_dir=str(run.folder), metrics=metrics,
                epochs=trained['epochs'], seconds=trained['seconds'],
                parameters=trained['parameters']['total'])


def _goal(text: str) -> tuple[str, float]:
    metric, _, value = text.rpartition('=')
    try:
        return metric, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r}, expected METRIC=VALUE, as accuracy/top1=80'
                                         ) from None


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

"""Search hyper-parameters, as a search config says.

    python tools/search.py configs/search/CONFIG.py
    python tools/search.py configs/search/CONFIG.py --trials 40
    python tools/search.py configs/search/CONFIG.py --storage postgresql://USER@HOST/DATABASE

To continue a stopped search, repeat the command. To run trials in parallel, start the same command
in a second shell, or on another machine with --storage.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import Parser, config_file, positive, run
from plugins.engine.files import REPO_ROOT


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before Optuna is imported, so that errors are reported at once."""
    parser = Parser(
        description='Search hyper-parameters, as a search config says.')
    parser.add_argument('config', type=config_file, help='search config, e.g. configs/search/...py')
    parser.add_argument('--storage', metavar='URL', help="the study's database, e.g. "
                        'postgresql://USER@HOST/DATABASE; default study.db in the work dir')
    parser.add_argument('--trials', type=positive, metavar='N',
                        help="total number of finished trials (default: config's; a grid: all)")
    parser.add_argument('--work-dir', help='where trials, tables and the winner are written; '
                        'default work_dirs/search/<name of the config>')
    parser.add_argument('--winner', metavar='FILE', help='write the winner as this new leaf '
                        'config, e.g. configs/densenet/NAME.py; default winner/ in the work dir')
    parser.add_argument('--retry-failed', action='store_true',
                        help='repeat the trials that failed with an error')
    parser.add_argument('--no-test', action='store_true',
                        help='do not test the winner')
    args = parser.parse_args(argv)
    if args.work_dir and Path(args.work_dir).is_file():
        parser.error(f'--work-dir {args.work_dir}: is a file, expected a folder')
    if args.winner and (Path(args.winner).suffix != '.py' or Path(args.winner).exists()):
        parser.error(f'--winner {args.winner}: expected a new file whose name ends in .py')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any] | None:
    """Search, and return what ``search.json`` holds; None if another process writes it."""
    args = parse_args(argv)
    from plugins.search.definition import read_search
    search = read_search(args.config)
    from plugins.search.worker import search_with
    from tools import test, train
    work_dir = Path(args.work_dir or REPO_ROOT / 'work_dirs/search' / search.name).absolute()
    outcome = search_with(search, work_dir, train.main, None if args.no_test else test.main,
                          args.storage, args.trials,
                          args.winner and Path(args.winner).absolute(), args.retry_failed)
    if outcome is None:
        print('All trials are finished. The process that finished the last one tests the winner; '
              'if it was killed, run this command again.')
        return None
    from rich.console import Console
    from rich.table import Table
    winner, metric = outcome['winner'], outcome['metric']
    table = Table('parameter', 'best', f'mean {metric} at each value', title=outcome['name'])
    for name, value in winner['params'].items():
        effects = outcome['main_effects'].get(name, {})
        table.add_row(name, f'{value:.4g}' if isinstance(value, float) else str(value), ', '.join(
            f'{key}: {mean:.4g}' for key, (mean, _) in effects.items()))
    Console(markup=False, emoji=False).print(table)
    tested = ', '.join(f'{key} {value:.4g}' for key, value in (winner['test'] or {}).items())
    print(f"Best of {outcome['finished']} trials: {winner['trial']}, validation {metric} "
          f"{winner['value']:.4g}; {f'test {tested}' if tested else 'not tested'}")
    print(f'Written to {work_dir}: trials.csv, search.json, pictures')
    print(f"Train the winner: python tools/train.py {winner['config']}")
    return outcome


if __name__ == '__main__':
    run(main)

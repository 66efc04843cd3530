"""Measure this project against stock OpenMMLab and a bare PyTorch loop, side by side.

    python tools/benchmark.py classification
    python tools/benchmark.py detection --json work_dirs/detection.json
    python tools/benchmark.py data --quick        # a minute's check; do not quote its figures

OMP_NUM_THREADS sets the threads, CUDA_VISIBLE_DEVICES= hides the GPU.
"""
import importlib
import io
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import Parser, positive, run
from plugins.engine.files import check_file, write_json

SUITES = ('classification', 'frozen', 'detection', 'startup', 'data')


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Run a suite, print each case when it is finished, and return what ``--json`` writes.

    Raises:
        ValueError: The variants do not train identically, or one fails.
        OSError: A file cannot be written.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('suite', choices=SUITES)
    parser.add_argument('--json', type=Path, metavar='F',
                        help='also write conditions and every sample to this file F')
    parser.add_argument('--overwrite', action='store_true', help='replace F if it exists')
    parser.add_argument('--rounds', type=positive, metavar='N',
                        help="how often each variant is timed; the default depends on the suite")
    parser.add_argument('--quick', action='store_true',
                        help='small sizes and one round, to check that it runs')
    args = parser.parse_args(argv)
    if args.json:
        check_file(args.json, overwrite=args.overwrite)

    from tools.benchmarks.record import Settings, conditions
    cases, start, console = [], time.perf_counter(), sys.stdout
    record = dict(suite=args.suite, quick=args.quick, rounds=args.rounds, **conditions())
    print(f'{args.suite}, {record["threads"]} threads, {record["device"]}'
          f'{"; --quick: not for figures to quote" if args.quick else ""}\n')
    # Hides what Runners print. Their loggers keep the stream, so it is not closed.
    with tempfile.TemporaryDirectory(prefix='benchmark-') as folder, \
            redirect_stdout(io.StringIO()):
        suite = importlib.import_module(f'tools.benchmarks.{args.suite}')
        for case in suite.run(Settings(Path(folder), args.quick, args.rounds)):
            cases.append(case.record())
            print(case, end='\n\n', file=console, flush=True)
    record.update(seconds=round(time.perf_counter() - start, 1), cases=cases)
    if args.json:
        write_json(args.json, record)
        print(f'Written to {args.json}')
    return record


if __name__ == '__main__':
    run(main)

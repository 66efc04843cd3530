"""Measure this project against stock OpenMMLab and a bare PyTorch loop, side by side.

    python tools/benchmark.py classification
    python tools/benchmark.py detection --json work_dirs/detection.json
    python tools/benchmark.py data --quick        # a minute: does it run? no figures to quote
"""
import argparse
import importlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import positive

SUITES = ('classification', 'frozen', 'detection', 'startup', 'data')


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; torch is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(
        description='Measure this project against stock OpenMMLab and a bare PyTorch loop.')
    parser.add_argument('suite', choices=SUITES)
    parser.add_argument('--json', type=Path, metavar='F',
                        help='also write device, versions and every sample into this file')
    parser.add_argument('--overwrite', action='store_true', help='replace F where it exists')
    parser.add_argument('--rounds', type=positive, metavar='N',
                        help="how often each variant is timed; default: the suite's own number")
    parser.add_argument('--threads', type=positive, metavar='T',
                        help='threads of torch; default: as many as this process has cores')
    parser.add_argument('--device', choices=('auto', 'cpu'), default='auto',
                        help='cpu hides the GPU')
    parser.add_argument('--quick', action='store_true',
                        help='small sizes and few rounds, to see whether it runs')
    args = parser.parse_args(argv)
    if args.json and args.json.exists() and not (args.overwrite and args.json.is_file()):
        parser.error(f'--json {args.json}: exists; name another file, or give --overwrite')
    if args.json and not args.json.absolute().parent.is_dir():
        parser.error(f'--json {args.json}: no such folder')
    if args.overwrite and not args.json:
        parser.error('--overwrite replaces the file that --json names: give both')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Run a suite, print each case when it is done, and return what ``--json`` holds.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        ValueError: What is compared does not train alike, or a variant fails.
        OSError: No room for the files of a suite.
    """
    args = parse_args(argv)
    if args.device == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    import torch
    from rich.console import Console

    from tools.benchmarks.record import Settings, full_record, surroundings
    from tools.benchmarks.table import print_case

    threads = args.threads or _cores()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    console, cases, start = Console(file=sys.stdout), [], time.perf_counter()
    began = surroundings()
    console.print(f'{args.suite}, {threads} threads, {began["device"]}'
                  f'{"; --quick: no figures to quote" if args.quick else ""}\n', highlight=False)

    def done(case: Any) -> None:
        if args.quick:
            for figure in case.figures:
                figure.target = None  # promised of full sizes
        cases.append(case)
        print_case(case, console)

    def told(name: str, number: int, seconds: float) -> None:
        print(f'  round {number + 1}, {name}: {1e3 * seconds:.3g} ms', file=sys.stderr)

    suite = importlib.import_module(f'tools.benchmarks.{args.suite}')
    try:
        # What Runners print would drown the tables; on a pipe, they draw no progress bars.
        with tempfile.TemporaryDirectory(prefix='benchmark-') as folder, \
                redirect_stdout(_Nowhere()):
            settings = Settings(Path(folder), args.quick, args.rounds, threads)
            suite.run(settings, told, done)
    finally:
        torch.set_num_threads(before)
    record = full_record(args.suite, settings, cases, began, time.perf_counter() - start)
    if args.json:
        from plugins.engine.run_record import write_result
        write_result(args.json.absolute(), record)
        console.print(f'Written to {args.json}', highlight=False, soft_wrap=True)
    return record


class _Nowhere(io.TextIOBase):
    """Takes what is written, and is never closed: loggers keep the stream they were made with."""

    def write(self, text: str) -> int:
        return len(text)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

"""Train and test the rows of a report, or some of them, and put their figures beside its own.

    python tools/reproduce.py D --dry-run            # what is missing, how long it takes; the page
    python tools/reproduce.py D --seeds 0 1 2
    python tools/reproduce.py B1 B2 --procs 2
    python tools/reproduce.py A --slurm PARTITION    # an array of jobs, each a row with a seed
    python tools/reproduce.py D --fast-dev-run       # two batches of every row

Repeat the command to continue: what is done is skipped, what was stopped goes on, what failed is
tried again. The same command in another shell, or with --storage on another machine, shares the
work.
"""
import argparse
import atexit
import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.checks import is_number
from plugins.engine.command_line import Parser, add_cfg_options, positive, run, seed
from plugins.engine.files import REPO_ROOT, resolve_path, shown_path, write_json
from plugins.engine.records import read_record
from plugins.engine.wording import near, some


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('rows', nargs='+', metavar='A|B|C|D|E|ROW', type=str.upper,
                        help='a report, or the id of a row, e.g. D7')
    parser.add_argument('--seeds', nargs='+', type=seed, default=[0], metavar='N',
                        help='train each row with each of these (default: 0)')
    parser.add_argument('--procs', type=positive, metavar='N',
                        help='how many at once on this machine (default: one for each GPU, or 1)')
    parser.add_argument('--storage', metavar='URL', help='database that says who trains what, '
                        'e.g. postgresql://USER@HOST/DATABASE (default: a file)')
    parser.add_argument('--slurm', metavar='PARTITION', help='run as an array of jobs, which needs '
                        'no storage; CPUS_PER_TASK and SRUN_ARGS as for slurm_train.sh')
    parser.add_argument('--work-dir', type=Path, default=REPO_ROOT / 'work_dirs', metavar='DIR',
                        help="root of the runs' work dirs; page and logs are in reproduce/ in it")
    parser.add_argument('--dry-run', action='store_true',
                        help='only tell what would be done, and write the page')
    parser.add_argument('--fast-dev-run', action='store_true',
                        help='two batches of train, val and test, in a folder of their own')
    parser.add_argument('--join', action='store_true', help=argparse.SUPPRESS)
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    args.options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    args.seeds, args.work_dir = list(dict.fromkeys(args.seeds)), args.work_dir.absolute()
    args.home = args.work_dir / 'reproduce' / ('fast-dev-run' if args.fast_dev_run else '')
    return args


def main(argv: Sequence[str] | None = None) -> Path | None:
    """Train, test, write the page and return its path; SystemExit(1) if something is missing.

    Raises:
        OSError: The work dir cannot be written.
        ValueError: A row is unknown, or the storage fails.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse_args(argv)
    configs = _configs(args.rows)
    import torch

    from plugins.search.rows import reproduce
    from tools import report, test, train
    runs = [one for row, config in configs.items() for one in _runs(row, config, args)]
    in_order = args.fast_dev_run or args.slurm or args.join or 'SLURM_ARRAY_TASK_ID' in os.environ
    hours = {} if in_order else _hours(runs, args.home)
    if not args.join:
        _tell(configs, runs, hours)
    label, said = '-'.join(args.rows)[:60], {}
    left = [] if args.dry_run else [one for one in runs if one.state()[1]]
    if left and args.slurm:
        said = _submit(left, args)
    elif left:
        others = [] if args.join else _start_others(argv, min(
            len(left), args.procs or torch.cuda.device_count()))
        runs.sort(key=lambda one: hours.get(one.row, 0.))
        digest = hashlib.sha256(repr(sorted((one.name, one.config_hash) for one in runs)).encode())
        said = reproduce(runs, args.home / f'{label}-{digest.hexdigest()[:8]}', train.main,
                         test.main, args.storage, args.join)
        for process in others:
            process.wait()
    if args.join:
        return None
    missing = {one.name: said.get(one.name) or why for one in runs if (why := one.state()[1])}
    report.write_page(page := args.home / f'{label}.html', ' '.join([
        *args.rows, *['(two batches of each row: no results)'] * args.fast_dev_run, *args.options]),
        [one.folder for one in runs if one.name not in missing],
        {one.row: one.recipe for one in runs})
    if missing and not args.dry_run:
        print(f'{len(missing)} of {len(runs)} runs are missing:', *(
            f'{name}: {why}' for name, why in missing.items()), sep='\n', file=sys.stderr)
        sys.exit(1)
    return page


def _configs(wanted: Sequence[str]) -> dict[str, Path]:
    """The configs of the rows, in order; ValueError if there is no such row."""
    from tools.misc.result_files import load_models, metafiles
    models = [one for metafile in metafiles(REPO_ROOT) for one in load_models(metafile) if one.row]
    known = {one.row: REPO_ROOT / one.config for one in sorted(
        models, key=lambda one: (one.row[0], int(one.row[1:].strip('+'))))}
    found = {}
    for name in wanted:
        rows = {row: config for row, config in known.items() if name in (row, row[0])}
        if not rows:
            raise ValueError(f'{name}: no such report or row{near(name, list(known))}')
        found |= rows
    return found


def _runs(row: str, config: Path, args: argparse.Namespace) -> list[Any]:
    """A run for each seed; those of changed experiments have a folder of their own."""
    from plugins.engine.config_check import check_weights
    from plugins.engine.config_keys import config_hash
    from plugins.engine.fast_dev_run import limit_to_fast_dev_run
    from plugins.engine.run_record import recipe_of
    from plugins.engine.session import load_config
    from plugins.engine.work_dir import default_work_dir
    from plugins.search.rows import RowRun
    digest, recipe, root = '', {}, args.home if args.fast_dev_run else args.work_dir
    try:
        cfg = load_config(str(config), args.cfg_options)
        digest, recipe = config_hash(cfg), recipe_of(cfg)
        if args.options and digest != config_hash(load_config(str(config))):
            changed = hashlib.sha256(repr(args.options).encode()).hexdigest()
            root = args.home / f'options-{changed[:8]}'
        if args.fast_dev_run:
            limit_to_fast_dev_run(cfg)
            digest = config_hash(cfg)
        check_weights(cfg)
        problem = '; '.join(_lacking(cfg, not args.dry_run and not args.join))
    except (OSError, ValueError) as error:
        problem = str(error)
    return [RowRun(row, one, config, args.options, root / default_work_dir(config, one).relative_to(
        REPO_ROOT / 'work_dirs'), args.fast_dev_run, recipe, digest, problem) for one in args.seeds]


def _lacking(cfg: Any, fetch: bool) -> list[str]:
    """Data and weights of a config that are not there, and how to get them.

    ``fetch`` downloads weights, before several rows that need them are run at once.
    """
    from plugins.engine.checkpoint import local_copy, published_url
    from plugins.engine.config_keys import groups
    from tools.misc.download_dataset import DATA_SETS
    nodes = [node for key in ('train_dataloader', 'val_dataloader', 'test_dataloader', 'model')
             for _, node in groups(cfg[key])]
    found = []
    for root in dict.fromkeys(node['data_root'] for node in nodes if node.get('data_root')):
        if not resolve_path(root).is_dir():
            how = [f': python tools/misc/download_dataset.py {name}' for name, one in
                   DATA_SETS.items() if Path(one.folder).parts[0] in Path(root).parts]
            found.append(f'no folder {root}{"".join(how[:1])}')
    for name in [cfg.load_from or '', *(node['checkpoint'] for node in nodes
                                        if node.get('type') == 'Pretrained')]:
        if '://' in name and not (file := local_copy(url := published_url(name), fetch)).is_file():
            found.append(f'{url} will be fetched; or save it as {file}')
    return found


def _hours(runs: Sequence[Any], home: Path) -> dict[str, float]:
    """Hours of each row: of an earlier run, or of all its epochs at the pace of two batches.

    These are the second run of two, with its validation, so that the hours are an upper limit.
    """
    from plugins.engine.quiet import quiet
    from plugins.engine.run_record import device_name
    from tools import train
    file, device = home / 'seconds.json', device_name()
    known = read_record(file) if file.is_file() else {}
    keys = {one.row: f'{one.config_hash}, {device}' for one in runs}
    known |= {keys[one.row]: run.trained['seconds'] for one in runs if (run := one.state()[0])}
    for one in runs:
        if keys[one.row] in known or one.problem:
            continue
        print(f'Timing two batches of {one.row}', flush=True)
        with suppress(OSError, ValueError, RuntimeError), quiet(Path(os.devnull)):
            argv = [str(one.config), '--fast-dev-run', *one.options]
            short = [train.main(argv) for _ in range(2)][1]
            images, batch = short['sizes']['train'], one.recipe['batch_size'] * 2
            known[keys[one.row]] = short['seconds'] * one.recipe['max_epochs'] * images / batch
            write_json(file, known)
    return {row: known[key] / 3600 for row, key in keys.items() if is_number(known.get(key))}


def _tell(rows: Iterable[str], runs: Sequence[Any], hours: dict[str, float]) -> None:
    """Print what is to be done, how long it takes and what is missing."""
    from plugins.search.rows import NOT_TESTED, NOT_TRAINED
    todo = {one: why for one in runs if (why := one.state()[1])}
    print(f'{len(todo)} of {len(runs)} runs are left')
    for row in rows:
        print(f'{row}: {sum(one.row == row for one in todo)} left' + (
            f', each at most {hours[row]:.2g} hours' if row in hours else ''))
    for why in dict.fromkeys(todo.values()):
        if why not in (NOT_TRAINED, NOT_TESTED):
            print(f'{some(one.name for one in todo if todo[one] == why)}: {why}')
    for path in sorted((REPO_ROOT / 'configs/search').glob('*.py')):
        found = re.match(r'"""((?:[A-E]\d+(?: to | and )?)+)[,:]', path.read_text('utf-8'))
        if found and found[1].split()[0] in rows:
            print(f'The search of {found[1]}: python tools/search.py {shown_path(path)}')


def _start_others(argv: Sequence[str], count: int) -> list[subprocess.Popen]:
    """Start the same command ``count - 1`` times; each process has a GPU, or its share of cores."""
    import torch
    number, started = torch.cuda.device_count(), []
    gpus = os.environ.get('CUDA_VISIBLE_DEVICES', ','.join(map(str, range(number)))).split(',')
    if count > 1:
        torch.set_num_threads(max(1, torch.get_num_threads() // count))
    for place in range(1, count):
        started.append(subprocess.Popen([sys.executable, __file__, *argv, '--join'], env={
            **os.environ, 'OMP_NUM_THREADS': str(torch.get_num_threads()),
            'CUDA_VISIBLE_DEVICES': gpus[place % max(1, number)]}))
        atexit.register(started[-1].terminate)  # when this one is told to end
    return started


def _submit(runs: Sequence[Any], args: argparse.Namespace) -> dict[str, str]:
    """Run each row and seed as a job of a Slurm array, wait for all, and say where they print."""
    args.home.mkdir(parents=True, exist_ok=True)
    each = shlex.join([*(['--fast-dev-run'] if args.fast_dev_run else []), '--work-dir',
                       str(args.work_dir), '--procs', '1', *args.options])
    subprocess.run(
        ['sbatch', '--wait', '-p', args.slurm, '--job-name=reproduce', '--gres=gpu:1', '--ntasks=1',
         f'--array=0-{len(runs) - 1}', f'--cpus-per-task={os.environ.get("CPUS_PER_TASK", 5)}',
         *shlex.split(os.environ.get('SRUN_ARGS', '')), f'--output={args.home}/slurm-%a.log',
         f'--wrap=set -- {" ".join(f"{one.row}:{one.seed}" for one in runs)}; '
         f'shift $SLURM_ARRAY_TASK_ID; exec {shlex.join([sys.executable, "-u", __file__])} '
         f'${{1%:*}} --seeds ${{1#*:}} {each}'], check=False)
    return {one.name: f'see {args.home}/slurm-{place}.log' for place, one in enumerate(runs)}


if __name__ == '__main__':
    run(main)

"""Write one HTML page about some runs: tables, curves, confusions, mistakes, detections, configs.

    python tools/report.py WORK_DIR [WORK_DIR ...] -o report.html
    python tools/report.py work_dirs -o report.html --overwrite    # every run below it

The page needs no network and no other file. A folder is the work dir of a run, or holds such
folders, or is that of a search (trials.csv).

Of these folders, records, tables and resolved configs are read and never run; a config that lies in
them is run only if it is nothing but values, as a search writes its trials. But for mistakes and
detections the model is built that a record's config and options name, and they may name any class:
for folders of people whom you do not trust, give --mistakes 0 --detections 0.
"""
import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import not_negative
from plugins.engine.files import REPO_ROOT, resolve_path
from plugins.engine.wording import counted

if TYPE_CHECKING:
    from plugins.report.collect import Entry
    from plugins.report.experiments import Experiment

MOST_DATA_SETS = 3  # on which models are asked again; a page of 50 runs must not take minutes
MOST_DETECTORS = 4  # side by side; more panels would be too small to see
SHOWN_IMAGES = 3
WIDTH = 1000  # pixels of a picture of detections


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR',
                        help='work dirs of tools/train.py, or folders with any below them')
    parser.add_argument('-o', '--out', required=True, metavar='HTML', help='page to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier page')
    parser.add_argument('--title', default='Runs', help='heading of the page (default: Runs)')
    parser.add_argument('--mistakes', type=not_negative, default=200, metavar='N',
                        help='classify N test images again to show the worst mistakes, by the best '
                        'run on each data set (default: 200; 0: none)')
    parser.add_argument('--detections', type=not_negative, default=8, metavar='N',
                        help='show detectors side by side on the most disputed of the first N test '
                        'images (default: 8; 0: none)')
    args = parser.parse_args(argv)
    args.out = Path(args.out).absolute()
    if args.out.is_dir():
        parser.error(f'-o {args.out}: is a folder, expected a file to write')
    return args


def main(argv: Sequence[str] | None = None) -> Path:
    """Write the page and return its path.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        FileExistsError: The page is there, and --overwrite is not given.
        FileNotFoundError: A folder neither is nor holds a run or a search.
        OSError: The page cannot be written.
        ValueError: A record, a metafile or a search's table cannot be read.
    """
    args = parse_args(argv)
    if args.out.exists() and not args.overwrite:
        raise FileExistsError(f'{args.out}: exists; replace it with --overwrite or choose another '
                              '-o')
    from plugins.report.collect import collect
    from plugins.report.experiments import experiments
    from plugins.report.page import Report, render, write_page
    from plugins.report.report_tables import report_tables
    from plugins.report.study import read_study
    from tools.misc.result_files import METRICS

    collected = collect(args.work_dirs)
    studies = [read_study(folder) for folder in collected.studies]
    reported = _reported(REPO_ROOT)
    groups = experiments(collected.entries, reported, METRICS)
    places = [resolve_path(place) for place in args.work_dirs]
    notes = [*collected.left_out, *(f'{entry.name}: {entry.note}' for entry in collected.entries
                                    if entry.note)]
    report = Report(args.title, groups, report_tables(groups, reported),
                    _differences(groups, places),
                    _mistakes(groups, args.mistakes, notes, places),
                    _side_by_side(groups, args.detections, notes, places), studies, notes)
    write_page(render(report), args.out)
    print(f'Written to {args.out} ({args.out.stat().st_size / 1e6:.1f} MB, '
          f'{len(collected.entries)} runs)')
    for note in notes:
        print(f'Not on the page: {note}', file=sys.stderr)
    return args.out


def _reported(root: Path) -> dict[str, Any]:
    """What the metafiles say of each config, by its base name."""
    from plugins.report.experiments import Reported
    from tools.misc.result_files import load_models, metafiles

    found = {}
    for metafile in metafiles(root):
        year = _paper_year(metafile)
        for model in load_models(metafile):
            figures = {name: figure for result in model.results
                       for name, figure in result['Metrics'].items()}
            data = ', '.join(dict.fromkeys(result['Dataset'] for result in model.results))
            found[model.name] = Reported(model.row, metafile.parent.name, year, model.parameters,
                                         model.trainable, model.report_time, figures, data)
    return found


def _paper_year(metafile: Path) -> int | None:
    import yaml
    collections = yaml.safe_load(metafile.read_text(encoding='utf-8')).get('Collections') or [{}]
    return (collections[0].get('Paper') or {}).get('Year')


def _differences(groups: Sequence['Experiment'], places: Sequence[Path]) -> dict[str, Any]:
    """Every run's config against its base, or why that is not known."""
    from plugins.report.resolved_config import check_not_foreign, config_difference

    found: dict[str, Any] = {}
    for entry in (entry for one in groups for entry in one.entries):
        try:
            check_not_foreign(entry.trained['config'], places)
            found[entry.name] = config_difference(entry.folder, entry.trained['config'])
        except (OSError, ValueError) as error:
            found[entry.name] = str(error)
    return found


def _mistakes(groups: Sequence['Experiment'], number: int, notes: list[str],
              places: Sequence[Path]) -> dict[str, Any]:
    """Of the best classifier on each test set; what cannot be had is noted."""
    found: dict[str, Any] = {}
    classifiers = [one for one in groups if 'confusion_matrix' in (one.best.tested or {})]
    if classifiers and not number:
        notes.append('worst mistakes: not asked for (--mistakes 0)')
    for same_data in _by_data(classifiers if number else [], 'worst mistakes', notes):
        entry = same_data[0].best
        try:
            from plugins.report.mistakes import worst_mistakes
            from plugins.report.resolved_config import check_not_foreign
            check_not_foreign(entry.trained['config'], places)
            found[entry.name] = worst_mistakes(entry, number)
        except (OSError, ValueError) as error:
            notes.append(f'worst mistakes of {entry.name}: {error}')
    return found


def _side_by_side(groups: Sequence['Experiment'], number: int, notes: list[str],
                  places: Sequence[Path]) -> list[Any]:
    """The best detectors on each test set; what cannot be had is noted."""
    from plugins.report.resolved_config import check_not_foreign

    detectors = [one for one in groups
                 if one.best.tested and any(key.startswith('coco/') for key in one.best.figures)]
    if detectors and not number:
        notes.append('detections: not asked for (--detections 0)')
    found = []
    for same_data in _by_data(detectors if number else [], 'detections', notes):
        options = same_data[0].options
        compared = [one.best for one in same_data if one.options == options][:MOST_DETECTORS]
        others = [one.best.name for one in same_data if one.best not in compared]
        if others:
            notes.append(f'detections of {", ".join(others)}: beside the best detector stand no '
                         f'more than {MOST_DETECTORS} in all, of the same --cfg-options; write a '
                         'page of these runs alone')
        try:
            for entry in compared:
                check_not_foreign(entry.trained['config'], places)
            found.append(_compare(compared, options, number))
        except (OSError, ValueError) as error:
            notes.append(f'detections of {", ".join(one.name for one in compared)}: {error}')
    return found


def _by_data(groups: Sequence['Experiment'], what: str, notes: list[str]
             ) -> list[list['Experiment']]:
    """Those of one test set together, the best figure first; sets beyond some are noted."""
    found: dict[str, list[Experiment]] = {}
    for one in groups:
        found.setdefault(str(one.best.tested.get('data_fingerprint')), []).append(one)
    ordered = [sorted(same, key=lambda one: one.best.figures.get(one.metric.key, 0), reverse=True)
               for same in found.values()]
    notes += [f'{what} of {same[0].best.name}: on no more than {MOST_DATA_SETS} test sets; write a '
              'page of these runs alone' for same in ordered[MOST_DATA_SETS:]]
    return ordered[:MOST_DATA_SETS]


def _compare(entries: Sequence['Entry'], options: Sequence[str], number: int) -> Any:
    from plugins.report.mistakes import checkpoint_of
    from plugins.report.page import Captioned, Comparison
    from plugins.report.pictures import inline
    from plugins.report.report_tables import Table
    from tools.analysis_tools import compare_detections

    models = [text for entry in entries for text in (
        str(resolve_path(entry.trained['config'])), str(checkpoint_of(entry)))]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, 'out')
        argv = [*models, '--names', *(entry.name for entry in entries), '--out-dir', str(out),
                '--images', str(SHOWN_IMAGES), '--cfg-options', *options,
                f'+test_dataloader.dataset.indices={number}']
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                record = compare_detections.main(argv)
        except SystemExit as error:  # how argparse refuses
            raise ValueError('tools/analysis_tools/compare_detections.py refused '
                             f'{" ".join(argv)}') from error
        pictures = [Captioned(inline(out / f"{one['id']}.png", WIDTH, quality=60), one['id'])
                    for one in record['drawn']]
    return Comparison(Table(
        'Detections',
        f"{counted(record['images'], 'test image')}, score ≥ {record['score_thr']:g}, IoU ≥ "
        f"{record['iou_thr']:g}. Below, the images that "
        + ('the detectors disagree on most.' if len(entries) > 1 else 'have most mistakes.'),
        ['run', 'hits', 'false alarms', 'missed'],
        [[one['name'], *(str(one[key]) for key in ('tp', 'fp', 'fn'))]
         for one in record['models']]), pictures)


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)

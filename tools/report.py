"""Write one HTML page about some runs: tables, curves, confusions, mistakes, detections, configs.

    python tools/report.py WORK_DIR [WORK_DIR ...] -o report.html
    python tools/report.py work_dirs -o report.html --overwrite    # every run below it

The page needs no network and no other file. A folder is the work dir of a run or of a search
(trials.csv), or contains such folders. Only records and pictures are read: no model is built and no
config is executed. Worst mistakes and detections are those that tools/test.py saved.
"""
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import Parser, not_negative, run
from plugins.engine.files import REPO_ROOT, check_file, write_text
from plugins.engine.wording import counted


def main(argv: Sequence[str] | None = None) -> Path:
    """Write the page and return its path.

    Raises:
        OSError: The page cannot be written or exists already, or a folder contains no run.
        ValueError: A metafile cannot be read.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR',
                        help='work dirs of tools/train.py, or folders that contain some')
    parser.add_argument('-o', '--out', required=True, type=Path, metavar='HTML',
                        help='page to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier page')
    parser.add_argument('--title', default='Runs', help='heading of the page (default: Runs)')
    parser.add_argument('--mistakes', type=not_negative, default=12, metavar='N',
                        help="show a classifier's N worst mistakes (default: 12; 0: none)")
    parser.add_argument('--detections', type=not_negative, default=3, metavar='N',
                        help="show a detector's results on N images (default: 3; 0: none)")
    args = parser.parse_args(argv)
    out = args.out.absolute()
    check_file(out, overwrite=args.overwrite)
    write_page(out, args.title, args.work_dirs, mistakes=args.mistakes, detections=args.detections)
    return out


def write_page(out: Path, title: str, work_dirs: Sequence[str | Path],
               recipes: Mapping[str, Mapping[str, Any]] | None = None, mistakes: int = 12,
               detections: int = 3) -> None:
    """Write or replace the page; errors as in :func:`main`.

    ``work_dirs`` may be empty, as rows with ``recipes`` (see :func:`report_tables`) are shown.
    """
    from plugins.report.collect import Collected, collect
    from plugins.report.experiments import experiments
    from plugins.report.page import render
    from plugins.report.pictures import read_examples
    from plugins.report.report_tables import report_tables
    from plugins.report.study import read_study

    found = collect(work_dirs) if work_dirs else Collected([], [], [])
    reported = _reported()
    groups = experiments(found.entries, reported)
    most = dict(mistakes=mistakes, detections=detections)
    examples = {entry.name: _noting(found.notes, read_examples, entry, most)
                for entry in found.entries}
    studies = [_noting(found.notes, read_study, folder) for folder in found.studies]
    write_text(out, render(title, groups, report_tables(groups, reported, recipes), examples,
                           list(filter(None, studies)), found.notes))
    print(f'Written to {out} ({out.stat().st_size / 1e6:.1f} MB, '
          f'{counted(len(found.entries), "run")})')
    for note in found.notes:
        print(f'Not shown: {note}', file=sys.stderr)


def _noting(notes: list[str], read: Callable[..., Any], *args: Any) -> Any:
    """Call ``read``; if the record is damaged, add a warning and return None."""
    try:
        return read(*args)
    except (OSError, ValueError) as error:
        notes.append(str(error))
        return None


def _reported() -> dict[str, Any]:
    """Return each config's entry in the metafiles, by base name."""
    from plugins.report.experiments import Reported
    from tools.misc.result_files import load_models, metafiles

    found = {}
    for metafile in metafiles(REPO_ROOT):
        for model in load_models(metafile):
            figures = {name: figure for result in model.results
                       for name, figure in result['Metrics'].items()}
            validation = any('validation' in result['Dataset'] for result in model.results)
            remark = '; '.join(filter(None, ['validation' * validation, model.report_time]))
            found[model.name] = Reported(model.row, model.parameters, figures, remark)
    return found


if __name__ == '__main__':
    run(main)

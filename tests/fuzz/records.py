"""Records of runs, tests, examples and searches, with every tool that reads them."""
import html
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

from tests.conftest import DIGITS
from tests.fuzz.attempt import Attempt, Setting, kind
from tests.fuzz.mutators import changed, flipped, nested
from tests.plugins.report.runs import classifier_test, mistake, write_examples, write_run

_FILES = ('result.json', 'test/result.json', 'test/examples/examples.json', 'search/search.json',
          'search/trials.csv')


def _runs(folder: Path) -> Path:
    run = write_run(folder / 'runs/run', DIGITS, warnings=[], changes=[['a.b', '1', None]],
                    recipe=dict(optimizer='Adam', lr=0.1, batch_size=8),
                    tested=classifier_test(('cat', 'dog')) | {'pr_curves': {'car': dict(
                        score=[0.9, 0.5], precision=[1., 0.5], recall=[0.1, 0.5], f1=[0.2, 0.5])}})
    write_examples(run, 'mistakes', mistake(), mistake('b.png'))
    (run.parent / 'search').mkdir()
    (run.parent / 'search/trials.csv').write_text('trial,state,value\n0,complete,80.5\n')
    (run.parent / 'search/search.json').write_text(json.dumps(dict(
        name='s', metric='accuracy/top1', finished=1, importances={}, main_effects={}, winner=dict(
            trial=0, value=80.5, params=dict(lr=0.1), test={'accuracy/top1': 80.}, config='w.py'))))
    return run.parent


def _figures(record: dict[str, Any]) -> list[str]:
    from plugins.engine.metric_names import shown
    return [shown(value, key) for key, value in record['metrics'].items()]


@kind('record', 300, 'the figures shown are those of the file')
def record(rng: Random, setting: Setting) -> Attempt:
    from tools import report
    from tools.analysis_tools import compare_runs
    from tools.misc import record_result

    made, runs = setting.once('runs', _runs), setting.folder / 'mutated'
    shutil.rmtree(runs, ignore_errors=True)
    shutil.copytree(made, runs)
    name = rng.choice([*_FILES[:2], *_FILES])
    path = runs / name if name.startswith('search') else runs / 'run' / name
    if rng.random() < 0.2 or name.endswith('.csv'):
        data, told = flipped(rng, path.read_bytes())
        path.write_bytes(data)
    elif rng.random() < 0.05:
        path.write_text(json.dumps(dict(json.loads(path.read_text()), metrics=nested(900))))
        told = 'deep'
    else:
        content, told = changed(rng, json.loads(path.read_text()))
        path.write_text(json.dumps(content, ensure_ascii=rng.random() < 0.5))
    tool = rng.choice(['report', 'report', 'compare_runs', 'record_result'])
    if not name.endswith('/result.json') and name != 'result.json':
        tool = 'report'
    run = str(runs / 'run')

    def use() -> None:
        if tool == 'report':
            page, notes = _report(report, runs)
            if notes:
                raise ValueError(notes)
            for figure in _shown(runs, page):
                assert html.escape(figure) in page, figure
            return
        if tool == 'compare_runs':
            row, = compare_runs.main([run, '--reach', 'accuracy/top1=79'])
            trained = json.loads((runs / 'run/result.json').read_text())['metrics']
            told = [(key, one['val']) for key, one in row['metrics'].items()]
            assert repr(told) == repr([(key, trained.get(key)) for key, _ in told])
        else:
            rows = record_result.result_rows(run, 'x', 'a note')
            tested = json.loads((runs / 'run/test/result.json').read_text())['metrics']
            assert repr([row['test'] for row in rows]) == repr(
                [round(value, 4) for value in tested.values()])

    return Attempt(f'{tool}, {name}: {told}', [str(path), run], use)


def _report(report: Any, runs: Path) -> tuple[str, str]:
    """The page, and the first note about what is not shown."""
    from plugins.report.collect import collect
    from plugins.report.experiments import experiments
    out = runs.parent / 'page.html'
    text = report.main([str(runs), '-o', str(out), '--overwrite']).read_text(encoding='utf-8')
    section = text.partition('<section id="notes">')[2].partition('</ul>')[0]
    experiments(collect([runs]).entries, {})
    return text, html.unescape(section.partition('<li>')[2].partition('</li>')[0])


def _shown(runs: Path, page: str) -> list[str]:
    trained = json.loads((runs / 'run/result.json').read_text())
    figures = _figures(trained)
    tested = json.loads((runs / 'run/test/result.json').read_text())
    same = all(tested.get(key) == trained.get(key) for key in ('checkpoint', 'config_hash'))
    return figures + (_figures(tested) if same and tested.get('split') == 'test' else [])

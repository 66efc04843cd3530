"""The command line of tools/benchmark.py; what the suites measure is tested in benchmarks/."""
import importlib
import json
import logging
import sys
from errno import ENOSPC
from unittest.mock import Mock

import pytest

from tools.benchmark import main
from tools.benchmarks.record import Case


@pytest.fixture
def toy_suite(monkeypatch):
    """`startup` without its measurements: one case of two variants."""
    startup = importlib.import_module('tools.benchmarks.startup')

    def run(settings):
        print('what a runner prints')
        run.folder, run.stream = settings.folder, logging.StreamHandler(sys.stdout).stream
        case = Case('toy', f'{settings.rounds} rounds', {'ours': [.25], 'bare': [.5]})
        case.compare('ours', 'bare', 'ours / bare')
        case.facts = dict(quick=settings.quick, folder=settings.folder.is_dir())
        yield case
    monkeypatch.setattr(startup, 'run', run)
    return run


def test_figures_are_printed_and_all_samples_written(toy_suite, tmp_path, capsys):
    out = tmp_path / 'a.json'
    returned = main(['startup', '--json', str(out), '--rounds', '2', '--quick'])
    record = json.loads(out.read_text())
    assert record == json.loads(json.dumps(returned))
    assert {'suite', 'quick', 'rounds', 'threads', 'seconds', 'device', 'cpu_features',
            'platform', 'versions', 'git_commit', 'cases'} == set(record)
    assert (record['suite'], record['quick'], record['rounds']) == ('startup', True, 2)
    assert record['versions']['torch'] and record['device'] and record['threads'] >= 1
    case, = record['cases']
    assert case['variants']['bare']['seconds'] == [.5] and case['figures'][0]['value'] == 2.
    assert case['facts'] == dict(quick=True, folder=True)
    printed = capsys.readouterr().out
    assert 'not for figures to quote' in printed and 'ours / bare: 2' in printed
    assert 'what a runner prints' not in printed
    assert not toy_suite.folder.exists() and not toy_suite.stream.closed


def test_an_earlier_record_is_kept_unless_overwritten(toy_suite, tmp_path, monkeypatch):
    out = tmp_path / 'a.json'
    out.write_text('mine')
    with pytest.raises(FileExistsError, match='replace it with --overwrite'):
        main(['startup', '--json', str(out)])
    with monkeypatch.context() as full:
        full.setattr('os.fsync', Mock(side_effect=OSError(ENOSPC, 'No space left on device')))
        with pytest.raises(OSError, match='No space left .*a.json'):
            main(['startup', '--json', str(out), '--overwrite'])
    assert out.read_text() == 'mine' and list(tmp_path.iterdir()) == [out]
    main(['startup', '--json', str(out), '--overwrite'])
    assert json.loads(out.read_text())['suite'] == 'startup'

"""The command line of tools/benchmark.py.

Ratios to stock, to bare and to the uncached run are tested, by the slow tests, in
tests/tools/benchmarks/: test_classification.py, test_detection.py and test_frozen.py.
"""
import json
import logging
import sys

import pytest

from tools.benchmark import SUITES, main


@pytest.fixture
def toy_suite(monkeypatch):
    """`startup` without its measurements: one case of two variants."""
    from tools.benchmarks import startup
    from tools.benchmarks.record import Case

    def run(settings, told, done):
        print('what a runner prints')
        logger = logging.StreamHandler(sys.stdout)
        told('ours', 0, .25)
        case = Case('toy', f'{settings.rounds} rounds', {'ours': [.25], 'bare': [.5]}, images=4)
        case.compare('ours', ['bare'], 'ours / bare', 3.)
        case.facts = dict(quick=settings.quick, folder=settings.folder.is_dir())
        done(case)
        run.folder, run.stream = settings.folder, logger.stream
    monkeypatch.setattr(startup, 'run', run)
    return run


def test_tables_are_printed_and_all_samples_written(toy_suite, tmp_path, capsys):
    out = tmp_path / 'a.json'
    returned = main(['startup', '--json', str(out), '--rounds', '2', '--threads', '1', '--quick'])
    record = json.loads(out.read_text())
    assert record == json.loads(json.dumps(returned))
    assert {'format', 'suite', 'quick', 'rounds', 'threads', 'seconds', 'device', 'platform',
            'versions', 'git_commit', 'cases'} == set(record)
    assert (record['suite'], record['rounds'], record['threads']) == ('startup', 2, 1)
    case = record['cases'][0]
    assert {'name', 'what', 'images_per_iteration', 'variants', 'split', 'checks', 'facts',
            'figures'} == set(case)
    assert case['variants']['bare']['seconds'] == [.5]
    assert case['figures'][0]['value'] == 2.
    assert case['facts'] == dict(quick=True, folder=True)
    printed = capsys.readouterr()
    assert 'no figures to quote' in printed.out and 'ours / bare' in printed.out
    assert 'what a runner prints' not in printed.out and 'round 1, ours: 250 ms' in printed.err
    assert not toy_suite.folder.exists() and not toy_suite.stream.closed


def test_targets_are_judged_at_full_size_alone(toy_suite):
    """They were set for it; a newcomer's first quick run must not look like a failure."""
    full, quick = (main(['startup', *options])['cases'][0]['figures'][0]
                   for options in ([], ['--quick']))
    assert (full['target'], full['met']) == (3., False)
    assert (quick['target'], quick['met']) == (None, None)


def test_an_earlier_record_is_kept_unless_asked(toy_suite, tmp_path, capsys):
    out = tmp_path / 'a.json'
    out.write_text('mine')
    with pytest.raises(SystemExit) as leaving:
        main(['startup', '--json', str(out)])
    assert leaving.value.code == 2 and out.read_text() == 'mine'
    assert 'exists; name another file, or give --overwrite' in capsys.readouterr().err
    main(['startup', '--json', str(out), '--overwrite'])
    assert json.loads(out.read_text())['suite'] == 'startup'


@pytest.mark.parametrize('argv, message', [
    ([], 'the following arguments are required: suite'), (['speed'], "invalid choice: 'speed'"),
    (['data', '--rounds', '0'], "'0' is not a whole number above 0"),
    (['data', '--threads', 'two'], "'two' is not a whole number above 0"),
    (['data', '--overwrite'], 'give both'), (['data', '--device', 'tpu'], "invalid choice: 'tpu'"),
    (['data', '--json', '/nowhere/at/all.json'], 'no such folder')])
def test_wrong_arguments(argv, message, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(argv)
    assert leaving.value.code == 2 and message in capsys.readouterr().err


def test_every_suite_is_a_module_that_runs():
    import importlib
    for suite in SUITES:
        assert callable(importlib.import_module(f'tools.benchmarks.{suite}').run)

import json
import os
import time

import pytest

from plugins.report.collect import collect
from tests.plugins.report.runs import write_run


def spoil(record, change):
    record.write_text(change if isinstance(change, str)
                      else json.dumps(json.loads(record.read_text()) | change))


def test_folders_of_runs_are_searched_and_a_run_counts_once(tmp_path):
    for seed in (1, 0):
        write_run(tmp_path / f'a/seed{seed}', seed=seed)
    write_run(tmp_path / 'b', tested={})
    (tmp_path / 's').mkdir()
    (tmp_path / 's/trials.csv').write_text('')
    found = collect([tmp_path / 'a/seed1', tmp_path])
    assert [(one.name, one.state) for one in found.entries] == [
        ('a/seed1', 'tested'), ('a/seed0', 'tested'), ('b', 'not tested')]
    assert found.entries[0].figures['accuracy/top1'] == 79 and found.entries[2].figures == {}
    assert found.studies == [tmp_path / 's'] and not found.notes


@pytest.mark.parametrize('minutes, told', [(3, '3 minutes ago'), (130, '2 hours ago')])
def test_a_run_without_a_record_is_noted_with_its_age(tmp_path, minutes, told):
    (tmp_path / 'runs/a/20260101_000000').mkdir(parents=True)
    when = time.time() - 60 * minutes
    os.utime(tmp_path / 'runs/a/20260101_000000', (when, when))
    write_run(tmp_path / 'runs/b')
    found = collect([tmp_path / 'runs', tmp_path / 'none'])
    assert [one.name for one in found.entries] == ['b']
    none, age = found.notes
    assert age == f'a: not finished (no result.json); still running, or stopped {told}'
    assert f'{tmp_path}/none: no run in this folder' in none
    with pytest.raises(FileNotFoundError, match='none: no run in this folder or below it'):
        collect([tmp_path / 'none'])


@pytest.mark.parametrize('change, message', [
    ('{"mode":', 'result.json: damaged, not readable as JSON'),
    ('[]', 'expected a JSON object, found list'),
    ({'mode': 'test'}, 'the record of a test; expected the work dir'),
    ({'metrics': None}, 'result.json: metrics is None, expected a dict; run the tool'),
    ({'metrics': {'loss': 'x'}}, "result.json: metrics.loss is 'x', expected a number"),
    ({'options': 'lr=1'}, "result.json: options is 'lr=1', expected a list"),
    ({'history': [1]}, 'result.json: history[0] is 1, expected a dict'),
    ({'history': [{'epoch': 1, 'train': 3}]}, 'history[0].train is 3, expected a dict'),
    ({'parameters': {'total': 1}}, 'parameters.trainable is None, expected a whole number'),
    ({'changes': [3]}, 'changes[0] is 3, expected a list')])
def test_a_damaged_record_is_noted_and_the_others_are_read(change, message, tmp_path):
    write_run(tmp_path / 'good')
    spoil(write_run(tmp_path / 'bad') / 'result.json', change)
    spoil(write_run(tmp_path / 'worse') / 'test/result.json', dict(metrics=3))
    spoil(write_run(tmp_path / 'z') / 'test/result.json', dict(checkpoint='other.pth'))
    found = collect([tmp_path])
    assert [(one.name, one.state) for one in found.entries] == [('good', 'tested'),
                                                                ('z', 'not tested')]
    assert 'another checkpoint, other.pth' in found.entries[1].stale
    assert message in found.notes[0] and f'{tmp_path}/bad' in found.notes[0]
    assert 'worse/test/result.json: metrics is 3, expected a dict' in found.notes[1]

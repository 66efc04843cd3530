import json

import pytest

from plugins.report.collect import collect
from tests.plugins.report.runs import write_run


def test_folders_of_runs_are_searched_and_a_run_counts_once(tmp_path):
    for seed in (1, 0):
        write_run(tmp_path / f'a/seed{seed}', seed=seed)
    write_run(tmp_path / 'b', tested={})
    found = collect([tmp_path / 'a/seed1', tmp_path])
    assert [(one.name, one.state) for one in found.entries] == [
        ('a/seed1', 'tested'), ('a/seed0', 'tested'), ('b', 'not tested')]
    assert found.entries[0].figures['accuracy/top1'] == 79
    assert not found.studies and not found.left_out


def test_a_run_without_a_record_shows_what_its_log_holds(tmp_path):
    run = tmp_path / 'run'
    for name, lines in (('20260101_000000', [
            dict(loss=3., lr=0.1, iter=10, epoch=1), {'accuracy/top1': 40., 'loss': 2.9, 'step': 1},
            dict(loss=2., lr=0.1, iter=20, epoch=2), {'accuracy/top1': 50., 'loss': 2., 'step': 2},
            ]), ('20260101_010000', [dict(loss=1., lr=0.01, iter=20, epoch=2),
                                     {'accuracy/top1': 55., 'time': 1., 'step': 2}])):
        (run / name / 'vis_data').mkdir(parents=True)
        (run / name / 'vis_data/config.py').write_text('')
        (run / name / 'vis_data/scalars.json').write_text(
            '\n'.join(map(json.dumps, lines)) + '\n{"loss": 0.')  # the last line is being written
    (run / 'mobilenetv2_frozen_1xb64-5e_mit8-96px.py').write_text('randomness = dict(seed=4)\n')
    entry, = collect([run]).entries
    assert entry.state == 'unfinished' and 'epoch 2' in entry.note and 'still going' in entry.note
    assert entry.trained['seed'] == 4
    assert entry.trained['config'].startswith('configs/mobilenet_v2/')
    assert entry.trained['history'] == [
        dict(epoch=1, train=dict(loss=3., lr=0.1), metrics={'accuracy/top1': 40., 'loss': 2.9}),
        dict(epoch=2, train=dict(loss=1., lr=0.01), metrics={'accuracy/top1': 55.})]


def test_a_test_of_another_checkpoint_is_none_and_is_told(tmp_path):
    run = write_run(tmp_path / 'run')
    record = run / 'test/result.json'
    record.write_text(json.dumps(dict(json.loads(record.read_text()), checkpoint='other.pth')))
    entry, = collect([run]).entries
    assert entry.state == 'not tested' and entry.tested is None
    assert 'another checkpoint, other.pth' in entry.note


def test_the_test_of_a_downloaded_checkpoint_is_left_out_by_name(tmp_path):
    write_run(tmp_path / 'a/run')
    (tmp_path / 'a/lone').mkdir()
    (tmp_path / 'a/lone/result.json').write_text('{"mode": "test"}')
    found = collect([tmp_path])
    assert [one.name for one in found.entries] == ['a/run'] and 'lone' in found.left_out[0]


def test_folders_that_are_none_are_refused(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='empty: neither the work dir of a run'):
        collect([tmp_path / 'empty'])
    with pytest.raises(FileNotFoundError, match='nowhere: no such folder'):
        collect([tmp_path / 'nowhere'])


@pytest.mark.parametrize('text, message', [
    ('{"mode":', 'result.json: damaged, not readable as JSON'),
    ('[]', 'expected a JSON object, found list'),
    ('{"mode": "test"}', 'the record of a test; expected the work dir'),
    ('{"config": "c.py"}', 'result.json: metrics is None; expected the record of tools/train.py'),
    ('{"config": "c.py", "metrics": {}, "history": [1], "seconds": 1, "epochs": 1, '
     '"parameters": {"total": 1, "trainable": 1}}', r'history\[0\] is 1'),
    ('{"config": "c.py", "metrics": {}, "history": [], "seconds": 1, "epochs": 1, '
     '"parameters": {"total": 1}}', 'parameters.trainable is None'),
])
def test_a_broken_record_is_named(text, message, tmp_path):
    (tmp_path / 'result.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        collect([tmp_path])


def test_a_matrix_of_another_size_is_refused(tmp_path):
    run = write_run(tmp_path / 'run')
    record = run / 'test/result.json'
    record.write_text(json.dumps(dict(json.loads(record.read_text()), confusion_matrix=[[1]])))
    with pytest.raises(ValueError, match='confusion_matrix has 1 rows for 2 classes'):
        collect([run])

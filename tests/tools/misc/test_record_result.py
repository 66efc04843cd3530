import csv
import json

import pytest

from tools.misc.record_result import append, result_rows


@pytest.fixture
def work_dir(tmp_path):
    trained = dict(config='configs/basenet/x.py', seed=0, best_epoch=3, epochs=5, seconds=9.5,
                   device='a CPU', processes=1, precision='float32', torch_version='2',
                   git_commit='abc', config_hash='f00', checkpoint='best.pth',
                   metrics={'accuracy/top1': 71.})
    tested = dict(config_hash='f00', checkpoint='best.pth', split='test',
                  metrics={'accuracy/top1': 70.12345, 'loss': 0.9},
                  classes=dict(cat=dict(images=3, accuracy=70.)), confusion_matrix=[[3]])
    (tmp_path / 'test').mkdir()
    (tmp_path / 'result.json').write_text(json.dumps(trained))
    (tmp_path / 'test/result.json').write_text(json.dumps(tested))
    return tmp_path


def test_rows_hold_test_and_validation_figures(work_dir):
    accuracy, loss = result_rows(work_dir, 'data', 'a, "note"')
    assert (accuracy['test'], accuracy['val'], accuracy['best_epoch']) == (70.1235, 71., 3)
    assert (loss['metric'], loss['test'], loss['val']) == ('loss', 0.9, '')


def test_append_keeps_what_is_there_and_refuses_it_twice(work_dir, tmp_path):
    table = tmp_path / 'results.csv'
    append(table, result_rows(work_dir, 'data', 'a, "note"'))
    append(table, result_rows(work_dir, 'other data'))
    with table.open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [r['data'] for r in rows] == ['data', 'data', 'other data', 'other data']
    assert rows[0]['note'] == 'a, "note"'
    with pytest.raises(ValueError, match='holds this result already'):
        append(table, result_rows(work_dir, 'data'))


def test_a_test_on_training_images_is_refused(work_dir):
    record = json.loads((work_dir / 'test/result.json').read_text())
    (work_dir / 'test/result.json').write_text(json.dumps(dict(record, split='train')))
    with pytest.raises(ValueError, match='measured on the train images'):
        result_rows(work_dir, 'data')


@pytest.mark.parametrize('key', ['config_hash', 'checkpoint'])
def test_a_test_of_another_run_is_refused(work_dir, key):
    record = json.loads((work_dir / 'test/result.json').read_text())
    (work_dir / 'test/result.json').write_text(json.dumps({**record, key: 'other'}))
    with pytest.raises(ValueError, match=f'{key} is other, but'):
        result_rows(work_dir, 'data')


def test_only_configs_of_the_collection_are_recorded(work_dir):
    record = json.loads((work_dir / 'result.json').read_text())
    (work_dir / 'result.json').write_text(json.dumps(dict(record, config='/elsewhere/x.py')))
    with pytest.raises(ValueError, match='not one of this collection'):
        result_rows(work_dir, 'data')

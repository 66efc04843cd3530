import csv
import json

import pytest

from plugins.engine.config_keys import config_hash
from plugins.engine.session import load_config
from tests.conftest import DIGITS
from tools.misc.record_result import append, result_rows

OPTIONS = ['optim_wrapper.optimizer.lr=0.5', 'train_cfg.max_epochs=3']


@pytest.fixture(scope='session')
def hash_of(repo_root):
    """A function: the hash of the digits config with options, as a run has it."""
    return lambda *options: config_hash(load_config(str(repo_root / DIGITS), options))


@pytest.fixture
def work_dir(tmp_path, hash_of):
    trained = dict(config=DIGITS, seed=0, best_epoch=3, epochs=5, seconds=9.5,
                   device='a CPU', processes=1, precision='float32', torch_version='2',
                   git_commit='abc', config_hash=hash_of(), checkpoint='best.pth',
                   metrics={'accuracy/top1': 71.})
    tested = dict(config_hash=hash_of(), checkpoint='best.pth', split='test',
                  metrics={'accuracy/top1': 70.12345, 'loss': 0.9},
                  classes=dict(cat=dict(images=3, accuracy=70.)), confusion_matrix=[[3]])
    (tmp_path / 'test').mkdir()
    (tmp_path / 'result.json').write_text(json.dumps(trained))
    (tmp_path / 'test/result.json').write_text(json.dumps(tested))
    return tmp_path


def test_rows_hold_test_and_validation_figures(work_dir):
    accuracy, loss = result_rows(work_dir, 'data', 'a, "note"')
    assert (accuracy['test'], accuracy['val'], accuracy['best_epoch']) == (70.1235, 71., 3)
    assert (accuracy['test_images'], accuracy['train_images']) == (3, 0)
    assert (loss['metric'], loss['test'], loss['val']) == ('loss', 0.9, '')


def test_a_cross_validation_is_shown_beside_a_config_of_the_collection(work_dir, tmp_path):
    own = tmp_path / 'folds'
    (own / 'repeat0-fold0').mkdir(parents=True)
    fold = json.loads((work_dir / 'result.json').read_text()) | dict(config='elsewhere/linear.py')
    (own / 'repeat0-fold0/result.json').write_text(json.dumps(fold))
    (own / 'kfold.json').write_text(json.dumps(dict(
        mode='kfold', config='elsewhere/linear.py', options=[], seed=0, folds=3, repeats=1,
        images=60, seconds=88., parameters=dict(total=2, trainable=1), worst=[],
        metrics={'accuracy/top1': 75., 'single-label/f1-score': 74.},
        intervals={'accuracy/top1': [60., 90.]})))
    with pytest.raises(ValueError, match='elsewhere/linear.py is not one of this collection'):
        result_rows(own, 'data', 'a note')
    with pytest.raises(ValueError, match='--config configs/.*: say by --note how'):
        result_rows(own, 'data', config=DIGITS)
    accuracy, f1 = result_rows(own, 'data', 'a note', DIGITS)
    assert accuracy['config'] == DIGITS and accuracy['note'] == 'a note'
    assert [accuracy[key] for key in ('test', 'seconds', 'folds', 'low', 'high', 'val', 'epochs',
                                      'test_images')] == [75., 88., 3, 60., 90., '', 5, 60]
    assert (f1['low'], f1['high']) == ('', '')
    append(tmp_path / 'results.csv', [accuracy, f1])


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


def test_a_damaged_table_is_named_and_kept(work_dir, tmp_path):
    table = tmp_path / 'results.csv'
    table.write_text('config,data\na,b\n')
    with pytest.raises(ValueError, match=r"results.csv:1: columns \['config', 'data'\], expected"):
        append(table, result_rows(work_dir, 'data'))
    assert table.read_text() == 'config,data\na,b\n'


def change(work_dir, **changes):
    for name in ('result.json', 'test/result.json'):
        record = json.loads((work_dir / name).read_text())
        (work_dir / name).write_text(json.dumps(dict(record, **changes)))


def test_a_test_of_something_else_than_the_run_is_rejected(work_dir):
    path = work_dir / 'test/result.json'
    record = json.loads(path.read_text())
    path.write_text(json.dumps(dict(record, checkpoint='other.pth')))
    with pytest.raises(ValueError, match='another checkpoint, other.pth; the run names best.pth'):
        result_rows(work_dir, 'data')
    path.write_text(json.dumps(dict(record, config_hash='f00', options=OPTIONS)))
    with pytest.raises(ValueError, match='another config: --cfg-options of training and test'):
        result_rows(work_dir, 'data')
    path.write_text(json.dumps(dict(record, split='train')))
    with pytest.raises(ValueError, match='measured on the train images'):
        result_rows(work_dir, 'data')
    path.unlink()
    with pytest.raises(FileNotFoundError, match='run tools/test.py first'):
        result_rows(work_dir, 'data')


def test_a_run_of_a_changed_config_needs_a_note_and_names_the_change_in_it(work_dir, hash_of):
    change(work_dir, config_hash=hash_of(*OPTIONS), options=OPTIONS)
    with pytest.raises(ValueError, match=f'--cfg-options {OPTIONS[0]} .*by --note'):
        result_rows(work_dir, 'data')
    rows = result_rows(work_dir, 'data', 'a short run')
    assert {row['note'] for row in rows} == {
        f'a short run (--cfg-options {OPTIONS[0]} {OPTIONS[1]})'}

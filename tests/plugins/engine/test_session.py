import json
import shutil

import pytest

from plugins.engine.session import Session
from tests.conftest import DIGITS

ROADS = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'
KEYS = ('accuracy/top1', 'loss')


@pytest.fixture
def session_of(repo_root):
    return lambda config, *options: Session(str(repo_root / config), options)


def test_predictions_go_into_a_pickle_or_a_detectors_into_kittis_files(session_of):
    session = session_of(ROADS)
    session.dump_predictions('p.pkl')
    session.dump_predictions('results/')
    *before, pickled, files = session.cfg.test_evaluator
    assert 'DetectionMetric' in [evaluator.type for evaluator in before]
    assert pickled == dict(type='DumpResults', out_file_path='p.pkl')
    assert files == dict(type='KittiResultFiles', out_dir='results/')
    with pytest.raises(ValueError, match='--out results: the name must end in .pkl'):
        session_of(DIGITS).dump_predictions('results')


def test_a_run_names_the_options_it_was_given(train_digits, digits_run, tmp_path):
    options = json.loads((digits_run / 'result.json').read_text())['options']
    assert 'train_cfg.max_epochs=2' in options and len(options) == 5


def test_resume_with_another_config_is_refused_before_an_epoch(train_digits, digits_run, tmp_path):
    copy = shutil.copytree(digits_run, tmp_path / 'copy')
    before = (copy / 'result.json').read_text()
    with pytest.raises(ValueError, match=(
            'epoch_2.pth was begun with another config: optim_wrapper.optimizer.lr was 0.001, is '
            '0.5. A resumed run keeps its config')):
        train_digits('--work-dir', str(copy), '--resume', options=(
            'train_cfg.max_epochs=3', 'optim_wrapper.optimizer.lr=0.5'))
    assert (copy / 'result.json').read_text() == before and not (copy / 'epoch_3.pth').exists()


def test_of_two_monitored_keys_each_keeps_its_best_and_the_first_is_named(train_digits, tmp_path):
    best = f'default_hooks.checkpoint.save_best={",".join(KEYS)}'
    rules = 'default_hooks.checkpoint.rule=greater,less'
    first = train_digits('--work-dir', str(tmp_path / 'w'), options=(best, rules))
    assert 'best_accuracy_top1_epoch_1.pth' in first['checkpoint']
    assert first['monitor'] == 'accuracy/top1'
    moved = tmp_path / 'moved'
    shutil.move(tmp_path / 'w', moved)
    again = train_digits('--work-dir', str(moved), '--resume',
                         options=(best, rules, 'train_cfg.max_epochs=2'))
    assert [entry['epoch'] for entry in again['history']] == [1, 2]
    assert again['checkpoint'] == str(next(moved.glob('best_accuracy_top1_*.pth')))
    assert len(list(moved.glob('best_*.pth'))) == 2 and not (tmp_path / 'w').exists()

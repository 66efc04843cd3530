import shutil

import pytest

from tests.conftest import DIGITS

ROADS = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


def test_predictions_go_into_a_pickle_or_a_detectors_into_kittis_files(session_of):
    session = session_of(ROADS)
    session.dump_predictions('p.pkl')
    session.dump_predictions('results/')
    *before, pickled, files = session.cfg.test_evaluator
    assert 'DetectionMetric' in [evaluator.type for evaluator in before]
    assert pickled == dict(type='PredictionFile', out_file_path='p.pkl')
    assert files == dict(type='KittiResultFiles', out_dir='results/')
    with pytest.raises(ValueError, match='--out results: the name must end in .pkl'):
        session_of(DIGITS).dump_predictions('results')


def test_resume_with_another_config_is_refused_before_an_epoch(train_digits, digits_run, tmp_path):
    copy = shutil.copytree(digits_run, tmp_path / 'copy')
    before = (copy / 'result.json').read_text()
    with pytest.raises(ValueError, match=(
            'epoch_2.pth was begun with another config: optim_wrapper.optimizer.lr was 0.001, is '
            '0.5. A resumed run keeps its config')):
        train_digits('--work-dir', str(copy), '--resume', options=(
            'train_cfg.max_epochs=3', 'optim_wrapper.optimizer.lr=0.5'))
    assert (copy / 'result.json').read_text() == before and not (copy / 'epoch_3.pth').exists()

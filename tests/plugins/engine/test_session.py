import pickle
import shutil
from pathlib import Path

import pytest

from plugins.engine.session import PredictionFile
from tests.conftest import DIGITS, full_disk

ROADS = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'


def test_predictions_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / 'p.pkl'
    assert PredictionFile(str(path)).compute_metrics([dict(score=1)]) == {}
    assert pickle.loads(path.read_bytes()) == [dict(score=1)]
    with full_disk(1000), pytest.raises(OSError, match=f"File too large: '{path}'"):
        PredictionFile(str(path)).compute_metrics([5000 * 'x'])
    assert pickle.loads(path.read_bytes()) == [dict(score=1)] and list(tmp_path.iterdir()) == [path]


def test_predictions_go_into_a_pickle_or_a_detectors_into_kittis_files(session_of, tmp_path):
    with session_of(ROADS) as session:
        session.dump_predictions('p.pkl')
        session.dump_predictions(f'{tmp_path}/results/')
        *before, pickled, files = session.cfg.test_evaluator
        Path(files.out_dir, '1.txt').touch()
        assert not (tmp_path / 'results').exists()
    assert 'DetectionMetric' in [evaluator.type for evaluator in before]
    assert pickled == dict(type='PredictionFile', out_file_path='p.pkl')
    assert files.type == 'KittiResultFiles' and (tmp_path / 'results/1.txt').is_file()
    for config, name in ((DIGITS, 'results'), (DIGITS, 'p.txt'), (ROADS, 'p.txt')):
        with pytest.raises(ValueError, match=f'--out {name}: the name must end in .pkl'):
            session_of(config).dump_predictions(name)


def test_resume_with_another_config_is_refused_before_an_epoch(train_digits, digits_run, tmp_path):
    copy = shutil.copytree(digits_run, tmp_path / 'copy')
    before = (copy / 'result.json').read_text()
    with pytest.raises(ValueError, match=(
            'epoch_2.pth was begun with another config: optim_wrapper.optimizer.lr was 0.001, is '
            '0.5. A resumed run keeps its config')):
        train_digits('--work-dir', str(copy), '--resume', options=(
            'train_cfg.max_epochs=3', 'optim_wrapper.optimizer.lr=0.5'))
    assert (copy / 'result.json').read_text() == before and not (copy / 'epoch_3.pth').exists()

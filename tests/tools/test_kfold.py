"""Cross-validation of real runs, also killed ones."""
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from plugins.engine.files import REPO_ROOT
from tests.conftest import DIGITS
from tools.kfold import main

SHORT = ['--folds', '3', '--cfg-options', 'train_cfg.max_epochs=1']


def digits(root):
    sources = [f'{part}_dataloader.dataset.source.data_root={root}/{name}'
               for part, name in (('train', 'train'), ('val', 'train'), ('test', 'test'))]
    return [DIGITS, *SHORT, *sources]


@pytest.fixture(scope='module')
def validated(digits_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp('kfold')
    return main([*digits(digits_root), '--work-dir', str(folder)]), folder


def test_each_training_image_is_tested_once_and_the_test_set_never(validated, digits_root):
    record, folder = validated
    with (folder / 'answers.csv').open() as file:
        tested = Counter(row['image'] for row in csv.DictReader(file))
    expected = {path.relative_to(digits_root / 'train').as_posix()
                for path in (digits_root / 'train').glob('*/*.png')}
    assert set(tested) == expected and set(tested.values()) == {1}
    assert record == json.loads((folder / 'kfold.json').read_text())
    assert record['images'] == len(expected) and len(record['values']) == 3
    assert sum(map(sum, record['confusion_matrix'])) == len(expected)
    assert (folder / 'confusion_matrix.png').stat().st_size > 1000


def test_finished_folds_are_not_trained_again(validated, digits_root, capsys):
    record, folder = validated
    before = {path: path.stat().st_mtime_ns for path in folder.glob('*/*.pth')}
    assert main([*digits(digits_root), '--work-dir', str(folder)]) == record
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob('*/*.pth')}
    with pytest.raises(ValueError, match='repeat0-fold0: holds a fold of another config'):
        main([*digits(digits_root), 'randomness.seed=0', 'optim_wrapper.optimizer.lr=1e-5',
              '--work-dir', str(folder)])


@pytest.mark.parametrize('argv, message', [
    ([DIGITS, '--folds', '1'], "'1' is not a whole number from 2 to 1000"),
    (['nowhere.py'], 'no such config file'), ([DIGITS, '--groups', 'none.csv'], 'no such file')])
def test_wrong_arguments_are_rejected(argv, message, capsys):
    with pytest.raises(SystemExit):
        main(argv)
    assert message in capsys.readouterr().err


def test_a_detector_cannot_be_cross_validated(tmp_path):
    config = 'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py'
    with pytest.raises(ValueError, match='train_dataloader has no ArrayDataset'):
        main([config, '--work-dir', str(tmp_path / 'k')])


@pytest.mark.slow
def test_killed_twice_it_goes_on(validated, digits_root, tmp_path):
    command = [sys.executable, 'tools/kfold.py', *digits(digits_root),
               '--work-dir', str(tmp_path)]
    for done in (0, 1):
        process = subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
        while len(list(tmp_path.glob('*/test/answers.csv'))) <= done:
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (tmp_path / 'kfold.json').exists()
    subprocess.run(command, cwd=REPO_ROOT, check=True, capture_output=True)
    record, expected = json.loads((tmp_path / 'kfold.json').read_text()), validated[0]
    assert record['values'] == expected['values']
    assert record['confusion_matrix'] == expected['confusion_matrix']

import json

import pytest
from PIL import Image

from tests.plugins.apis.cases import CLASSIFIER, DETECTOR
from tools.analysis_tools.visualize_features import main


@pytest.fixture(scope='module')
def picture(digits_root):
    return next((digits_root / 'test/3').glob('*.png'))


def show(checkpoint, picture, out, *options, config=CLASSIFIER):
    return main([config, str(checkpoint), str(picture), '--out-dir', str(out), '--device', 'cpu',
                 *options])


def test_class_and_score_are_predict_s_and_pictures_are_there(classifier, picture, tmp_path):
    from tools.predict import main as predict
    record = show(classifier, picture, tmp_path / 'out')
    said = predict([CLASSIFIER, str(classifier), str(picture), '--out-dir', str(tmp_path / 'p'),
                    '--device', 'cpu'])['predictions'][0]
    assert record['predicted'] == record['target'] == said['class']
    assert record['score'] == pytest.approx(said['score'], abs=1e-6)
    assert json.loads((tmp_path / 'out/features.json').read_text()) == record
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert names == {'.files', 'features.json', 'filters.png', 'grad_cam.png',
                     *(f'features_{name}.png' for name in record['layers'])}
    # 16 px, two stages of three convolutions: first, middle and last
    assert [(name, one['shape']) for name, one in record['layers'].items()] == [
        ('backbone.stages.0.0.conv', [32, 16, 16]), ('backbone.stages.1.0.conv', [64, 8, 8]),
        ('backbone.stages.1.2.conv', [64, 8, 8])]
    # the unit around the last convolution: with shortcut, norm and ReLU, before the pool
    assert (record['cam']['layer'], record['cam']['shape']) == ('backbone.stages.1.2', [8, 8])


def test_asked_for_layers_and_class(classifier, picture, tmp_path):
    record = show(classifier, picture, tmp_path / 'out', '--layers', 'backbone.stages.1.0',
                  '--cam-layer', 'backbone.stages.0.2', '--target-class', '7', '--maps', '5')
    assert record['target'] == '7' and record['cam']['layer'] == 'backbone.stages.0.2'
    (layer, found), = record['layers'].items()
    assert layer == 'backbone.stages.1.0' and found['low'] == 0  # it ends in ReLU
    assert found['shape'][0] == 64  # of which five are drawn, in one row
    assert found['flat'] < 64 and found['high'] > 0
    one_row = Image.open(tmp_path / 'out' / f'features_{layer}.png')
    assert one_row.height < 0.4 * one_row.width


def test_unknown_names_are_rejected_with_those_that_exist(classifier, detector, picture, tmp_path):
    for options, message in (
            (['--layers', 'backbone.stages.1.3'], r'no such module; near: backbone\.stages\.1'),
            (['--cam-layer', 'head.fc'], 'no such module'),
            (['--cam-layer', 'backbone.pool'], 'called 2 times'),
            (['--target-class', 'seven'], 'target-class seven: no such class; expected one of 0')):
        with pytest.raises(ValueError, match=message):
            show(classifier, picture, tmp_path / 'out', *options)
    with pytest.raises(ValueError, match='describes a detector, expected a classifier'):
        show(detector, picture, tmp_path / 'out', config=DETECTOR)
    assert not (tmp_path / 'out').exists()

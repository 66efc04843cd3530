import re

import numpy as np
import onnx
import pytest
from PIL import Image

from plugins.apis.load import load_trained
from plugins.apis.onnx_model import OnnxModel
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER
from tools.deployment.export_onnx import main
from tools.predict import main as predict


def test_a_file_is_written_once(classifier, tmp_path, capsys):
    out = tmp_path / 'm.onnx'
    facts = main([CLASSIFIER, str(classifier), '--out', str(out), '--time', '20', '30'])
    assert facts['classes'] == list('0123456789') and OnnxModel(out).card == facts
    told = capsys.readouterr().out
    assert 'MB, classifier of 10 classes, pictures of any size' in told
    assert re.search(r'8 pictures take [\d.]+ ms with onnxruntime, [\d.]+ ms with P', told)
    assert facts['input'] == 'any size; resized to (8, 8) (height, width; center_crop)'
    onnx.checker.check_model(str(out), full_check=True)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (*size, 3), np.uint8) for size in (
        (8, 8), (8, 8), (31, 17), (5, 300), (200, 333)) for _ in range(4)]
    expected = load_trained(load_config(CLASSIFIER), classifier, 'cpu')(pictures)
    assert expected.std(axis=0).max() > 0.005
    assert OnnxModel(out)(pictures) == pytest.approx(expected, abs=1e-4)
    Image.fromarray(pictures[-1]).save(tmp_path / 'p.png')
    told = [predict([*model, str(tmp_path / 'p.png'), '--out-dir', str(tmp_path / name)])
            for model, name in (([str(out)], 'a'), ([CLASSIFIER, str(classifier)], 'b'))]
    assert told[0]['checkpoint'] == str(out)
    ours, theirs = (one['predictions'][0]['topk'] for one in told)
    assert [one['class'] for one in ours] == [one['class'] for one in theirs]
    assert [one['score'] for one in ours] == pytest.approx([one['score'] for one in theirs])
    with pytest.raises(ValueError, match='m.onnx: takes no device'):
        predict([str(out), str(tmp_path / 'p.png'), '--device', 'cpu', '--overwrite'])
    with pytest.raises(SystemExit):
        predict([str(out), str(tmp_path / 'p.png'), '--cfg-options', 'a=1'])
    assert 'contains its weights and takes no CHECKPOINT, nor --cfg-opt' in capsys.readouterr().err
    written = out.read_bytes()
    with pytest.raises(FileExistsError, match='m.onnx: already exists; replace it with --overwrit'):
        main([CLASSIFIER, str(classifier), '--out', str(out)])
    assert out.read_bytes() == written


def test_a_missing_checkpoint_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([CLASSIFIER, str(tmp_path / 'none.pth')])
    assert 'none.pth: no such file' in capsys.readouterr().err

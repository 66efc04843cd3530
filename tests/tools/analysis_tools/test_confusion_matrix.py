import json

import numpy as np
import pytest
from PIL import Image

from tools.analysis_tools.confusion_matrix import main

RESULT = dict(mode='test', checkpoint='best.pth', metrics={}, classes=dict(
    cat=dict(images=10), dog=dict(images=6), owl=dict(images=0)),
    confusion_matrix=[[7, 3, 0], [1, 0, 5], [0, 0, 0]])


@pytest.fixture
def work_dir(tmp_path):
    (tmp_path / 'test').mkdir()
    (tmp_path / 'result.json').write_text(json.dumps(dict(
        mode='train', config='c.py', checkpoint='best.pth', metrics={})))
    (tmp_path / 'test/result.json').write_text(json.dumps(RESULT))
    return tmp_path


def test_confusions_are_named_most_frequent_first(work_dir, capsys):
    main([str(work_dir)])
    assert capsys.readouterr().out.splitlines()[:3] == [
        '5 of 6 images of dog taken for owl', '3 of 10 images of cat taken for dog',
        '1 of 6 images of dog taken for cat']


def test_the_picture_lies_beside_the_record_or_where_it_is_asked_for(work_dir):
    beside = work_dir / 'test/confusion_matrix.png'
    assert main([str(work_dir)]) == beside
    other = work_dir / 'new/matrix.png'
    assert main([str(work_dir), '--show-path', str(other)]) == other
    assert np.array_equal(np.asarray(Image.open(beside)), np.asarray(Image.open(other)))


def test_a_record_without_a_matrix_is_rejected(work_dir):
    with pytest.raises(FileNotFoundError, match='none/result.json: no such record'):
        main([str(work_dir / 'none')])
    (work_dir / 'test/result.json').write_text(json.dumps(dict(RESULT, confusion_matrix=None)))
    with pytest.raises(ValueError, match='holds no confusion matrix.*ClassReport'):
        main([str(work_dir)])
    (work_dir / 'test/result.json').unlink()
    with pytest.raises(FileNotFoundError, match='run tools/test.py first: .* c.py best.pth'):
        main([str(work_dir)])


def test_a_test_of_another_checkpoint_is_not_drawn(work_dir):
    stale = work_dir / 'test/result.json'
    stale.write_text(json.dumps(dict(RESULT, checkpoint='epoch_1.pth')))
    with pytest.raises(ValueError, match='another checkpoint, epoch_1.pth; .*again: .* best.pth'):
        main([str(work_dir)])
    assert not (work_dir / 'test/confusion_matrix.png').exists()

import json

import numpy as np
import pytest
from PIL import Image

from tools.analysis_tools.confusion_matrix import confusions, draw, main

RESULT = dict(classes=dict(cat={}, dog={}, owl={}),
              confusion_matrix=[[7, 3, 0], [1, 0, 5], [0, 0, 0]])


@pytest.fixture
def work_dir(tmp_path):
    (tmp_path / 'test').mkdir()
    (tmp_path / 'result.json').write_text(json.dumps(dict(metrics={})))
    (tmp_path / 'test/result.json').write_text(json.dumps(RESULT))
    return tmp_path


def test_confusions_are_named_most_frequent_first(work_dir, capsys):
    main([str(work_dir)])
    assert capsys.readouterr().out.splitlines()[:3] == [
        '5 of 6 images of dog taken for owl', '3 of 10 images of cat taken for dog',
        '1 of 6 images of dog taken for cat']


def test_cells_hold_numbers_and_the_colour_is_the_share_of_the_true_class():
    matrix = np.array(RESULT['confusion_matrix'])
    axes = draw(list(RESULT['classes']), matrix).axes[0]
    assert {tuple(map(round, text.get_position())): text.get_text() for text in axes.texts} == {
        (0, 0): '7', (1, 0): '3', (0, 1): '1', (2, 1): '5'}  # (column, row)
    shares = np.asarray(axes.images[0].get_array())
    assert shares.tolist() == [[0.7, 0.3, 0], [pytest.approx(1 / 6), 0, pytest.approx(5 / 6)],
                               [0, 0, 0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ['cat', 'dog', 'owl']


def test_work_dir_and_file_lead_to_the_same_picture_beside_the_record(work_dir):
    beside = work_dir / 'test/confusion_matrix.png'
    assert main([str(work_dir)]) == beside
    assert main([str(work_dir / 'test')]) == beside
    other = work_dir / 'new/matrix.png'
    assert main([str(work_dir / 'test/result.json'), '--show-path', str(other)]) == other
    assert np.array_equal(np.asarray(Image.open(beside)), np.asarray(Image.open(other)))


def test_many_classes_are_drawn_without_numbers():
    figure = draw([f'{k:03}' for k in range(60)], np.eye(60, dtype=int))
    assert not figure.axes[0].texts and figure.get_size_inches().max() <= 24
    assert confusions(['a', 'b'], np.eye(2, dtype=int)) == []


def test_a_record_without_a_matrix_is_refused(work_dir):
    with pytest.raises(ValueError, match='holds no confusion matrix.*ClassReport'):
        main([str(work_dir / 'result.json')])
    with pytest.raises(FileNotFoundError, match='tools/test.py writes it'):
        main([str(work_dir / 'none')])

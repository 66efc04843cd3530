import json

import numpy as np
import pytest
from PIL import Image

from plugins.visualization.charts import draw_confusion as draw
from tools.analysis_tools.confusion_matrix import confusions, main

RESULT = dict(mode='test', checkpoint='best.pth', classes=dict(
    cat={}, dog={}, owl={}), confusion_matrix=[[7, 3, 0], [1, 0, 5], [0, 0, 0]])


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
    with pytest.raises(FileNotFoundError, match='none: no such record'):
        main([str(work_dir / 'none')])


def test_an_untested_run_says_what_to_run_first(work_dir):
    (work_dir / 'test/result.json').unlink()
    with pytest.raises(FileNotFoundError, match='run tools/test.py first: .* c.py best.pth'):
        main([str(work_dir)])


def test_a_test_of_another_checkpoint_is_drawn_only_by_its_own_name(work_dir):
    stale = work_dir / 'test/result.json'
    stale.write_text(json.dumps(dict(RESULT, checkpoint='epoch_1.pth')))
    with pytest.raises(ValueError, match='another checkpoint, epoch_1.pth; .*again: .* best.pth'):
        main([str(work_dir)])
    assert not (work_dir / 'test/confusion_matrix.png').exists()
    assert main([str(stale)]).is_file()


def test_a_checkpoint_that_was_tested_without_its_run_is_drawn(work_dir):
    (work_dir / 'result.json').unlink()
    assert main([str(work_dir)]) == work_dir / 'test/confusion_matrix.png'


def test_paths_as_the_tools_print_them_work_from_any_directory(work_dir, monkeypatch, tmp_path):
    monkeypatch.setattr('plugins.engine.files.REPO_ROOT', work_dir.parent)
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert main([work_dir.name]) == work_dir / 'test/confusion_matrix.png'

"""The files that KITTI's tools read."""

import pytest

from plugins.detection import KittiResultFiles
from tests.plugins.detection.metrics.samples import evaluate, result_of


def test_sixteen_fields(tmp_path):
    samples = [result_of([], [[1, 2.5, 30.123456, 40]], [.75], number=7), result_of(number=8)]
    assert evaluate(KittiResultFiles(str(tmp_path / 'a' / 'b')), *samples) == {}
    assert (tmp_path / 'a/b/000007.txt').read_text() == (
        'Car -1 -1 -10 1.0000 2.5000 30.1235 40.0000 -1 -1 -1 -1000 -1000 -1000 -10 0.750000\n')
    assert (tmp_path / 'a/b/000008.txt').read_text() == ''  # the program wants a file an image
    assert len(list((tmp_path / 'a/b').iterdir())) == 2


def test_the_highest_score_comes_first_and_classes_have_kittis_names(tmp_path):
    sample = result_of([], [[0, 0, 9, 9], [1, 1, 9, 9]], [.3, .4], labels=[0, 1])
    evaluate(KittiResultFiles(str(tmp_path)), sample, classes=('person_sitting', 'car'))
    lines = (tmp_path / '000000.txt').read_text().splitlines()
    assert [line.split()[::15] for line in lines] == [
        ['Car', '0.400000'], ['Person_sitting', '0.300000']]
    with pytest.raises(ValueError, match=r"found the classes \['auto'\], expected KITTI types"):
        evaluate(KittiResultFiles(str(tmp_path)), sample, classes=('car', 'auto'))

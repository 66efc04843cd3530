import numpy as np
import pytest
from PIL import Image

from plugins.report.study import read_study


def test_the_table_and_the_pictures_that_are_there(tmp_path):
    (tmp_path / 'trials.csv').write_text('number,value,"params_a, b"\n0,0.5,x\n1,0.7,y\n')
    Image.fromarray(np.zeros((30, 2000, 3), np.uint8)).save(tmp_path / 'importance.png')
    study = read_study(tmp_path)
    assert study.heads == ['number', 'value', 'params_a, b'] and study.rows[1] == ['1', '0.7', 'y']
    assert list(study.pictures) == ['importance'] and study.left_out == 0
    assert study.pictures['importance'].width == 1000


def test_a_long_study_is_cut_and_says_so(tmp_path):
    (tmp_path / 'trials.csv').write_text('number\n' + ''.join(f'{k}\n' for k in range(503)))
    study = read_study(tmp_path)
    assert len(study.rows) == 500 and study.left_out == 3


@pytest.mark.parametrize('content, message', [
    (b'', 'empty'), (b'a,b\n1\n', 'row 2 has 1 cells, expected 2'), (b'\xff\xfe,', 'not readable')])
def test_a_broken_table_is_named(content, message, tmp_path):
    (tmp_path / 'trials.csv').write_bytes(content)
    with pytest.raises(ValueError, match=f'trials.csv: {message}'):
        read_study(tmp_path)

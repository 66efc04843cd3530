import json
import subprocess
import sys

import pytest

from plugins.engine.files import REPO_ROOT
from plugins.search.record import PICTURES, read_search_record


def test_a_search_that_goes_on_has_a_table_alone(tmp_path):
    (tmp_path / 'trials.csv').write_text('trial,"params_a, b"\n0,x\n\n1,y\n')
    found = read_search_record(tmp_path)
    assert found.columns == ['trial', 'params_a, b'] and found.rows == [['0', 'x'], ['1', 'y']]
    assert found.pictures == [] and found.outcome is None


def test_the_pictures_and_the_outcome(tmp_path):
    (tmp_path / 'trials.csv').write_text('trial\n0\n')
    (tmp_path / 'search.json').write_text(json.dumps(dict(metric='loss')))
    (tmp_path / PICTURES[1]).touch()
    found = read_search_record(tmp_path)
    assert found.pictures == [tmp_path / PICTURES[1]] and found.outcome == dict(metric='loss')


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'not readable'), (b'a,b\n1\n', 'row 2 has 1 cells, expected 2'),
    (b'a,b\n1,2\n3\n', 'row 3 has 1 cells'), (b'\xff\xfe,', 'not readable')])
def test_a_broken_table_is_rejected(content, message, tmp_path):
    (tmp_path / 'trials.csv').write_bytes(content)
    with pytest.raises(ValueError, match=f'trials.csv: {message}'):
        read_search_record(tmp_path)


def test_reading_imports_neither_optuna_nor_torch():
    code = ('import sys, plugins.search.record\n'
            'assert not {"torch", "optuna", "mmengine"} & set(sys.modules)')
    subprocess.run([sys.executable, '-c', code], cwd=REPO_ROOT, check=True)

import json

import pytest

from plugins.search.record import PICTURES, read_search_record


def test_the_table_is_read_and_pictures_and_outcome_where_they_are(tmp_path):
    (tmp_path / 'trials.csv').write_text('trial,"params_a, b"\n0,x\n\n1,y\n')
    found = read_search_record(tmp_path)
    assert found.columns == ['trial', 'params_a, b'] and found.rows == [['0', 'x'], ['1', 'y']]
    assert found.pictures == [] and found.outcome is None
    (tmp_path / 'search.json').write_text(json.dumps(dict(metric='loss')))
    (tmp_path / PICTURES[1]).touch()
    found = read_search_record(tmp_path)
    assert found.pictures == [tmp_path / PICTURES[1]] and found.outcome == dict(metric='loss')


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'not readable'), (b'a,b\n1,2\n3\n', 'row 3 has 1 cells'), (b'\xff\xfe,', 'not readable')])
def test_a_broken_table_is_rejected(content, message, tmp_path):
    (tmp_path / 'trials.csv').write_bytes(content)
    with pytest.raises(ValueError, match=f'trials.csv: {message}'):
        read_search_record(tmp_path)

"""Text files of names."""
import pytest

from plugins.engine.name_list import read_names

IDS = [f'{i:06d}' for i in range(76)]


def read(path):
    return read_names(path, 'the ids', IDS.__contains__)


def test_a_list(tmp_path):
    path = tmp_path / 'train.txt'
    path.write_bytes('\ufeff000003\r\n000001\r\n\r\n'.encode())
    assert read(path) == ['000003', '000001']


@pytest.mark.parametrize('text, found', [
    ('000001\n900000\n', "train.txt:2: found '900000', expected one of the ids"),
    ('000001\n000002\n000001\n', 'train.txt:3: .* again, it is already in line 1'),
    ('000001\n\n000002\n', "train.txt:2: found ''"),
    ('', 'train.txt: found no line'),
    (b'\xe9', 'train.txt: .*0xe9.*; save it as UTF-8'),
])
def test_a_broken_list(tmp_path, text, found):
    path = tmp_path / 'train.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=found):
        read(path)


def test_no_list(tmp_path):
    with pytest.raises(FileNotFoundError, match='val.txt: no such file; expected a list of the id'):
        read(tmp_path / 'val.txt')

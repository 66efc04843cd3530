import pytest

from tools.dataset_converters.text_files import refuse_existing, write_texts


def test_texts_are_written_and_nothing_else_is_left(tmp_path):
    write_texts({tmp_path / 'new' / 'a.txt': '1\n', tmp_path / 'b.txt': 'ä\n'})
    assert (tmp_path / 'new' / 'a.txt').read_bytes() == b'1\n'
    assert (tmp_path / 'b.txt').read_bytes() == 'ä\n'.encode()
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['a.txt', 'b.txt', 'new']


def test_a_failure_leaves_the_earlier_files(tmp_path):
    (tmp_path / 'a.txt').write_text('old')
    (tmp_path / 'file').touch()
    with pytest.raises(OSError):  # the second one cannot be written: its folder is a file
        write_texts({tmp_path / 'a.txt': 'new', tmp_path / 'file' / 'b.txt': 'new'})
    assert (tmp_path / 'a.txt').read_text() == 'old'
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.txt', 'file']


def test_files_that_exist_are_refused_by_name(tmp_path):
    (tmp_path / 'a.txt').touch()
    with pytest.raises(FileExistsError, match='a.txt: exists; give --overwrite'):
        refuse_existing([tmp_path / 'a.txt', tmp_path / 'b.txt'], overwrite=False)
    refuse_existing([tmp_path / 'a.txt'], overwrite=True)
    refuse_existing([tmp_path / 'b.txt'], overwrite=False)


def test_places_that_cannot_be_files_are_refused_in_words(tmp_path):
    (tmp_path / 'a.txt').touch()
    with pytest.raises(NotADirectoryError, match='b.txt: cannot be written, .*a.txt is a file'):
        refuse_existing(iter([tmp_path / 'a.txt' / 'b.txt']), overwrite=True)
    with pytest.raises(IsADirectoryError, match='is a folder'):
        refuse_existing([tmp_path], overwrite=True)

import pytest

from plugins.output_file import check_place


def test_a_folder_and_a_place_below_a_file_are_refused(tmp_path):
    (tmp_path / 'file').touch()
    check_place(tmp_path / 'file')
    check_place(tmp_path / 'new/deep/file')
    with pytest.raises(IsADirectoryError, match='is a folder, expected the name of a file'):
        check_place(tmp_path)
    with pytest.raises(NotADirectoryError, match='new/a: cannot be written, .*/file is a file'):
        check_place(tmp_path / 'file/new/a')
    assert [path.name for path in tmp_path.iterdir()] == ['file']

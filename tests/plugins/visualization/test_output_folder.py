import os
from pathlib import Path

import pytest

from plugins.visualization.output_folder import check_output, finished_folder


def test_results_appear_only_when_they_are_complete(tmp_path):
    place = tmp_path / 'new/out'
    with pytest.raises(ValueError, match='broken'), finished_folder(place, False, 'r.json') as made:
        (made / 'half').touch()
        raise ValueError('broken')
    assert not place.exists() and not list(place.parent.iterdir())
    with finished_folder(place, False, 'r.json') as made:
        (made / 'r.json').write_text('1')
    assert (place / 'r.json').read_text() == '1' and [place] == list(place.parent.iterdir())


def test_earlier_results_are_replaced_only_when_asked_and_only_by_complete_ones(tmp_path):
    place = tmp_path / 'out'
    with finished_folder(place, False, 'r.json') as made:
        for name in ('r.json', 'old.png'):
            (made / name).write_text('old')
    with pytest.raises(FileExistsError, match='holds earlier results.*--overwrite'):
        check_output(place, False, 'r.json')
    with pytest.raises(ValueError), finished_folder(place, True, 'r.json'):
        raise ValueError
    assert (place / 'old.png').read_text() == 'old'
    with finished_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
    assert sorted(path.name for path in place.iterdir()) == ['.files', 'r.json']


def test_what_a_user_put_beside_the_results_is_never_replaced(tmp_path):
    place = tmp_path / 'out'
    with finished_folder(place, False, 'r.json') as made:
        (made / 'r.json').write_text('old')
        (made / 'sub').mkdir()
        (made / 'sub/a.png').touch()
    check_output(place, True, 'r.json')
    with pytest.raises(FileExistsError, match='out: holds notes.txt, of which no earlier'), \
            finished_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
        (place / 'notes.txt').write_text('mine')  # while the new results are made
    assert (place / 'notes.txt').read_text() == 'mine' and (place / 'sub/a.png').is_file()
    (place / 'sub/b.png').touch()
    with pytest.raises(FileExistsError, match='holds notes.txt, sub/b.png, of which'):
        check_output(place, True, 'r.json')
    for name in ('notes.txt', 'sub/b.png'):
        (place / name).unlink()
    check_output(place, True, 'r.json')


def test_a_folder_of_other_files_is_never_replaced(tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(FileExistsError, match='no r.json of earlier results'):
        check_output(tmp_path, True, 'r.json')
    with pytest.raises(FileExistsError, match='is a file'):
        check_output(tmp_path / 'photo.jpg', True, 'r.json')


def test_earlier_results_come_back_when_the_new_ones_cannot_take_their_place(tmp_path, monkeypatch):
    place = tmp_path / 'out'
    place.mkdir()
    (place / 'r.json').write_text('old')
    rename = os.rename

    def fails_for_the_new(source, target):
        if Path(source).name == 'made':
            raise OSError('busy')
        rename(source, target)

    monkeypatch.setattr(os, 'rename', fails_for_the_new)
    with pytest.raises(OSError, match='busy'), finished_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
    assert (place / 'r.json').read_text() == 'old' and list(tmp_path.iterdir()) == [place]


def test_a_place_where_no_folder_can_be_made_is_refused_in_words(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError, match='new/out: cannot be made, .*file is a file'):
        check_output(tmp_path / 'file/new/out', False, 'r.json')
    check_output(tmp_path / 'new/out', False, 'r.json')
    assert [path.name for path in tmp_path.iterdir()] == ['file']  # nothing is left of the trial


@pytest.mark.skipif(not Path('/proc/self').is_dir(), reason='needs /proc, which takes no folders')
def test_a_file_system_that_takes_no_folders_is_noticed():
    with pytest.raises(OSError, match='/proc/new/out: cannot be made, /proc takes no folder'):
        check_output(Path('/proc/new/out'), False, 'r.json')

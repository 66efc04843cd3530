import os
from pathlib import Path

import pytest

from plugins.engine.files import (
    REPO_ROOT,
    check_file,
    check_folder,
    replacing,
    replacing_folder,
    resolve_path,
    shown_path,
    write_text,
    write_texts,
)


def test_a_file_is_the_old_one_or_the_new_one_never_half(tmp_path):
    path = tmp_path / 'new/a.txt'
    write_text(path, 'ä\n')
    with pytest.raises(ValueError), replacing(path) as partial:
        partial.write_text('half')
        raise ValueError
    assert path.read_bytes() == 'ä\n'.encode()
    with replacing(path) as partial:
        partial.write_text('new')
        assert path.read_bytes() == 'ä\n'.encode()
    assert path.read_text() == 'new' and list(path.parent.iterdir()) == [path]


def test_a_link_is_followed_and_a_device_is_written_to(tmp_path):
    (tmp_path / 'link').symlink_to(tmp_path / 'target')
    write_text(tmp_path / 'link', '1')
    assert (tmp_path / 'link').is_symlink() and (tmp_path / 'target').read_text() == '1'
    write_text(Path('/dev/null'), '1')
    assert not Path('/dev/null').is_file()


def test_of_several_files_all_change_or_none(tmp_path):
    (tmp_path / 'a.txt').write_text('old')
    (tmp_path / 'file').touch()
    with pytest.raises(OSError):  # the second cannot be written: its folder is a file
        write_texts({tmp_path / 'a.txt': 'new', tmp_path / 'file' / 'b.txt': 'new'})
    assert (tmp_path / 'a.txt').read_text() == 'old'
    write_texts({tmp_path / 'a.txt': 'new', tmp_path / 'b.txt': 'new'})
    assert (tmp_path / 'a.txt').read_text() == (tmp_path / 'b.txt').read_text() == 'new'
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.txt', 'b.txt', 'file']


def test_places_that_cannot_be_written_are_refused_before_any_work(tmp_path):
    (tmp_path / 'file').touch()
    check_file(tmp_path / 'file', tmp_path / 'new/deep/file')
    with pytest.raises(IsADirectoryError, match='is a folder, expected the name of a file'):
        check_file(tmp_path)
    with pytest.raises(NotADirectoryError, match='new/a: cannot be written, .*/file is a file'):
        check_file(tmp_path / 'file/new/a')
    with pytest.raises(FileExistsError, match='/file: already exists; replace it with --overwrite'):
        check_file(tmp_path / 'new', tmp_path / 'file', overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_results_appear_only_when_they_are_complete(tmp_path):
    place = tmp_path / 'new/out'
    with pytest.raises(ValueError, match='broken'), \
            replacing_folder(place, False, 'r.json') as made:
        (made / 'half').touch()
        raise ValueError('broken')
    assert not place.exists() and not list(place.parent.iterdir())
    with replacing_folder(place, False, 'r.json') as made:
        (made / 'r.json').write_text('1')
    assert (place / 'r.json').read_text() == '1' and [place] == list(place.parent.iterdir())


def test_earlier_results_are_replaced_only_when_asked_and_only_by_complete_ones(tmp_path):
    place = tmp_path / 'out'
    with replacing_folder(place, False, 'r.json') as made:
        for name in ('r.json', 'old.png'):
            (made / name).write_text('old')
    with pytest.raises(FileExistsError, match='contains earlier results.*--overwrite'):
        check_folder(place, False, 'r.json')
    with pytest.raises(ValueError), replacing_folder(place, True, 'r.json'):
        raise ValueError
    assert (place / 'old.png').read_text() == 'old'
    with replacing_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
    assert sorted(path.name for path in place.iterdir()) == ['.files', 'r.json']


def test_what_a_user_put_beside_the_results_is_never_replaced(tmp_path):
    place = tmp_path / 'out'
    with replacing_folder(place, False, 'r.json') as made:
        (made / 'r.json').write_text('old')
        (made / 'sub').mkdir()
        (made / 'sub/a.png').touch()
    check_folder(place, True, 'r.json')
    with pytest.raises(FileExistsError, match='out: contains notes.txt, not written'), \
            replacing_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
        (place / 'notes.txt').write_text('mine')  # while the new results are made
    assert (place / 'notes.txt').read_text() == 'mine' and (place / 'sub/a.png').is_file()
    (place / 'sub/b.png').touch()
    with pytest.raises(FileExistsError, match='contains notes.txt, sub/b.png, not'):
        check_folder(place, True, 'r.json')
    for name in ('notes.txt', 'sub/b.png'):
        (place / name).unlink()
    check_folder(place, True, 'r.json')


def test_a_folder_of_other_files_or_a_wrong_place_is_refused(tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(FileExistsError, match='no r.json of earlier results'):
        check_folder(tmp_path, True, 'r.json')
    with pytest.raises(FileExistsError, match='is a file'):
        check_folder(tmp_path / 'photo.jpg', True, 'r.json')
    with pytest.raises(NotADirectoryError, match='new/out: cannot be written, .*jpg is a file'):
        check_folder(tmp_path / 'photo.jpg/new/out')
    check_folder(tmp_path / 'new/out')
    assert [path.name for path in tmp_path.iterdir()] == ['photo.jpg']


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
    with pytest.raises(OSError, match='busy'), replacing_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
    assert (place / 'r.json').read_text() == 'old' and list(tmp_path.iterdir()) == [place]


@pytest.mark.skipif(not Path('/proc/self').is_dir(), reason='needs /proc, which takes no files')
def test_a_file_system_that_takes_no_folders_is_noticed():
    with pytest.raises(OSError, match='/proc/new/out: cannot be written, no file can be created'):
        check_folder(Path('/proc/new/out'), False, 'r.json')


def test_relative_paths_lead_here_first_then_to_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_path('data/x') == REPO_ROOT / 'data/x'
    (tmp_path / 'data/x').mkdir(parents=True)
    assert resolve_path('data/x') == tmp_path / 'data/x'
    assert shown_path(REPO_ROOT / 'data/x') == 'data/x' and shown_path('/a/b') == '/a/b'

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
    place.mkdir()
    for name in ('r.json', 'old.png'):
        (place / name).write_text('old')
    with pytest.raises(FileExistsError, match='holds earlier results.*--overwrite'):
        check_output(place, False, 'r.json')
    with pytest.raises(ValueError), finished_folder(place, True, 'r.json'):
        raise ValueError
    assert (place / 'old.png').read_text() == 'old'
    with finished_folder(place, True, 'r.json') as made:
        (made / 'r.json').write_text('new')
    assert [path.name for path in place.iterdir()] == ['r.json']


def test_a_folder_of_other_files_is_never_replaced(tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(FileExistsError, match='no r.json of earlier results'):
        check_output(tmp_path, True, 'r.json')
    with pytest.raises(FileExistsError, match='is a file'):
        check_output(tmp_path / 'photo.jpg', True, 'r.json')

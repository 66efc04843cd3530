import cv2
import numpy as np
import pytest

from plugins.visualization.inputs import (
    PICTURES,
    Video,
    batches,
    find_broken,
    find_pictures,
    is_video,
    refuse_broken,
)


@pytest.fixture
def video(tmp_path):
    """Seven frames of 64 x 48, each of one grey, at 12.5 frames a second."""
    path = tmp_path / 'drive.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 12.5, (64, 48))
    for grey in range(0, 210, 30):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    return path


def test_suffixes_are_those_of_the_class_folders():
    from plugins.classification.datasets.class_folder import SUFFIXES
    assert PICTURES == SUFFIXES


def test_pictures_of_a_folder_and_those_below_it_sorted_without_hidden_ones(tmp_path):
    for name in ('b.JPG', 'a/c.png', 'a/.thumb.png', '.cache/d.png', 'a/Thumbs.db', 'desktop.ini',
                 '.DS_Store'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_pictures(tmp_path) == ([tmp_path / 'a/c.png', tmp_path / 'b.JPG'], {})
    assert find_pictures(tmp_path / 'b.JPG') == ([tmp_path / 'b.JPG'], {})


@pytest.mark.parametrize('name, message', [
    ('notes.txt', 'notes.txt: not a picture'), ('drive.mp4', 'give a video by its own name')])
def test_a_file_of_another_kind_is_named(tmp_path, name, message):
    (tmp_path / name).touch()
    (pictures, others) = find_pictures(tmp_path)
    assert not pictures and list(others) == [tmp_path / name]
    with pytest.raises(ValueError, match=message):
        refuse_broken(others, others, 'do this')
    with pytest.raises(ValueError, match=message):
        find_pictures(tmp_path / name)


def test_of_many_broken_files_a_few_are_named_and_all_counted(tmp_path):
    def check(path):
        if path.stem != '3':
            raise ValueError(f'{path}: is broken')

    paths = [tmp_path / f'{k}.png' for k in range(8)]
    broken = find_broken(paths, check)
    assert list(broken) == paths[:3] + paths[4:] and set(broken.values()) == {'is broken'}
    with pytest.raises(ValueError) as error:
        refuse_broken(broken, paths, 'Do this')
    first, *named, more, last = str(error.value).splitlines()
    assert first.startswith('7 of 8 files') and last == 'Do this'
    assert [line.strip() for line in named] == [f'{path}: is broken' for path in (
        *paths[:3], *paths[4:6])]
    assert more.strip() == 'and 2 more'
    refuse_broken({}, paths, 'Do this')


def test_nothing_to_look_at_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match='no pictures in this folder'):
        find_pictures(tmp_path)
    with pytest.raises(FileNotFoundError, match='none.png: no such file'):
        find_pictures(tmp_path / 'none.png')


def test_frames_come_once_in_order_and_with_their_rate(video):
    assert is_video(video) and not is_video(video.parent)
    opened = Video(video)
    greys = [frame.mean() for frame in opened]
    assert greys == pytest.approx(range(0, 210, 30), abs=4)
    assert opened.fps == pytest.approx(12.5) and opened.announced == 7


def test_a_video_can_be_read_again(video):
    opened = Video(video)
    assert next(iter(opened)).mean() < 4  # stopped at the first frame
    assert [len(list(opened)) for _ in range(2)] == [7, 7]


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(ValueError, match='text.mp4: cannot be read as a video'):
        Video(tmp_path / 'text.mp4')
    with pytest.raises(FileNotFoundError, match='none.mp4'):
        Video(tmp_path / 'none.mp4')


def test_a_video_that_was_cut_off_is_told(video, capsys):
    opened = Video(video)
    opened.announced = 9
    list(opened)
    assert '7 frames could be decoded, the file announces 9' in capsys.readouterr().err


def test_batches_are_lazy_and_lose_nothing():
    taken = []
    made = batches((taken.append(k) or k for k in range(5)), 2)
    assert next(made) == [0, 1] and taken == [0, 1]
    assert list(made) == [[2, 3], [4]]

import os

import numpy as np
import pytest
from PIL import Image

from plugins.visualization.inputs import (
    Video,
    batches,
    check_pictures,
    find_files,
    is_video,
    write_video,
)
from tests.conftest import full_disk


@pytest.fixture
def video(tmp_path):
    """Seven frames of 64 x 49 pixels, each of one grey, at 12.5 frames a second."""
    path = tmp_path / 'drive.mp4'
    write_video(path, (np.full((49, 64, 3), grey, np.uint8) for grey in range(0, 210, 30)), 12.5)
    return path


def test_files_of_a_folder_and_those_below_it_sorted_without_hidden_ones(tmp_path):
    for name in ('b.JPG', 'a/c.png', 'a/.thumb.png', '.cache/d.png', 'a/Thumbs.db', 'desktop.ini',
                 '.DS_Store'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_files(tmp_path) == [tmp_path / 'a/c.png', tmp_path / 'b.JPG']
    assert find_files(tmp_path / 'b.JPG') == [tmp_path / 'b.JPG']
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='no pictures in this folder'):
        find_files(tmp_path / 'empty')


def test_linked_folders_are_read_and_what_cannot_be_read_is_named(tmp_path):
    given, other = tmp_path / 'in', tmp_path / 'other'
    for folder in (given, other):
        folder.mkdir()
        Image.new('RGB', (3, 3)).save(folder / 'a.png')
    (given / 'linked').symlink_to(other)
    (given / 'gone.png').symlink_to(tmp_path / 'none.png')
    (given / 'gone').symlink_to(tmp_path / 'none')
    os.mkfifo(given / 'pipe.png')
    files = find_files(given)
    assert [path.relative_to(given).as_posix() for path in files] == [
        'a.png', 'gone', 'gone.png', 'linked/a.png', 'pipe.png']
    with pytest.raises(ValueError, match='^3 of 5 files') as raised:
        check_pictures(files)
    assert [line.strip().partition(';')[0] for line in str(raised.value).splitlines()[1:-1]] == [
        f'{given}/gone: not a picture', f'{given}/gone.png: cannot be decoded as an image ([Errno '
        f"2] No such file or directory: '{given}/gone.png')", f'{given}/pipe.png: not a file']
    (other / 'back').symlink_to(given)
    with pytest.raises(OSError, match='in/linked/back: is, by a link, a folder that it lies in'):
        find_files(given)


@pytest.mark.parametrize('text', [
    '#EXTM3U\n#\x01\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n',
    'ffconcat version 1.0\n#\x01\nfile {}\n'])
def test_a_playlist_shows_no_other_file(text, video):
    playlist = video.with_name('list.mp4')
    playlist.write_text(text.format(video.name))
    with pytest.raises(ValueError, match='list.mp4: cannot be read as a video'):
        Video(playlist)


def test_of_many_broken_files_a_few_are_named_and_all_counted(tmp_path):
    paths = [tmp_path / 'drive.mp4', tmp_path / 'notes.txt',
             *(tmp_path / f'{k}.png' for k in range(8))]
    Image.new('RGB', (3, 3)).save(paths[5])
    with pytest.raises(ValueError, match='9 of 10 files') as raised:
        check_pictures(paths)
    first, *named, last = str(raised.value).splitlines()
    assert first.startswith('9 of 10 files') and last == 'Mend them, or move them elsewhere'
    assert 'give a video by its own name' in named[0]
    assert ': not a picture; expected a file named *.jpg' in named[1]
    assert ': cannot be decoded' in named[2]
    assert [line.strip().split(':')[0] for line in named] == [str(path) for path in paths[:5]]
    assert named[-1].endswith(' and 4 more')
    with pytest.raises(ValueError, match=f'^{paths[2]}: cannot be .*; correct its name or its'):
        check_pictures(paths[2:3])


def test_frames_come_once_in_order_and_with_their_rate(video, capsys):
    assert is_video(video) and not is_video(video.parent)
    opened = Video(video)
    greys = [frame.mean() for frame in opened]
    assert greys == pytest.approx(range(0, 210, 30), abs=4)
    assert opened.fps == pytest.approx(12.5) and opened.announced == 7
    opened = Video(video)
    opened.announced = 9
    list(opened)
    assert '7 frames could be decoded, the file announces 9' in capsys.readouterr().err


def test_a_name_that_opencv_cannot_open_is_refused(video):
    odd = video.rename(video.with_name(os.fsdecode(b'v\xe9.mp4')))
    with pytest.raises(ValueError, match='mp4: rename it, OpenCV reads UTF-8 names'):
        Video(odd)
    with pytest.raises(ValueError, match='mp4: rename it, OpenCV reads UTF-8 names'):
        write_video(odd, [np.zeros((48, 64, 3), np.uint8)], 12.5)


def test_batches_are_lazy_and_lose_nothing():
    taken = []
    made = batches((taken.append(k) or k for k in range(5)), 2)
    assert next(made) == [0, 1] and taken == [0, 1]
    assert list(made) == [[2, 3], [4]]


def test_a_video_on_a_full_disk_is_an_error(tmp_path):
    with full_disk(200), pytest.raises(OSError, match="is the disk full.: '.*full.mp4'"):
        write_video(tmp_path / 'full.mp4', 3 * [np.zeros((48, 64, 3), np.uint8)], 12.5)

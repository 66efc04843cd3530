import json
import multiprocessing
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from plugins.engine.files import (
    REPO_ROOT,
    check_file,
    check_folder,
    lock,
    replacing,
    replacing_folder,
    resolve_path,
    shown_path,
    write_json,
    write_text,
    write_texts,
)
from tests.conftest import full_disk


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


def test_a_matrix_takes_a_line_for_each_row(tmp_path):
    result = dict(confusion_matrix=[[12, 0], [3, 4]], numbers=[1.5, None], text='[ 1,  2]', none=[],
                  history=[dict(epoch=1)], names=['a', 'b'])
    write_json(tmp_path / 'result.json', result)
    text = (tmp_path / 'result.json').read_text()
    assert json.loads(text) == result
    assert '    [12, 0],\n    [3, 4]\n' in text and '"numbers": [1.5, null]' in text


def test_a_link_is_followed_and_a_device_is_written_to(tmp_path):
    (tmp_path / 'link').symlink_to(tmp_path / 'target')
    write_text(tmp_path / 'link', '1')
    assert (tmp_path / 'link').is_symlink() and (tmp_path / 'target').read_text() == '1'
    write_text(Path('/dev/null'), '1')
    assert not Path('/dev/null').is_file()


def test_a_full_disk_names_the_file_and_leaves_no_half_one(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_text('old')
    with full_disk(1000):
        for write in (lambda: write_text(path, 5000 * 'x'),
                      lambda: write_texts({path: 5000 * 'x', tmp_path / 'b': ''})):
            with pytest.raises(OSError, match=f"File too large: '{path}'$"):
                write()
        with pytest.raises(OSError, match=f'{path}: cannot be written; is the disk full'), \
                replacing(path) as partial:
            torch.save(torch.zeros(5000), partial)
        with pytest.raises(OSError, match=f"File too large: '{tmp_path}/out'$"), \
                replacing_folder(tmp_path / 'out') as made:
            (made / 'a').write_bytes(5000 * b'x')
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_an_error_that_is_not_of_writing_stays_as_it_is(tmp_path):
    for error in (FileNotFoundError(2, 'none', '/other'), OSError('my own'), RuntimeError('x')):
        with pytest.raises(type(error)) as found, replacing(tmp_path / 'a'):
            raise error
        assert found.value is error


def test_devices_pipes_and_links_keep_their_place(tmp_path):
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_text(Path('/dev/full'), '1')
    os.mkfifo(tmp_path / 'pipe')
    reader = os.open(tmp_path / 'pipe', os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / 'pipe', 'through')
    assert os.read(reader, 99) == b'through'
    os.close(reader)
    with pytest.raises(FileExistsError, match='/dev/null: is a file, expected a folder'):
        check_folder(Path('/dev/null'))
    (tmp_path / 'link').symlink_to(tmp_path / 'real')
    for number in '12':
        with replacing_folder(tmp_path / 'link', True) as made:
            (made / 'r').write_text(number)
    assert (tmp_path / 'link').is_symlink() and (tmp_path / 'real/r').read_text() == '2'
    with pytest.raises(OSError, match='/proc: is a mount point'):
        check_folder(Path('/proc'))


def test_what_a_tool_writes_to_standard_output_goes_through_a_pipe():
    code = ('from pathlib import Path; from plugins.engine.files import check_file, write_text; '
            'out = Path("/dev/stdout"); check_file(out); write_text(out, "text")')
    assert subprocess.run([sys.executable, '-c', code], cwd=REPO_ROOT, check=True,
                          capture_output=True).stdout == b'text'


def test_names_of_any_bytes(tmp_path):
    odd = os.fsdecode(b'caf\xe9 %#?"\n\x85')
    write_text(tmp_path / odd, f'{odd!r} {odd[3]}')
    assert (tmp_path / odd).read_text() == f'{odd!r} \\udce9'
    for number in '12':
        with replacing_folder(tmp_path / f'{odd}.d', True) as made:
            (made / 'r').write_text(number)
            (made / odd).touch()
    assert (tmp_path / f'{odd}.d/r').read_text() == '2'


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
    with pytest.raises(ValueError, match='broken'), replacing_folder(place) as made:
        (made / 'half').touch()
        raise ValueError('broken')
    assert not place.exists() and not list(place.parent.iterdir())
    with replacing_folder(place) as made:
        (made / 'r.json').write_text('1')
    assert (place / 'r.json').read_text() == '1' and [place] == list(place.parent.iterdir())


def test_earlier_results_are_replaced_only_when_asked_and_only_by_complete_ones(tmp_path):
    place = tmp_path / 'out'
    with replacing_folder(place) as made:
        for name in ('r.json', 'old.png'):
            (made / name).write_text('old')
    with pytest.raises(FileExistsError, match='contains earlier results.*--overwrite'):
        check_folder(place)
    with pytest.raises(ValueError), replacing_folder(place, True):
        raise ValueError
    assert (place / 'old.png').read_text() == 'old'
    with replacing_folder(place, True) as made:
        (made / 'r.json').write_text('new')
    assert sorted(path.name for path in place.iterdir()) == ['.files', 'r.json']


def test_what_a_user_put_beside_the_results_is_never_replaced(tmp_path):
    place = tmp_path / 'out'
    with replacing_folder(place) as made:
        (made / 'r.json').write_text('old')
        (made / 'sub').mkdir()
        (made / 'sub/a.png').touch()
    check_folder(place, True)
    with pytest.raises(FileExistsError, match='out: contains notes.txt, not in'), \
            replacing_folder(place, True) as made:
        (made / 'r.json').write_text('new')
        (place / 'notes.txt').write_text('mine')  # while the new results are made
    assert (place / 'notes.txt').read_text() == 'mine' and (place / 'sub/a.png').is_file()
    (place / 'sub/b.png').touch()
    with pytest.raises(FileExistsError, match='contains notes.txt, sub/b.png, not'):
        check_folder(place, True)
    for name in ('notes.txt', 'sub/b.png'):
        (place / name).unlink()
    check_folder(place, True)


def test_a_folder_of_other_files_or_a_wrong_place_is_refused(tmp_path):
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(FileExistsError, match='contains photo.jpg, not in the list'):
        check_folder(tmp_path, True)
    with pytest.raises(FileExistsError, match='is a file'):
        check_folder(tmp_path / 'photo.jpg', True)
    with pytest.raises(NotADirectoryError, match='new/out: cannot be written, .*jpg is a file'):
        check_folder(tmp_path / 'photo.jpg/new/out')
    check_folder(tmp_path / 'new/out')
    assert [path.name for path in tmp_path.iterdir()] == ['photo.jpg']


def test_earlier_results_come_back_when_the_new_ones_cannot_take_their_place(tmp_path, monkeypatch):
    place = tmp_path / 'out'
    with replacing_folder(place) as made:
        (made / 'r.json').write_text('old')
    rename = os.rename

    def fails_for_the_new(source, target):
        if Path(source).name == 'made':
            raise OSError('busy')
        rename(source, target)

    monkeypatch.setattr(os, 'rename', fails_for_the_new)
    with pytest.raises(OSError, match='busy'), replacing_folder(place, True) as made:
        (made / 'r.json').write_text('new')
    assert (place / 'r.json').read_text() == 'old' and list(tmp_path.iterdir()) == [place]


def test_what_a_killed_process_left_is_replaced_and_a_running_one_is_not_disturbed(
        tmp_path, in_another_process):
    for left in ('made', 'earlier'):
        (tmp_path / '.out.partial' / left).mkdir(parents=True)
        (tmp_path / '.out.partial' / left / 'half').touch()
    with in_another_process(tmp_path / '.out.partial'), \
            pytest.raises(BlockingIOError, match='in use by process'), \
            replacing_folder(tmp_path / 'out'):
        pass
    with replacing_folder(tmp_path / 'out') as made:
        (made / 'whole').touch()
    assert [path.name for path in tmp_path.iterdir()] == ['out']
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'.files', 'whole'}


@pytest.mark.skipif(not Path('/proc/self').is_dir(), reason='needs /proc, which takes no files')
def test_a_file_system_that_takes_no_folders_is_noticed():
    with pytest.raises(OSError, match='/proc/new/out: cannot be written, no file can be created'):
        check_folder(Path('/proc/new/out'))


def test_relative_paths_lead_here_first_then_to_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_path('data/x') == REPO_ROOT / 'data/x'
    (tmp_path / 'data/x').mkdir(parents=True)
    assert resolve_path('data/x') == tmp_path / 'data/x'
    assert shown_path(REPO_ROOT / 'data/x') == 'data/x' and shown_path('/a/b') == '/a/b'
    assert shown_path(tmp_path / 'x', tmp_path) == 'x'


def test_another_process_is_refused_until_the_first_one_is_killed(tmp_path, in_another_process):
    with in_another_process(tmp_path / 'new') as pid:
        with pytest.raises(BlockingIOError) as caught:
            lock(tmp_path / 'new')
        assert f'is in use by process {pid} on {platform.node()}; wait' in str(caught.value)
        lock(tmp_path / 'other').close()
    with lock(tmp_path / 'new'):
        assert str(os.getpid()) in (tmp_path / 'new/.lock').read_text()


@pytest.mark.parametrize('name', ['.lock', 'test', 'confusion_matrix.png'])
def test_a_link_in_a_folder_of_results_changes_nothing_elsewhere(name, tmp_path):
    (tmp_path / 'thesis').write_text('mine')
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / name).symlink_to(tmp_path / 'thesis')
    with pytest.raises(FileExistsError, match=f'run/{name}: is a link'):
        lock(tmp_path / 'run')
    assert (tmp_path / 'thesis').read_text() == 'mine'


@pytest.mark.parametrize('make', [
    Path.mkdir, os.mkfifo, lambda path: path.write_text('mine')], ids=['folder', 'pipe', 'file'])
def test_what_has_the_name_of_the_lock_is_kept(make, tmp_path):
    make(tmp_path / '.lock')
    with pytest.raises(FileExistsError, match=r'\.lock: is not the lock'):
        lock(tmp_path)
    assert (tmp_path / '.lock').exists()


def test_a_forked_worker_does_not_keep_the_lock(tmp_path, in_another_process):
    file = lock(tmp_path)
    leave = multiprocessing.get_context('fork').Event()
    worker = multiprocessing.get_context('fork').Process(target=leave.wait)
    worker.start()
    file.close()  # as when this process is killed
    with in_another_process(tmp_path) as pid:
        assert pid
    leave.set()
    worker.join()

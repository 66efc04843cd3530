"""The command line: what it makes, rejects and leaves behind."""
import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tools.misc import make_sample_data, sample_layouts
from tools.misc.make_sample_data import main

SMALL = {'digits': 40, 'cifar10': 24, 'cifar100': 200, 'cub200': 6, 'flowers': 10, 'mit8': 16,
         'kitti': 3}
COMMON = ['--side', '48', '--species', '3', '--kitti-width', '310']
FOLDERS = {'digits': 'digits', 'cifar10': 'cifar10/cifar-10-batches-py',
           'cifar100': 'cifar100/cifar-100-python', 'cub200': 'CUB_200_2010',
           'flowers': 'flower_photos', 'mit8': 'MIT_split', 'kitti': 'kitti'}


def make(out: Path, *names: str, options: tuple[str, ...] = ()) -> dict[str, Path]:
    sizes = [f'{name}={SMALL[name]}' for name in names]
    return main([str(out), '--sets', *names, '--size', *sizes, *COMMON, *options])


def digest(folder: Path) -> dict[str, str]:
    """Path and hash of every file below a folder."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def all_sets(tmp_path_factory):
    return make(tmp_path_factory.mktemp('all'), *SMALL)


def test_makes_the_folder_of_every_set_and_nothing_else(all_sets):
    out = all_sets['digits'].parent
    assert all_sets == {name: out / folder for name, folder in FOLDERS.items()}
    assert {path.name for path in out.iterdir()} == {
        folder.split('/')[0] for folder in FOLDERS.values()}
    assert len(list((out / 'cifar10').iterdir())) == 1


def test_same_seed_same_bytes_whatever_the_order_and_another_seed_other_ones(all_sets, tmp_path):
    again = make(tmp_path / 'again', *reversed(SMALL))
    other = make(tmp_path / 'other', *SMALL, options=('--seed', '1'))
    for name, folder in all_sets.items():
        assert digest(again[name]) == digest(folder) != digest(other[name]), name


def test_first_scenes_do_not_depend_on_how_many_are_made(all_sets, tmp_path):
    main([str(tmp_path), '--sets', 'kitti', '--size', 'kitti=1', *COMMON])
    for path, value in digest(tmp_path / 'kitti' / 'training').items():
        assert digest(all_sets['kitti'] / 'training')[path] == value


def test_existing_sets_are_kept_unless_overwrite(tmp_path):
    make(tmp_path, 'digits')
    before = digest(tmp_path)
    with pytest.raises(FileExistsError, match=r'digits: holds earlier results.* --overwrite'):
        make(tmp_path, 'flowers', 'digits', options=('--seed', '1'))
    assert digest(tmp_path) == before, 'rejected before anything is made'
    make(tmp_path, 'flowers', 'digits', options=('--seed', '1', '--overwrite'))
    assert digest(tmp_path) != before and (tmp_path / 'flower_photos').is_dir()
    assert not before.keys() <= digest(tmp_path).keys(), 'the old files are gone'


def test_files_of_the_user_are_never_replaced(tmp_path):
    (tmp_path / 'digits').mkdir()
    make(tmp_path, 'digits')  # an empty folder is no obstacle
    (tmp_path / 'digits' / 'mine.txt').write_text('mine')
    (tmp_path / 'kitti').mkdir()
    (tmp_path / 'kitti' / 'mine.txt').write_text('mine')
    for name in ('digits', 'kitti'):
        with pytest.raises(FileExistsError, match=f'{name}: holds'):
            make(tmp_path, name, options=('--overwrite',))
        assert (tmp_path / name / 'mine.txt').read_text() == 'mine'


@pytest.mark.parametrize('error', [KeyboardInterrupt, OSError(28, 'No space left on device')])
def test_failure_half_way_keeps_the_old_set(monkeypatch, tmp_path, error):
    make(tmp_path, 'kitti')
    before, calls, draw = digest(tmp_path), [], sample_layouts.draw_scene

    def fail(*args):
        calls.append(1)
        if len(calls) == 2:
            raise error
        return draw(*args)

    monkeypatch.setattr(sample_layouts, 'draw_scene', fail)
    with pytest.raises((KeyboardInterrupt, OSError)):
        make(tmp_path, 'kitti', options=('--overwrite',))
    assert digest(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ['kitti']


@pytest.mark.parametrize(('argv', 'words'), [
    (['--sets', 'imagenet'], ['imagenet', 'digits']),
    (['--size', 'imagenet=5'], ['imagenet=5', 'digits']),
    (['--size', 'kitti'], ["'kitti'", 'SET=N']),
    (['--size', 'kitti=-3'], ['kitti=-3']),
    (['--size', 'kitti=0'], ['kitti=0', 'at least 1']),
    (['--size', 'cifar10=19'], ['cifar10=19', 'at least 20']),
    (['--size', 'cifar100=199'], ['at least 200']),
    (['--size', 'mit8=15'], ['at least 16']),
    (['--size', 'cub200=9', '--species', '5'], ['at least 10']),
    (['--size', 'digits=1798'], ['at most 1797']),
    (['--sets', 'digits', '--size', 'kitti=5'], ['kitti', '--sets']),
    (['--species', '201'], ['species=201', 'at most 200']),
    (['--kitti-width', '127'], ['kitti_width=127', 'at least 128']),
    (['--seed', '-1'], ['-1']),
])
def test_wrong_arguments_are_named(capsys, tmp_path, argv, words):
    with pytest.raises((SystemExit, ValueError)) as stop:
        main([str(tmp_path / 'out'), *argv])
    message = capsys.readouterr().err + str(stop.value)
    assert all(word in message for word in words), message
    assert not (tmp_path / 'out').exists()


def test_out_that_cannot_be_a_folder(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(NotADirectoryError, match='file is a file, not a folder'):
        main([str(tmp_path / 'file' / 'out')])


def test_command_line_from_another_folder(tmp_path):
    script = Path(make_sample_data.__file__).resolve()
    command = [sys.executable, str(script), 'out', '--sets', 'kitti', '--size', 'kitti=1']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 'kitti: 1 images in' in done.stdout.replace('\n', ' ')
    image = cv2.imread(str(tmp_path / 'out/kitti/training/image_2/000000.png'))
    assert image.shape == (188, 621, 3)

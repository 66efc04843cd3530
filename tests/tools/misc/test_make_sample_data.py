"""The command line: what it makes, refuses and leaves behind."""
import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tools.misc import make_sample_data, sample_layouts
from tools.misc.make_sample_data import main

SMALL = {'digits': 40, 'cifar10': 24, 'cifar100': 200, 'cub200': 6, 'flowers': 10, 'mit8': 16,
         'kitti': 3}
COMMON = ['--side', '48', '--species', '3', '--kitti-width', '310']


def sizes(names):
    return ['--size', *(f'{name}={SMALL[name]}' for name in names)]


def make(out: Path, *names: str, seed: int = 0) -> dict[str, Path]:
    return main([str(out), '--sets', *names, *sizes(names), *COMMON, '--seed', str(seed)])


def digest(folder: Path) -> dict[str, str]:
    """Path and hash of every file below a folder."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def all_sets(tmp_path_factory):
    out = tmp_path_factory.mktemp('all')
    return make(out, *SMALL)


def test_returns_the_folder_of_every_set(all_sets):
    names = {name: path.parts[-1] for name, path in all_sets.items()}
    assert names == {'digits': 'digits', 'cifar10': 'cifar-10-batches-py',
                     'cifar100': 'cifar-100-python', 'cub200': 'CUB_200_2010',
                     'flowers': 'flower_photos', 'mit8': 'MIT_split', 'kitti': 'kitti'}
    assert all(path.is_dir() for path in all_sets.values())


def test_leaves_nothing_but_the_sets(all_sets):
    out = all_sets['digits'].parent
    assert sorted(path.name for path in out.iterdir()) == [
        'CUB_200_2010', 'MIT_split', 'cifar10', 'cifar100', 'digits', 'flower_photos', 'kitti']
    assert len(list((out / 'cifar10').iterdir())) == 1


def test_same_seed_same_bytes_whatever_the_order(all_sets, tmp_path):
    again = make(tmp_path, *reversed(SMALL))
    for name, folder in all_sets.items():
        assert digest(again[name]) == digest(folder), name


def test_another_seed_draws_something_else(all_sets, tmp_path):
    other = make(tmp_path, *SMALL, seed=1)
    for name, folder in all_sets.items():
        assert digest(other[name]) != digest(folder), name


def test_first_scenes_do_not_depend_on_how_many_are_made(all_sets, tmp_path):
    main([str(tmp_path), '--sets', 'kitti', '--size', 'kitti=1', *COMMON])
    for path, value in digest(tmp_path / 'kitti').items():
        assert digest(all_sets['kitti'])[path] == value


def refused(capsys, argv) -> str:
    """The last line that a refused command leaves on stderr."""
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in argv])
    assert stop.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_existing_set_is_kept_unless_overwrite(capsys, tmp_path):
    keep = tmp_path / 'digits' / 'mine.txt'
    keep.parent.mkdir()
    keep.write_text('mine')
    neighbour = tmp_path / 'kitti' / 'mine.txt'
    neighbour.parent.mkdir()
    neighbour.write_text('mine')
    argv = [tmp_path, '--sets', 'flowers', 'digits', *sizes(['flowers', 'digits']), *COMMON]

    message = refused(capsys, argv)
    assert str(tmp_path / 'digits') in message and '--overwrite' in message
    assert keep.read_text() == 'mine'
    assert not (tmp_path / 'flower_photos').exists(), 'refused before anything is made'

    main([str(arg) for arg in [*argv, '--overwrite']])
    assert not keep.exists() and (tmp_path / 'digits' / 'train' / '0').is_dir()
    assert neighbour.read_text() == 'mine', 'only the named sets are replaced'


def test_empty_folder_is_no_obstacle(tmp_path):
    (tmp_path / 'digits').mkdir()
    make(tmp_path, 'digits')
    assert (tmp_path / 'digits' / 'test').is_dir()


def test_failure_half_way_keeps_the_old_set(monkeypatch, tmp_path):
    make(tmp_path, 'kitti')
    before = digest(tmp_path)

    def fail(rng, camera, calls=[]):  # noqa: B006 - counts the calls
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return np.zeros((4, 4, 3), np.uint8), []

    monkeypatch.setattr(sample_layouts, 'draw_scene', fail)
    with pytest.raises(KeyboardInterrupt):
        main([str(tmp_path), '--sets', 'kitti', '--overwrite', *sizes(['kitti'])])
    assert digest(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ['kitti']


@pytest.mark.parametrize(('argv', 'words'), [
    (['--sets', 'imagenet'], ['imagenet', 'digits']),
    (['--size', 'imagenet=5'], ['imagenet=5', 'digits']),
    (['--size', 'kitti'], ["'kitti'", 'SET=N']),
    (['--size', 'kitti=-3'], ['kitti=-3']),
    (['--size', 'kitti=0'], ['kitti=0', 'at least 1 ']),
    (['--size', 'cifar10=19'], ['cifar10=19', 'at least 20 ']),
    (['--size', 'cifar100=199'], ['at least 200 ']),
    (['--size', 'mit8=15'], ['at least 16 ']),
    (['--size', 'cub200=9', '--species', '5'], ['at least 10 ']),
    (['--size', 'digits=1798'], ['1797']),
    (['--sets', 'digits', '--size', 'kitti=5'], ['kitti', '--sets']),
    (['--species', '201'], ['201', '1 to 200']),
    (['--kitti-width', '0'], ['from 128']),
    (['--seed', '-1'], ['-1']),
])
def test_wrong_arguments_are_named(capsys, tmp_path, argv, words):
    message = refused(capsys, [tmp_path / 'out', *argv])
    assert all(word in message for word in words), message
    assert not (tmp_path / 'out').exists()


def test_out_that_cannot_be_a_folder(capsys, tmp_path):
    file = tmp_path / 'file'
    file.write_text('')
    assert f'{file} exists and is not a folder' in refused(capsys, [file / 'out'])


def test_write_error_is_one_sentence(capsys, monkeypatch, tmp_path):
    def full(path, image, *options):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(sample_layouts, 'save_image', full)
    message = refused(capsys, [tmp_path, '--sets', 'digits'])
    assert message.endswith(f'Cannot write to {tmp_path}: No space left on device.')


def test_command_line_from_another_folder(tmp_path):
    script = Path(make_sample_data.__file__).resolve()
    command = [sys.executable, str(script), 'out', '--sets', 'kitti', '--size', 'kitti=1']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 'kitti: 1 images in' in done.stdout.replace('\n', ' ')
    image = cv2.imread(str(tmp_path / 'out/kitti/training/image_2/000000.png'))
    assert image.shape == (188, 621, 3)

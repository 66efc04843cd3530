"""The command line: what it makes, rejects and leaves behind."""
import hashlib
import re
from pathlib import Path

import pytest

from tools.misc.make_sample_data import main

SMALL = {'digits': 40, 'cifar10': 24, 'cifar100': 200, 'cub200': 6, 'flowers': 10, 'mit8': 16,
         'kitti': 3}
FOLDERS = {'digits': 'digits', 'cifar10': 'cifar10/cifar-10-batches-py',
           'cifar100': 'cifar100/cifar-100-python', 'cub200': 'CUB_200_2010',
           'flowers': 'flower_photos', 'mit8': 'MIT_split', 'kitti': 'kitti'}


def make(out: Path, *options: str, sets: dict[str, int] = SMALL) -> dict[str, Path]:
    sizes = [f'{name}={size}' for name, size in sets.items()]
    return main([str(out), '--sets', *sets, '--size', *sizes, '--side', '48', '--species', '3',
                 '--kitti-width', '310', *options])


def digest(folder: Path) -> dict[str, str]:
    """Path and hash of every file below a folder, but for the list of files."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob('*') if path.is_file() and path.name != '.files'}


def test_folders_and_what_the_seed_decides(tmp_path):
    first = make(tmp_path / 'a')
    assert first == {name: tmp_path / 'a' / folder for name, folder in FOLDERS.items()}
    assert len(list((tmp_path / 'a').iterdir())) == 7, 'nothing else'
    again = make(tmp_path / 'b', sets=dict(reversed(SMALL.items())))
    other = make(tmp_path / 'c', '--seed', '1')
    for name, folder in first.items():
        assert digest(again[name]) == digest(folder) != digest(other[name]), name
    fewer = digest(make(tmp_path / 'd', sets={'kitti': 1})['kitti'])
    assert len(fewer) == 2 and fewer.items() < digest(first['kitti']).items()


def test_only_earlier_sets_are_replaced_and_only_with_overwrite(tmp_path):
    make(tmp_path, sets={'kitti': 1})
    before, two = digest(tmp_path), {'flowers': 5, 'kitti': 1}
    with pytest.raises(FileExistsError, match=r'kitti: contains earlier results.* --overwrite'):
        make(tmp_path, '--seed', '1', sets=two)
    assert digest(tmp_path) == before, 'rejected before anything is made'
    make(tmp_path, '--seed', '1', '--overwrite', sets=two)
    assert len(digest(tmp_path)) == 7 and not before.items() <= digest(tmp_path).items()
    (tmp_path / 'kitti' / 'mine.txt').write_text('mine')
    with pytest.raises(FileExistsError, match='kitti: contains mine.txt'):
        make(tmp_path, '--overwrite', sets=two)
    assert (tmp_path / 'kitti' / 'mine.txt').read_text() == 'mine'


@pytest.mark.parametrize(('argv', 'message'), [
    (['--sets', 'imagenet'], 'imagenet.*digits'),
    (['--size', 'imagenet=5'], 'imagenet=5.*digits'),
    (['--size', 'kitti=0'], 'kitti=0, .*at least 1'),
    (['--size', 'cub200=9', '--species', '5'], 'at least 10'),
    (['--size', 'digits=1798'], 'at most 1797'),
    (['--sets', 'digits', '--size', 'kitti=5'], 'kitti, which --sets leaves out'),
    (['--species', '201'], 'species=201, .*at most 200'),
    (['--kitti-width', '127'], 'kitti_width=127, .*at least 128'),
])
def test_wrong_arguments_are_named(capsys, tmp_path, argv, message):
    with pytest.raises((SystemExit, ValueError)) as stop:
        main([str(tmp_path / 'out'), *argv])
    assert re.search(message, f'{stop.value}\n{capsys.readouterr().err}')
    assert not (tmp_path / 'out').exists()

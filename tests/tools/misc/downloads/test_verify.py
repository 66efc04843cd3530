import subprocess

import pytest

from tools.misc.downloads.catalogue import DATA_SETS, Archive
from tools.misc.downloads.verify import (
    check_archive,
    digest_of,
    empty_files,
    sha256_of,
    wrong_counts,
)

# FIPS 180-2, example B.1
ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'


@pytest.fixture
def folder(tmp_path):
    for name in ('b/2.jpg', 'a/1.jpg', 'a/._1.jpg', '.DS_Store'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('abc')
    return tmp_path


def test_the_official_archive_passes_and_others_do_not(folder):
    path = folder / 'a' / '1.jpg'
    assert sha256_of(path) == ABC
    check_archive(path, Archive('x', 3, ABC))
    check_archive(path, Archive('x'))
    with pytest.raises(ValueError, match='has 3 bytes; expected the official 4 of x'):
        check_archive(path, Archive('x', 4, ABC))
    with pytest.raises(ValueError, match=f'SHA-256 is {ABC}; expected the official 00 of x'):
        check_archive(path, Archive('x', 3, '00'))


def test_counts_of_visible_files(folder):
    assert wrong_counts(folder, {'a/*.jpg': 1, 'b/*': 1, '*': 2}) == []
    assert wrong_counts(folder, {'*/*.jpg': 3, 'c/*': 1}) == [
        '*/*.jpg: 2 instead of 3', 'c/*: 0 instead of 1']


def test_the_digest_is_that_of_sha256sum(folder):
    command = "find . -type f -not -name '.*' | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum"
    lines = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True).stdout
    assert lines.count(b'\n') == 2
    (folder.parent / 'lines').write_bytes(lines)
    assert digest_of(folder) == sha256_of(folder.parent / 'lines')


def test_the_catalogue_knows_the_reports_figures():
    def total(name, pattern=''):
        return sum(count for key, count in DATA_SETS[name].counts.items() if pattern in key)
    # EXPERIMENTS.md: D, E, B; KITTI's and CIFAR's own pages
    assert total('flower_photos') == 3670
    assert (total('mit_split', 'train/'), total('mit_split', 'test/')) == (1881, 807)
    assert DATA_SETS['cub200'].counts['images/*/*.jpg'] == 6033
    assert set(DATA_SETS['kitti'].counts.values()) == {7481}
    for name, data_set in DATA_SETS.items():
        assert all(archive.urls for archive in data_set.archives) != bool(data_set.by_hand), name
        assert all(archive.sha256 is None or len(archive.sha256) == 64
                   for archive in data_set.archives)
        assert data_set.digest or all(archive.sha256 for archive in data_set.archives), name


def test_empty_files(folder):
    (folder / 'b' / '2.jpg').write_bytes(b'')
    (folder / '._3.jpg').write_bytes(b'')
    assert empty_files(folder, {'a/*.jpg': 1, '*/2.jpg': 1, '*': 2}) == ['b/2.jpg']

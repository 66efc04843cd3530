import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.engine.files import checksum
from tools.misc.download_dataset import DATA_SETS, digest_of, main

SCENES = dict.fromkeys(DATA_SETS['mit_split'].counts, 1)
# What the small archives hold, and how many files the sets then have.
ARCHIVES = {
    'images.tgz': {f'images/{folder}/1.jpg': b'1' for folder in ('001.A', '002.B')},
    'lists.tgz': {f'lists/{part}.txt': b'line' for part in ('files', 'train', 'test')},
    'MIT_split.zip': {f'any/MIT_split/{pattern.replace("*", "1")}': b'1' for pattern in SCENES},
    'data_object_image_2.zip': {f'{part}/image_2/0.png': b'1' for part in ('training', 'testing')},
    'data_object_label_2.zip': {'training/label_2/0.txt': b'1'}}
COUNTS = {'cifar10': DATA_SETS['cifar10'].counts, 'mit_split': SCENES,
          'cub200': {**DATA_SETS['cub200'].counts, 'images/*': 2, 'images/*/*.jpg': 2},
          'kitti': dict.fromkeys(DATA_SETS['kitti'].counts, 1)}


def change(monkeypatch, name, **facts):
    monkeypatch.setitem(DATA_SETS, name, replace(DATA_SETS[name], **facts))


@pytest.fixture
def mirror(tmp_path_factory, monkeypatch, pack):
    """A folder of small archives; the catalogue has their checksums, counts and addresses."""
    from tools.misc.make_sample_data import main as make
    mirror, cifar = tmp_path_factory.mktemp('mirror'), tmp_path_factory.mktemp('cifar')
    batches = make([str(cifar), '--sets', 'cifar10', '--size', 'cifar10=20'])['cifar10']
    pack(mirror / 'cifar-10-python.tar.gz', {
        f'cifar-10-batches-py/{path.name}': path.read_bytes() for path in batches.iterdir()})
    for name, files in ARCHIVES.items():
        pack(mirror / name, {**files, '._x': b'from macOS'})
    for name, counts in COUNTS.items():
        archives = [replace(
            archive, url=archive.url and (mirror / archive.name).as_uri(),
            sha256=archive.sha256 and checksum(mirror / archive.name))
            for archive in DATA_SETS[name].archives]
        change(monkeypatch, name, archives=archives, counts=counts, digest=None)
    return mirror


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(('name', 'content'), [
    ('cifar10', ['batches.meta', *(f'data_batch_{i}' for i in range(1, 6)), 'test_batch']),
    ('cub200', ['images', 'lists']), ('mit_split', ['test', 'train']), ('kitti', ['training'])])
def test_from_a_folder_of_archives(name, content, mirror, tmp_path):
    folder = main([name, '--data-root', str(tmp_path), '--from', str(mirror)])
    assert folder == tmp_path / DATA_SETS[name].folder
    assert names(tmp_path) == [DATA_SETS[name].folder.partition('/')[0]]
    assert names(folder.parent) == [folder.name]  # nothing half made beside it
    assert [name for name in names(folder) if name != '.files'] == content
    assert len(names(mirror)) == 6  # the user's files are left alone


def test_a_downloaded_set_is_left_alone(mirror, tmp_path, capsys):
    arguments = ['cub200', '--data-root', str(tmp_path)]
    folder = main(arguments)
    assert len(list(folder.rglob('*.jpg'))) == 2 and names(tmp_path) == [folder.name]
    assert main(arguments) == folder
    assert 'cub200: has all its files already' in capsys.readouterr().out
    next(folder.rglob('*.jpg')).write_bytes(b'')
    with pytest.raises(ValueError, match=r'exists, but is not the complete cub200 \(images/\*/\*.j'
                                         r'pg: 1 instead of 2; empty files do not count\); move'):
        main(arguments)


def test_a_wrong_or_missing_download_leaves_nothing(mirror, tmp_path):
    for damage, message in (
            (lambda path: path.write_bytes(b'x'), 'lists.tgz: its SHA-256 is .*, expected '),
            (Path.unlink, 'file://.*lists.tgz: cannot be fetched .*No such file.*; get lists.tgz '
             'elsewhere and give its folder with --from; its page is https://ww')):
        damage(mirror / 'lists.tgz')
        with pytest.raises((OSError, ValueError), match=message):
            main(['cub200', '--data-root', str(tmp_path)])
        assert names(tmp_path) == []


def test_a_wrong_file_is_rejected_and_kept(mirror, pack, tmp_path):
    evil = pack(tmp_path / 'evil.zip', {'MIT_split/../../../evil': b''})
    for name, content, file, message in (
            ('cub200', mirror / 'lists.tgz', 'images.tgz', 'SHA-256 is .*, expected '),
            ('mit_split', mirror / 'data_object_label_2.zip', 'MIT_split.zip',
             r'the archive is not the complete set \('),
            ('mit_split', evil, 'MIT_split.zip', 'a path that may leave its folder')):
        shutil.copy(content, mirror / file)
        with pytest.raises(ValueError, match=message):
            main([name, '--data-root', str(tmp_path / 'data'), '--from', str(mirror)])
        assert (mirror / file).exists() and not list((tmp_path / 'data').glob('*'))
    assert names(tmp_path) == ['data', 'evil.zip']


@pytest.mark.parametrize(('arguments', 'message'), [
    (['kitti'], r'licence must be accepted: .*--from FOLDER, which has data_object_image_2.zip'),
    (['mit_split'], r'no stable address; .*--from FOLDER, which has MIT_split.zip'),
    (['kitti', '--from', 'none'], 'none/data_object_image_2.zip: no such file; expected all arch'),
    (['cifar10', '--from', 'cifar-10-python.tar.gz'], 'cifar-10-python.tar.gz: no such file'),
])
def test_instructions_for_what_a_person_has_to_do(arguments, message, tmp_path):
    with pytest.raises((ValueError, OSError), match=message):
        main([*arguments, '--data-root', str(tmp_path)])
    assert names(tmp_path) == []


def test_each_set_has_an_address_or_instructions_and_a_checksum():
    for name, data_set in DATA_SETS.items():
        assert all(archive.url for archive in data_set.archives) != bool(data_set.by_hand), name
        assert data_set.digest or all(len(archive.sha256) == 64 for archive in data_set.archives)
    totals = {name: sum(data_set.counts.values()) for name, data_set in DATA_SETS.items()}
    # EXPERIMENTS.md: D, E and B (with 200 folders and 2 lists); KITTI's own page
    assert totals == {'cifar10': 7, 'cifar100': 3, 'flower_photos': 3670, 'mit_split': 1881 + 807,
                      'cub200': 6033 + 202, 'kitti': 2 * 7481}


def test_the_digest_is_that_of_sha256sum(tmp_path):
    for name in ('b/2.jpg', 'a/1.jpg', 'a/._1.jpg', '.DS_Store'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('abc')
    assert checksum(tmp_path / 'a' / '1.jpg') == (  # FIPS 180-2, example B.1
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    command = "find . -type f -not -name '.*' | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum"
    lines = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True,
                           check=True).stdout
    assert lines.count(b'\n') == 2
    assert digest_of(tmp_path) == hashlib.sha256(lines).hexdigest()

import hashlib
import os
import runpy
import shutil
import socket
import sys
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plugins.classification.datasets import cifar_files
from tools.misc import download_dataset
from tools.misc.download_dataset import main
from tools.misc.downloads.catalogue import DATA_SETS, Archive
from tools.misc.downloads.verify import digest_of

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
    """A folder of small archives; the catalogue has their checksums and counts."""
    from tools.misc.make_sample_data import main as make
    mirror, cifar = tmp_path_factory.mktemp('mirror'), tmp_path_factory.mktemp('cifar')
    batches = make([str(cifar), '--sets', 'cifar10', '--size', 'cifar10=20'])['cifar10']
    pack(mirror / 'cifar-10-python.tar.gz', {
        f'cifar-10-batches-py/{path.name}': path.read_bytes() for path in batches.iterdir()})
    for name, files in ARCHIVES.items():
        pack(mirror / name, {**files, '._x': b'from macOS'})
    for name, counts in COUNTS.items():
        archives = [replace(archive, sha256=archive.sha256 and hashlib.sha256(
            (mirror / archive.name).read_bytes()).hexdigest())
            for archive in DATA_SETS[name].archives]
        change(monkeypatch, name, archives=archives, counts=counts, digest=None)
    return mirror


@pytest.fixture
def served(mirror, monkeypatch):
    """The paths that the mirror, served as the address of CUB-200, was asked for."""
    requests = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_):
            requests.append(self.path)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=mirror)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': .01})
        thread.start()
        change(monkeypatch, 'cub200', archives=[
            replace(archive, url=f'http://127.0.0.1:{server.server_port}/{archive.name}')
            for archive in DATA_SETS['cub200'].archives])
        yield requests
        server.shutdown()
        thread.join()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(('name', 'content'), [
    ('cifar10', ['batches.meta', *(f'data_batch_{i}' for i in range(1, 6)), 'test_batch']),
    ('cub200', ['images', 'lists']), ('mit_split', ['test', 'train']), ('kitti', ['training'])])
def test_from_a_folder_of_archives(name, content, mirror, tmp_path):
    before = names(mirror)
    folder = main([name, '--data-root', str(tmp_path), '--from', str(mirror)])
    assert folder == tmp_path / DATA_SETS[name].folder
    assert names(tmp_path) == [DATA_SETS[name].folder.partition('/')[0]]
    assert names(folder.parent) == [folder.name]  # nothing half made beside it
    assert [name for name in names(folder) if name != '.files'] == content
    assert names(mirror) == before  # the user's files are left alone


def test_from_the_official_address_once(served, tmp_path, capsys):
    folder = main(['cub200', '--data-root', str(tmp_path)])
    assert len(list(folder.rglob('*.jpg'))) == 2 and names(tmp_path) == [folder.name]
    assert served == ['/images.tgz', '/lists.tgz']
    assert main(['cub200', '--data-root', str(tmp_path)]) == folder
    assert len(served) == 2 and 'cub200: has all its files already' in capsys.readouterr().out
    next(folder.rglob('*.jpg')).write_bytes(b'')
    with pytest.raises(ValueError, match=r'exists, but is not the complete cub200 \(images/\*/\*.j'
                                         r'pg: 1 instead of 2; empty files do not count\); move'):
        main(['cub200', '--data-root', str(tmp_path)])


def test_one_archive_from_a_file_and_one_from_the_net(served, mirror, tmp_path):
    main(['cub200', '--data-root', str(tmp_path), '--from', str(mirror / 'images.tgz')])
    assert served == ['/lists.tgz']


def test_other_cifar_files_are_a_warning_and_broken_ones_an_error(mirror, tmp_path, capsys,
                                                                  monkeypatch):
    arguments = ['cifar10', '--data-root', str(tmp_path), '--from', str(mirror)]
    folder = main(arguments)
    for _ in range(2):  # when it is made, and when it is there already
        said = capsys.readouterr().err
        assert said.startswith('Warning: cifar10/cifar-10-batches-py is complete, but batches.meta')
        assert 'test_batch differ from the official files' in said
        main(arguments)
    official = {part: {name: hashlib.md5((folder / name).read_bytes()).hexdigest()
                       for name in files} for part, files in cifar_files.CIFAR10.files.items()}
    with monkeypatch.context() as patch:
        patch.setattr(cifar_files, 'CIFAR10', cifar_files.CIFAR10._replace(files=official))
        capsys.readouterr()
        main(arguments)
        assert capsys.readouterr().err == ''
    batch = folder / 'data_batch_2'
    batch.write_bytes(batch.read_bytes()[:-500])
    with pytest.raises(ValueError, match='data_batch_2: not a CIFAR file or damaged'):
        main(arguments)


def test_other_images_than_the_official_ones_are_a_warning(mirror, tmp_path, capsys, monkeypatch):
    arguments = ['mit_split', '--data-root', str(tmp_path), '--from', str(mirror)]
    change(monkeypatch, 'mit_split', digest='00')
    folder = main(arguments)
    assert 'Warning: MIT_split is complete, but images differ' in capsys.readouterr().err
    change(monkeypatch, 'mit_split', digest=digest_of(folder))
    main(arguments)
    assert capsys.readouterr().err == ''


def test_a_wrong_download_leaves_nothing(served, mirror, tmp_path):
    archive = mirror / 'lists.tgz'
    archive.write_bytes(archive.read_bytes()[:-1] + b'x')
    with pytest.raises(OSError, match=r'lists.tgz cannot be downloaded .*invalid hash'):
        main(['cub200', '--data-root', str(tmp_path)])
    archive.unlink()
    with pytest.raises(OSError, match='cannot be downloaded .*404.*; get it elsewhere and give it'):
        main(['cub200', '--data-root', str(tmp_path)])
    assert names(tmp_path) == []


def test_a_wrong_file_is_rejected_and_kept(mirror, pack, tmp_path):
    shutil.copy(mirror / 'lists.tgz', tmp_path / 'images.tgz')
    evil = pack(tmp_path / 'evil.tar', {'MIT_split/../../../evil': b''})
    for name, file, message in (
            ('cub200', tmp_path / 'images.tgz', 'SHA-256 is .*, expected the official'),
            ('mit_split', mirror / 'lists.tgz', r'the archive is not the complete set \('),
            ('mit_split', evil, 'a path that may leave its folder')):
        with pytest.raises(ValueError, match=message):
            main([name, '--data-root', str(tmp_path / 'data'), '--from', str(file)])
        assert file.exists() and not list((tmp_path / 'data').glob('*'))
    assert names(tmp_path) == ['data', 'evil.tar', 'images.tgz']


@pytest.mark.parametrize('name, source, message', [
    ('kitti', [], r'licence must be accepted: .*--from data_object_image_2.zip data_object_label'),
    ('mit_split', [], r'no stable address; .*MIT_split.zip.*--from MIT_split.zip'),
    ('kitti', ['images.zip', 'labels.zip'], 'images.zip: kitti consists of data_object_image_2'),
    ('cifar10', ['none.tar.gz'], 'none.tar.gz: no such file, expected cifar-10-python.tar.gz'),
])
def test_instructions_for_what_a_person_has_to_do(name, source, message, tmp_path):
    given = ['--from', *source] if source else []
    with pytest.raises((ValueError, OSError), match=message):
        main([name, '--data-root', str(tmp_path), *given])
    assert names(tmp_path) == []


def test_each_set_has_an_address_or_instructions_and_a_checksum():
    for name, data_set in DATA_SETS.items():
        assert all(archive.url for archive in data_set.archives) != bool(data_set.by_hand), name
        assert data_set.digest or all(len(archive.sha256) == 64 for archive in data_set.archives)
    totals = {name: sum(data_set.counts.values()) for name, data_set in DATA_SETS.items()}
    # EXPERIMENTS.md: D, E and B (with 200 folders and 2 lists); KITTI's own page
    assert totals == {'cifar10': 7, 'cifar100': 3, 'flower_photos': 3670, 'mit_split': 1881 + 807,
                      'cub200': 6033 + 202, 'kitti': 2 * 7481}


def test_without_a_network_one_sentence_and_exit_code_1(tmp_path, monkeypatch, capsys):
    change(monkeypatch, 'cifar10', archives=(Archive('x.tgz', url='http://127.0.0.1:1/x.tgz'),))
    monkeypatch.setattr(sys, 'argv', ['x', 'cifar10', '--data-root', str(tmp_path)])
    monkeypatch.setattr(socket, 'setdefaulttimeout', lambda seconds: None)
    monkeypatch.delitem(os.environ, 'MMTRANSFER_TRACEBACK', raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(download_dataset.__file__, run_name='__main__')
    assert ended.value.code == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert error[0].startswith('OSError: x.tgz cannot be downloaded from http://127') and \
        'give it with --from; its page is https://www.cs.toronto.edu/' in error[0]

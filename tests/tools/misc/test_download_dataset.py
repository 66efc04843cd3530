import hashlib
import os
import runpy
import shutil
import socket
import sys
import tarfile
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

SAMPLES = {'cifar10': 'cifar10', 'flower_photos': 'flowers', 'cub200': 'cub200',
           'mit_split': 'mit8', 'kitti': 'kitti'}


def pack(folder, archive, *names):
    """The folders ``names`` of ``folder`` as archive, with what macOS adds to the official one."""
    (folder / '._x').touch()
    if archive.suffix == '.zip':
        inside = names[0] if len(names) == 1 else '.'
        shutil.make_archive(str(archive.with_suffix('')), 'zip', folder, inside)
        return archive
    with tarfile.open(archive, 'w:gz') as tar:
        for name in (*names, '._x'):
            tar.add(folder / name, name)
    return archive


@pytest.fixture(scope='module')
def mirror(tmp_path_factory):
    """A folder with a small archive for every archive of the catalogue but CIFAR-100's."""
    from tools.misc.make_sample_data import main as make
    root, mirror = tmp_path_factory.mktemp('samples'), tmp_path_factory.mktemp('mirror')
    make([str(root), '--sets', *SAMPLES.values(), '--side', '32', '--species', '2',
          '--kitti-width', '310', '--size', 'flowers=10', 'mit8=32', 'cub200=4', 'cifar10=20',
          'kitti=2'])
    pack(root / 'cifar10', mirror / 'cifar-10-python.tar.gz', 'cifar-10-batches-py')
    pack(root, mirror / 'flower_photos.tgz', 'flower_photos')
    pack(root / 'CUB_200_2010', mirror / 'images.tgz', 'images')
    pack(root / 'CUB_200_2010', mirror / 'lists.tgz', 'lists')
    pack(root, mirror / 'MIT_split.zip', 'MIT_split')
    for part, archive in (('image_2', 'data_object_image_2.zip'),
                          ('label_2', 'data_object_label_2.zip')):
        folder = root / part
        shutil.copytree(root / 'kitti' / 'training' / part, folder / 'training' / part)
        shutil.copytree(root / 'kitti' / 'training' / part, folder / 'testing' / part)
        pack(folder, mirror / archive, 'training', 'testing')
    (root / 'cifar10' / '._x').unlink()
    return mirror


@pytest.fixture
def small_sets(mirror, monkeypatch):
    """The catalogue with the checksums and counts of the small archives."""
    counts = {'cifar10': DATA_SETS['cifar10'].counts,
              'flower_photos': dict.fromkeys(DATA_SETS['flower_photos'].counts, 2),
              'cub200': {'images/*': 2, 'images/*/*.jpg': 4, 'lists/train.txt': 1,
                         'lists/test.txt': 1},
              'mit_split': {pattern: 3 if pattern.startswith('train') else 1
                            for pattern in DATA_SETS['mit_split'].counts},
              'kitti': {'training/image_2/*.png': 2, 'training/label_2/*.txt': 2}}
    for name in SAMPLES:
        archives = tuple(replace(archive, sha256=archive.sha256 and hashlib.sha256(
            (mirror / archive.name).read_bytes()).hexdigest())
            for archive in DATA_SETS[name].archives)
        change(monkeypatch, name, archives=archives, counts=counts[name], digest=None)
    return mirror


def change(monkeypatch, name, **facts):
    monkeypatch.setitem(DATA_SETS, name, replace(DATA_SETS[name], **facts))


@pytest.fixture
def served(small_sets, tmp_path_factory, monkeypatch):
    """A copy of the mirror, served as the address of every archive; gives folder and requests."""
    folder, requests = tmp_path_factory.mktemp('site') / 'site', []
    shutil.copytree(small_sets, folder)

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_):
            requests.append(self.path)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': .01})
        thread.start()
        for name in SAMPLES:
            change(monkeypatch, name, archives=tuple(
                replace(archive, url=f'http://127.0.0.1:{server.server_port}/{archive.name}')
                for archive in DATA_SETS[name].archives))
        yield folder, requests
        server.shutdown()
        thread.join()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def visible(folder):
    return [name for name in names(folder) if not name.startswith('.')]


@pytest.mark.parametrize('name', SAMPLES)
def test_from_a_folder_of_archives(name, small_sets, tmp_path):
    folder = main([name, '--data-root', str(tmp_path), '--from', str(small_sets)])
    assert folder == tmp_path / DATA_SETS[name].folder
    assert names(tmp_path) == [DATA_SETS[name].folder.partition('/')[0]]
    assert names(folder.parent) == [folder.name]  # nothing half made beside it
    assert not list(folder.rglob('._*')) and visible(folder) == {
        'cifar10': ['batches.meta', *(f'data_batch_{i}' for i in range(1, 6)), 'test_batch'],
        'flower_photos': ['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips'],
        'cub200': ['images', 'lists'], 'mit_split': ['test', 'train'], 'kitti': ['training']}[name]
    assert len(names(small_sets)) == 7  # the user's files are left alone


@pytest.mark.parametrize(('name', 'count'), [('flower_photos', 10), ('cub200', 4)])
def test_from_the_official_address(name, count, served, tmp_path):
    folder = main([name, '--data-root', str(tmp_path)])
    assert len(list(folder.rglob('*.jpg'))) == count
    assert names(tmp_path) == [folder.name]


def test_a_finished_set_is_left_alone(served, tmp_path, capsys):
    folder = main(['cub200', '--data-root', str(tmp_path)])
    seen, written = list(served[1]), folder.stat().st_mtime_ns
    assert main(['cub200', '--data-root', str(tmp_path)]) == folder
    assert served[1] == seen and folder.stat().st_mtime_ns == written
    assert 'cub200: has all its files already' in capsys.readouterr().out
    next(folder.rglob('*.jpg')).write_bytes(b'')
    with pytest.raises(ValueError, match=r'exists, but is not the complete cub200 \(images/\*/\*.j'
                                         r'pg: 3 instead of 4; empty files do not count\); move'):
        main(['cub200', '--data-root', str(tmp_path)])


def test_other_cifar_files_are_a_warning_and_broken_ones_an_error(small_sets, tmp_path, capsys):
    arguments = ['cifar10', '--data-root', str(tmp_path), '--from', str(small_sets)]
    folder = main(arguments)
    for _ in range(2):  # when it is made, and when it is there already
        said = capsys.readouterr().err
        assert said.startswith('Warning: cifar10/cifar-10-batches-py is complete, but batches.meta')
        assert 'test_batch differ from the official files' in said
        main(arguments)
    batch = folder / 'data_batch_2'
    batch.write_bytes(batch.read_bytes()[:-500])
    with pytest.raises(ValueError, match='data_batch_2: not a CIFAR file or damaged'):
        main(arguments)


def test_official_cifar_files_pass_by_their_md5(small_sets, tmp_path, capsys, monkeypatch):
    arguments = ['cifar10', '--data-root', str(tmp_path), '--from', str(small_sets)]
    folder = main(arguments)
    official = {part: {name: hashlib.md5((folder / name).read_bytes()).hexdigest()
                       for name in files} for part, files in cifar_files.CIFAR10_FILES.items()}
    monkeypatch.setattr(cifar_files, 'CIFAR10', cifar_files.CIFAR10._replace(files=official))
    capsys.readouterr()
    main(arguments)
    assert capsys.readouterr().err == ''


def test_one_archive_from_a_file_and_one_from_the_net(served, small_sets, tmp_path):
    main(['cub200', '--data-root', str(tmp_path), '--from', str(small_sets / 'images.tgz')])
    assert served[1] == ['/lists.tgz']


def test_a_wrong_download_leaves_nothing(served, tmp_path):
    archive = served[0] / 'flower_photos.tgz'
    archive.write_bytes(archive.read_bytes()[:-1] + b'x')
    with pytest.raises(OSError, match=r'flower_photos.tgz cannot be downloaded .*invalid hash'):
        main(['flower_photos', '--data-root', str(tmp_path)])
    archive.unlink()
    with pytest.raises(OSError, match='cannot be downloaded .*404.*; get it elsewhere and give it'):
        main(['flower_photos', '--data-root', str(tmp_path)])
    assert names(tmp_path) == []


def test_a_file_that_is_not_the_official_one_is_rejected_and_kept(small_sets, tmp_path):
    other = tmp_path / 'flower_photos.tgz'
    other.write_bytes((small_sets / 'images.tgz').read_bytes())
    with pytest.raises(ValueError, match='SHA-256 is .*, expected the official'):
        main(['flower_photos', '--data-root', str(tmp_path / 'data'), '--from', str(other)])
    assert other.exists() and not (tmp_path / 'data').exists()


def test_an_archive_with_another_content_leaves_nothing(small_sets, tmp_path):
    with pytest.raises(ValueError, match=r'mit_split: the archive is not the complete set \('):
        main(['mit_split', '--data-root', str(tmp_path), '--from',
              str(small_sets / 'flower_photos.tgz')])
    assert names(tmp_path) == []


def test_a_malicious_archive_leaves_nothing(tmp_path):
    with tarfile.open(tmp_path / 'evil.tar', 'w') as tar:
        tar.addfile(tarfile.TarInfo('MIT_split/../../../evil'))
    with pytest.raises(ValueError, match='a path that may leave its folder'):
        main(['mit_split', '--data-root', str(tmp_path / 'data'), '--from',
              str(tmp_path / 'evil.tar')])
    assert names(tmp_path / 'data') == [] and names(tmp_path) == ['data', 'evil.tar']


def test_other_images_than_the_official_ones_are_a_warning(small_sets, tmp_path, capsys,
                                                           monkeypatch):
    arguments = ['mit_split', '--data-root', str(tmp_path), '--from', str(small_sets)]
    change(monkeypatch, 'mit_split', digest='00')
    folder = main(arguments)
    assert 'Warning: MIT_split is complete, but images differ' in capsys.readouterr().err
    change(monkeypatch, 'mit_split', digest=digest_of(folder))
    main(arguments)
    assert capsys.readouterr().err == ''


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


def test_without_a_network_one_sentence_and_exit_code_1(tmp_path, monkeypatch, capsys):
    change(monkeypatch, 'cifar10', archives=(Archive('x.tgz', url='http://127.0.0.1:1/x.tgz'),))
    monkeypatch.setattr(sys, 'argv', ['x', 'cifar10', '--data-root', str(tmp_path)])
    monkeypatch.delitem(os.environ, 'MMTRANSFER_TRACEBACK', raising=False)
    monkeypatch.setattr(socket, 'setdefaulttimeout', lambda seconds: None)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(download_dataset.__file__, run_name='__main__')
    assert ended.value.code == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert error[0].startswith('OSError: x.tgz cannot be downloaded from http://127') and \
        'give it with --from; its page is https://www.cs.toronto.edu/' in error[0]

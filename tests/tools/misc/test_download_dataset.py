import hashlib
import os
import runpy
import shutil
import sys
import tarfile
from dataclasses import replace

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


@pytest.fixture(autouse=True)
def small_sets(request, monkeypatch):
    """The catalogue with sizes, checksums and counts of the small archives, without addresses."""
    if 'mirror' not in request.fixturenames:
        return
    mirror = request.getfixturevalue('mirror')
    counts = {'cifar10': DATA_SETS['cifar10'].counts,
              'flower_photos': {f'{name}/*.jpg': 2 for name in (
                  'daisy', 'dandelion', 'roses', 'sunflowers', 'tulips')},
              'cub200': {'images/*': 2, 'images/*/*.jpg': 4, 'lists/train.txt': 1,
                         'lists/test.txt': 1},
              'mit_split': {pattern: 3 if pattern.startswith('train') else 1
                            for pattern in DATA_SETS['mit_split'].counts},
              'kitti': {'training/image_2/*.png': 2, 'training/label_2/*.txt': 2}}
    for name in SAMPLES:
        archives = tuple(
            replace(archive, urls=(), **({} if archive.sha256 is None else dict(
                size=(mirror / archive.name).stat().st_size,
                sha256=hashlib.sha256((mirror / archive.name).read_bytes()).hexdigest())))
            for archive in DATA_SETS[name].archives)
        monkeypatch.setitem(DATA_SETS, name, replace(
            DATA_SETS[name], archives=archives, counts=counts[name], digest=None))


@pytest.fixture
def served(site, mirror, monkeypatch):
    """The mirror as a web site, and as the official address of every archive."""
    for path in mirror.iterdir():
        site.files[path.name] = path.read_bytes()
    for name in SAMPLES:
        archives = tuple(replace(archive, urls=(f'{site.url}{archive.name}',))
                         for archive in DATA_SETS[name].archives)
        monkeypatch.setitem(DATA_SETS, name, replace(DATA_SETS[name], archives=archives))
    return site


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('name', SAMPLES)
def test_from_a_folder_of_archives(name, mirror, tmp_path):
    folder = main([name, '--data-root', str(tmp_path), '--from', str(mirror)])
    assert folder == tmp_path / DATA_SETS[name].folder
    assert names(tmp_path) == [DATA_SETS[name].folder.partition('/')[0]]
    assert names(folder.parent) == [folder.name]  # nothing half made beside it
    assert not list(folder.rglob('._*')) and not (folder / 'testing').exists()
    assert len(names(mirror)) == 7  # the user's files are left alone


@pytest.mark.parametrize('name', ['flower_photos', 'cub200'])
def test_from_the_official_address(name, served, tmp_path):
    folder = main([name, '--data-root', str(tmp_path)])
    assert len(list(folder.rglob('*.jpg'))) == {'flower_photos': 10, 'cub200': 4}[name]
    assert names(tmp_path) == [folder.name]


def test_a_finished_set_is_left_alone(served, tmp_path, capsys):
    folder = main(['cub200', '--data-root', str(tmp_path)])
    seen, written = list(served.requests_seen), folder.stat().st_mtime_ns
    assert main(['cub200', '--data-root', str(tmp_path)]) == folder
    assert served.requests_seen == seen and folder.stat().st_mtime_ns == written
    assert 'cub200: has all its files already' in capsys.readouterr().out
    next(folder.rglob('*.jpg')).unlink()
    with pytest.raises(ValueError, match=r'exists, but is not the complete cub200 \(images/\*/\*.j'
                                         r'pg: 3 instead of 4\); move it away'):
        main(['cub200', '--data-root', str(tmp_path)])


def test_a_set_of_empty_files_is_no_set(mirror, tmp_path):
    for name, path in (('cub200', 'CUB_200_2010/lists/test.txt'),
                       ('cifar10', 'cifar10/cifar-10-batches-py/data_batch_3')):
        arguments = [name, '--data-root', str(tmp_path), '--from', str(mirror)]
        main(arguments)
        (tmp_path / path).write_bytes(b'')
        with pytest.raises(ValueError, match=rf'{DATA_SETS[name].folder} is not the complete {name}'
                                             rf': 1 of its files are empty \(.*{path[-9:]}\);'):
            main(arguments)


def test_cifar_of_other_files_is_a_warning_and_of_no_cifar_files_an_error(mirror, tmp_path,
                                                                          capsys):
    arguments = ['cifar10', '--data-root', str(tmp_path), '--from', str(mirror)]
    folder = main(arguments)
    for _ in range(2):  # when it is made, and when it is there already
        said = capsys.readouterr().err
        assert said.startswith('Warning: cifar-10-batches-py is readable, but batches.meta, data_')
        assert 'test_batch differ(s) from the official file(s) by MD5' in said
        main(arguments)
    batch = folder / 'data_batch_2'
    batch.write_bytes(batch.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r'is not a usable cifar10: .*data_batch_2: not a CIFAR '
                                         r'file or damaged.*delete the folder'):
        main(arguments)


def test_official_cifar_files_pass_by_their_md5(mirror, tmp_path, capsys, monkeypatch):
    arguments = ['cifar10', '--data-root', str(tmp_path), '--from', str(mirror)]
    folder = main(arguments)
    official = {part: {name: hashlib.md5((folder / name).read_bytes()).hexdigest()
                       for name in files} for part, files in cifar_files.CIFAR10_FILES.items()}
    monkeypatch.setattr(cifar_files, 'CIFAR10', cifar_files.CIFAR10._replace(files=official))
    capsys.readouterr()
    main(arguments)
    assert capsys.readouterr().err == ''


def test_one_archive_from_a_file_and_one_from_the_net(served, mirror, tmp_path):
    main(['cub200', '--data-root', str(tmp_path), '--from', str(mirror / 'images.tgz')])
    assert [path for path, _ in served.requests_seen] == ['/lists.tgz']


def test_a_mirror_on_the_net(served, tmp_path, monkeypatch):
    by_hand = tuple(replace(archive, urls=()) for archive in DATA_SETS['kitti'].archives)
    monkeypatch.setitem(DATA_SETS, 'kitti', replace(DATA_SETS['kitti'], archives=by_hand))
    folder = main(['kitti', '--data-root', str(tmp_path), '--from', served.url])
    assert names(folder) == ['training']


def test_an_interrupted_download_is_taken_up_by_the_next_call(served, mirror, tmp_path,
                                                              monkeypatch):
    content = served.files['flower_photos.tgz']
    kept = tmp_path / '.downloads' / 'flower_photos' / 'flower_photos.tgz.part'
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content[:2000])
    main(['flower_photos', '--data-root', str(tmp_path)])
    assert served.requests_seen == [('/flower_photos.tgz', 'bytes=2000-')]


def test_the_next_address_is_tried_when_one_sends_something_else(served, tmp_path, monkeypatch):
    good = served.files['flower_photos.tgz']
    served.files['old/flower_photos.tgz'] = good[:-1] + b'x'
    archive, = DATA_SETS['flower_photos'].archives
    urls = (f'{served.url}gone.tgz', f'{served.url}old/flower_photos.tgz', *archive.urls)
    monkeypatch.setitem(DATA_SETS, 'flower_photos', replace(
        DATA_SETS['flower_photos'], archives=(replace(archive, urls=urls),)))
    main(['flower_photos', '--data-root', str(tmp_path)])
    assert [path for path, _ in served.requests_seen] == [
        '/gone.tgz', '/old/flower_photos.tgz', '/flower_photos.tgz']


def test_a_wrong_checksum_leaves_nothing(served, tmp_path):
    served.files['flower_photos.tgz'] = served.files['flower_photos.tgz'][:-1] + b'x'
    with pytest.raises(OSError, match=r'flower_photos.tgz cannot be fetched \(.*SHA-256 is'):
        main(['flower_photos', '--data-root', str(tmp_path)])
    assert not [path for path in tmp_path.rglob('*') if path.is_file()]


def test_a_file_that_is_not_the_official_one_is_refused_and_kept(mirror, tmp_path):
    other = tmp_path / 'flower_photos.tgz'
    other.write_bytes((mirror / 'images.tgz').read_bytes())
    with pytest.raises(ValueError, match='has .* bytes; expected the official'):
        main(['flower_photos', '--data-root', str(tmp_path / 'data'), '--from', str(other)])
    assert other.exists() and not (tmp_path / 'data').exists()


def test_an_archive_with_another_content_leaves_nothing(mirror, tmp_path):
    with pytest.raises(ValueError, match=r'mit_split: the archive is not the complete set \('):
        main(['mit_split', '--data-root', str(tmp_path), '--from',
              str(mirror / 'flower_photos.tgz')])
    assert names(tmp_path) == []


def test_a_wrong_archive_without_a_checksum_is_fetched_again(served, tmp_path):
    good = served.files['MIT_split.zip']
    served.files['MIT_split.zip'] = served.files['flower_photos.tgz']
    arguments = ['mit_split', '--data-root', str(tmp_path), '--from', f'{served.url}MIT_split.zip']
    with pytest.raises(ValueError, match='not the complete set'):
        main(arguments)
    served.files['MIT_split.zip'] = good
    assert len(list(main(arguments).rglob('*.jpg'))) == 32


def test_a_malicious_archive_leaves_nothing(tmp_path):
    with tarfile.open(tmp_path / 'evil.tar', 'w') as tar:
        tar.addfile(tarfile.TarInfo('MIT_split/../../../evil'))
    with pytest.raises(ValueError, match='a path that may leave its folder'):
        main(['mit_split', '--data-root', str(tmp_path / 'data'), '--from',
              str(tmp_path / 'evil.tar')])
    assert names(tmp_path / 'data') == [] and names(tmp_path) == ['data', 'evil.tar']


def test_other_bytes_than_the_official_ones_are_a_warning(mirror, tmp_path, capsys, monkeypatch):
    arguments = ['mit_split', '--data-root', str(tmp_path), '--from', str(mirror)]
    monkeypatch.setitem(DATA_SETS, 'mit_split', replace(DATA_SETS['mit_split'], digest='00'))
    folder = main(arguments)
    assert 'Warning: MIT_split has as many images' in capsys.readouterr().err
    main(arguments)
    assert 'Warning: MIT_split has as many images' in capsys.readouterr().err
    monkeypatch.setitem(DATA_SETS, 'mit_split', replace(
        DATA_SETS['mit_split'], digest=digest_of(folder)))
    main(arguments)
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('name, source, message', [
    ('kitti', [], r'wants a click: .*eval_object.php .*--from data_object_image_2.zip data_obj'),
    ('mit_split', [], r'no stable address; .*MIT_split.zip.*--from MIT_split.zip'),
    ('kitti', ['data_object_image_2.zip'], 'kitti cannot be fetched by a program'),
    ('kitti', ['images.zip', 'labels.zip'], 'images.zip: kitti consists of data_object_image_2'),
    ('cifar10', ['none.tar.gz'], 'none.tar.gz: no such file; expected cifar-10-python.tar.gz'),
])
def test_what_a_person_has_to_do_is_said(name, source, message, tmp_path):
    given = ['--from', *source] if source else []
    with pytest.raises((ValueError, OSError), match=message):
        main([name, '--data-root', str(tmp_path), *given])
    assert names(tmp_path) == []


def test_without_a_network_one_sentence_and_exit_code_1(tmp_path, monkeypatch, capsys):
    archive = Archive('x.tgz', urls=('http://127.0.0.1:1/x.tgz',))
    monkeypatch.setitem(DATA_SETS, 'cifar10', replace(DATA_SETS['cifar10'], archives=(archive,)))
    monkeypatch.setattr(sys, 'argv', ['x', 'cifar10', '--data-root', str(tmp_path)])
    monkeypatch.delitem(os.environ, 'MMTRANSFER_TRACEBACK', raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(download_dataset.__file__, run_name='__main__')
    assert ended.value.code == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 2 and error[0].startswith('OSError: x.tgz cannot be fetched (http://127')
    assert 'Get it elsewhere and name it with --from; its page is https://www.cs.toronto.edu/' \
        in error[0]

import io
import shutil
import tarfile
import zipfile
from collections import namedtuple

import pytest

from tools.misc.downloads.unpack import unpack

FILES = {'set/a/1.jpg': b'one', 'set/b/2.jpg': b'two' * 1000, 'other/c.txt': b''}


def entry(name, kind=tarfile.REGTYPE, link='', size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, size, 0o6777
    return info


def write_tar(path, members, mode='w:gz'):
    with tarfile.open(path, mode) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def good(path, suffix):
    if suffix == 'zip':
        return write_zip(path / 'x.zip', FILES)
    members = [(entry('./set', tarfile.DIRTYPE), b'')] + [
        (entry(f'./{name}', size=len(content)), content) for name, content in FILES.items()]
    return write_tar(path / 'x.tar', members, f'w:{suffix}')


def found(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    return folder


@pytest.mark.parametrize('suffix', ['', 'gz', 'bz2', 'xz', 'zip'])
def test_files_and_folders(tmp_path, out, suffix):
    archive = good(tmp_path, suffix)
    assert unpack(archive, out) == 3 and found(out) == FILES
    assert not (out / 'set/a/1.jpg').stat().st_mode & 0o6111  # neither setuid nor executable


def test_one_folder_alone(tmp_path, out):
    assert unpack(good(tmp_path, 'gz'), out, only='set/') == 2
    assert sorted(found(out)) == ['set/a/1.jpg', 'set/b/2.jpg']


def test_what_macos_adds_is_left_out(tmp_path, out):
    added = {'set/a/._1.jpg': b'x', 'set/.DS_Store': b'x', '__MACOSX/set/a/1.jpg': b'x'}
    assert unpack(write_zip(tmp_path / 'x.zip', {**FILES, **added}), out) == 3
    assert found(out) == FILES


@pytest.mark.parametrize('member, what', [
    (entry('/etc/evil'), 'a path that may leave its folder'),
    (entry('set/../../evil'), 'a path that may leave its folder'),
    (entry('..\\evil'), 'a path that may leave its folder'),
    (entry('C:/evil'), 'a path that may leave its folder'),
    (entry('../evil', tarfile.DIRTYPE), 'a path that may leave its folder'),
    (entry('set/link', tarfile.SYMTYPE, '/etc'), 'a link'),
    (entry('set/link', tarfile.LNKTYPE, '../../secret'), 'a link'),
    (entry('set/disk', tarfile.BLKTYPE), 'a device or pipe'),
    (entry('set/pipe', tarfile.FIFOTYPE), 'a device or pipe'),
], ids=lambda value: getattr(value, 'name', None))
def test_a_dangerous_member_of_a_tar_is_refused(tmp_path, out, member, what):
    archive = write_tar(tmp_path / 'x.tgz', [(member, b'')])
    with pytest.raises(ValueError, match=f'its member .*is {what}'):
        unpack(archive, out)
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['out', 'x.tgz']


def test_nothing_is_written_through_a_link(tmp_path, out):
    # The classic pair: a link that leads out, then a file below it.
    (tmp_path / 'victim').mkdir()
    archive = write_tar(tmp_path / 'x.tgz', [
        (entry('set', tarfile.SYMTYPE, str(tmp_path / 'victim')), b''),
        (entry('set/evil', size=1), b'x')])
    with pytest.raises(ValueError, match='a link'):
        unpack(archive, out)
    assert not list((tmp_path / 'victim').iterdir()) and not list(out.iterdir())


@pytest.mark.parametrize('name', ['../evil', '/evil', 'a/../../evil', 'C:/evil'])
def test_a_dangerous_name_in_a_zip_is_refused(tmp_path, out, name):
    with pytest.raises(ValueError, match='a path that may leave its folder'):
        unpack(write_zip(tmp_path / 'x.zip', {name: b'x'}), out)


def test_a_link_in_a_zip_is_refused(tmp_path, out):
    info = zipfile.ZipInfo('link')
    info.external_attr = 0o120777 << 16
    with pytest.raises(ValueError, match="member 'link' is a link or device"):
        unpack(write_zip(tmp_path / 'x.zip', {info: b'/etc'}), out)


@pytest.mark.parametrize('suffix', ['', 'gz', 'bz2', 'xz', 'zip'])
def test_half_an_archive_is_refused(tmp_path, out, suffix):
    archive = good(tmp_path, suffix)
    content = archive.read_bytes()
    archive.write_bytes(content[:len(content) // 2 if suffix else 2500])
    with pytest.raises(ValueError, match=r'x\.\w+: damaged or no archive'):
        unpack(archive, out)


def test_what_is_no_archive_is_refused(tmp_path, out):
    (tmp_path / 'x.tgz').write_text('<html>')
    with pytest.raises(ValueError, match='x.tgz: damaged or no archive'):
        unpack(tmp_path / 'x.tgz', out)


def test_a_changed_byte_in_a_zip_is_noticed(tmp_path, out):
    archive = write_zip(tmp_path / 'x.zip', {'a.txt': bytes(range(256))})
    content = bytearray(archive.read_bytes())
    content[100] ^= 255
    archive.write_bytes(content)
    with pytest.raises(ValueError, match='damaged'):
        unpack(archive, out)


def test_a_full_disk_is_noticed_before_it_is_full(tmp_path, out, monkeypatch):
    usage = namedtuple('usage', 'free')
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage(2999))
    with pytest.raises(OSError, match='no room for set/b/2.jpg of x.zip'):
        unpack(good(tmp_path, 'zip'), out)
    assert found(out) == {'set/a/1.jpg': b'one'}

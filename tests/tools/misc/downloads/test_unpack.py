import io
import tarfile
import zipfile

import pytest

from tools.misc.downloads import unpack as module
from tools.misc.downloads.unpack import unpack

FILES = {'set/a/1.jpg': b'one', 'set/b/2.jpg': b'two' * 1000, 'other/c.txt': b''}
HIDDEN = {'set/a/._1.jpg': b'x', 'set/.DS_Store': b'x', '__MACOSX/set/a/._1.jpg': b'x'}
SUFFIXES = ['', 'gz', 'bz2', 'xz', 'zip']


def entry(name, kind=tarfile.REGTYPE, link=''):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o6777
    return info


def write_tar(path, *members, files=None, mode='w:gz'):
    with tarfile.open(path, mode) as tar:
        for info in members:
            tar.addfile(info)
        for name, content in (files or {}).items():
            info = entry(f'./{name}')
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def good(folder, suffix):
    files = {**FILES, **HIDDEN}
    if suffix == 'zip':
        return write_zip(folder / 'x.zip', files)
    return write_tar(folder / 'x.tar', entry('./set', tarfile.DIRTYPE), files=files,
                     mode=f'w:{suffix}')


def found(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    return folder


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_visible_files(tmp_path, out, suffix):
    unpack(good(tmp_path, suffix), out)
    assert found(out) == FILES
    assert not (out / 'set/a/1.jpg').stat().st_mode & 0o6022  # no setuid, writable by nobody else


@pytest.mark.parametrize('suffix', ['gz', 'zip'])
def test_one_folder_alone(tmp_path, out, suffix):
    unpack(good(tmp_path, suffix), out, only='set/')
    assert sorted(found(out)) == ['set/a/1.jpg', 'set/b/2.jpg']


@pytest.mark.parametrize('member', [
    entry('/etc/evil'), entry('set/../../evil'), entry('..\\evil'), entry('C:/evil'),
    entry('../evil', tarfile.DIRTYPE), entry('set/link', tarfile.SYMTYPE, '/etc'),
    entry('set/link', tarfile.LNKTYPE, '../../secret'), entry('set/disk', tarfile.BLKTYPE),
    entry('set/pipe', tarfile.FIFOTYPE)], ids=lambda member: member.name)
def test_a_dangerous_member_of_a_tar_is_rejected(tmp_path, out, member):
    what = 'a path that may leave its folder' if member.type in (
        tarfile.REGTYPE, tarfile.DIRTYPE) else 'a link or device'
    with pytest.raises(ValueError, match=f'x.tgz: holds .*, {what}'):
        unpack(write_tar(tmp_path / 'x.tgz', member), out)
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['out', 'x.tgz']


@pytest.mark.parametrize('name', ['../evil', '/evil', 'a/../../evil', 'C:/evil'])
def test_a_dangerous_name_in_a_zip_is_rejected(tmp_path, out, name):
    with pytest.raises(ValueError, match='a path that may leave its folder'):
        unpack(write_zip(tmp_path / 'x.zip', {name: b'x'}), out)
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['out', 'x.zip']


def test_a_link_in_a_zip_becomes_a_file(tmp_path, out):
    info = zipfile.ZipInfo('link')
    info.external_attr = 0o120777 << 16
    unpack(write_zip(tmp_path / 'x.zip', {info: b'/etc'}), out)
    assert not (out / 'link').is_symlink() and found(out) == {'link': b'/etc'}


@pytest.mark.parametrize('suffix', ['gz', 'zip'])
@pytest.mark.parametrize(('limit', 'value'), [('MAX_FILES', 2), ('MAX_BYTES', 3002)])
def test_too_much_is_rejected(tmp_path, out, monkeypatch, suffix, limit, value):
    archive = (write_zip(tmp_path / 'x.zip', FILES) if suffix == 'zip' else
               write_tar(tmp_path / 'x.tgz', files=FILES))
    monkeypatch.setattr(module, limit, value + 1)
    unpack(archive, out)
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(ValueError, match='holds more than'):
        unpack(archive, out)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_half_an_archive_is_rejected(tmp_path, out, suffix):
    archive = good(tmp_path, suffix)
    content = archive.read_bytes()
    archive.write_bytes(content[:len(content) // 2 if suffix else 2500])
    with pytest.raises(ValueError, match=r'x\.\w+: damaged or no archive'):
        unpack(archive, out)


def test_what_is_no_archive_is_rejected(tmp_path, out):
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

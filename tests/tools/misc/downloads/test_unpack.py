import tarfile
from types import SimpleNamespace

import pytest

from tools.misc.downloads import unpack as module
from tools.misc.downloads.unpack import unpack

FILES = {'set/a/1.jpg': b'one', 'set/b/2.jpg': b'two' * 1000, 'other/c.txt': b''}
HIDDEN = {'set/a/._1.jpg': b'x', 'set/.DS_Store': b'x', '__MACOSX/set/a/._1.jpg': b'x'}
SUFFIXES = ['tar', 'tgz', 'bz2', 'xz', 'zip']
LEAVES = 'a path that may leave its folder'


def found(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_visible_files(tmp_path, pack, suffix):
    archive, out = pack(tmp_path / f'x.{suffix}', {**FILES, **HIDDEN}), tmp_path / 'out'
    unpack(archive, out)
    assert found(out) == FILES
    assert not (out / 'set/a/1.jpg').stat().st_mode & 0o6022  # no setuid, writable by nobody else
    unpack(archive, out / 'part', only='set/')
    assert sorted(found(out / 'part')) == ['set/a/1.jpg', 'set/b/2.jpg']


@pytest.mark.parametrize(('suffix', 'name', 'kind', 'what'), [
    *((suffix, name, tarfile.REGTYPE, LEAVES) for suffix in ('tgz', 'zip')
      for name in ('/etc/evil', 'set/../../evil', '../evil', 'C:/evil')),
    ('tgz', '..\\evil', tarfile.REGTYPE, LEAVES), ('tgz', '../evil', tarfile.DIRTYPE, LEAVES),
    *(('tgz', 'x', kind, 'a link or device') for kind in (
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE))])
def test_a_dangerous_member_is_rejected(tmp_path, pack, suffix, name, kind, what):
    (tmp_path / 'out').mkdir()
    with pytest.raises(ValueError, match=f'x.{suffix}: holds .*, {what}'):
        unpack(pack(tmp_path / f'x.{suffix}', {name: b''}, kind), tmp_path / 'out')
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['out', f'x.{suffix}']


@pytest.mark.parametrize('suffix', ['tgz', 'zip'])
@pytest.mark.parametrize(('limit', 'value'), [('MAX_FILES', 2), ('MAX_BYTES', 3002)])
def test_too_much_is_rejected(tmp_path, pack, monkeypatch, suffix, limit, value):
    archive = pack(tmp_path / f'x.{suffix}', FILES)
    monkeypatch.setattr(module, limit, value + 1)
    unpack(archive, tmp_path / 'out')
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(ValueError, match='holds more than'):
        unpack(archive, tmp_path / 'none')
    assert not (tmp_path / 'none').exists()


def test_too_little_space_is_noticed_before_anything_is_written(tmp_path, pack, monkeypatch):
    archive = pack(tmp_path / 'x.tgz', FILES)
    monkeypatch.setattr(module.shutil, 'disk_usage', lambda path: SimpleNamespace(free=3002))
    with pytest.raises(OSError, match='0.0 GB when unpacked'):
        unpack(archive, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('page', [b'', b'<html>'])
def test_half_an_archive_or_a_web_page_is_rejected(tmp_path, pack, suffix, page):
    archive = pack(tmp_path / f'x.{suffix}', FILES)
    content = archive.read_bytes()
    archive.write_bytes(page or content[:2500 if suffix == 'tar' else len(content) // 2])
    with pytest.raises(ValueError, match=rf'x\.{suffix}: damaged or no archive'):
        unpack(archive, tmp_path / 'out')

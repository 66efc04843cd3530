import shutil
from collections import namedtuple

import pytest

from tools.misc.downloads.fetch import fetch

CONTENT = bytes(range(256)) * 40  # 10 240 bytes


@pytest.fixture
def target(tmp_path):
    return tmp_path / 'new' / 'set.tgz'


@pytest.fixture
def url(site):
    site.files['set.tgz'] = CONTENT
    return f'{site.url}set.tgz'


@pytest.mark.parametrize('size', [None, len(CONTENT)])
def test_a_whole_file(url, target, site, size):
    fetch(url, target, size)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ['set.tgz']
    assert site.requests_seen == [('/set.tgz', None)]


def test_a_later_call_goes_on_where_the_first_stopped(url, target, site):
    target.parent.mkdir()
    part = target.parent / 'set.tgz.part'
    part.write_bytes(CONTENT[:4000])
    fetch(url, target, len(CONTENT))
    assert target.read_bytes() == CONTENT and not part.exists()
    assert site.requests_seen == [('/set.tgz', 'bytes=4000-')]


def test_a_server_without_ranges_begins_anew(url, target, site):
    site.ranges = False
    target.parent.mkdir()
    (target.parent / 'set.tgz.part').write_bytes(b'x' * 4000)  # other bytes: must not survive
    fetch(url, target, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert site.requests_seen == [('/set.tgz', 'bytes=4000-')]


def test_a_cut_connection_is_taken_up_at_once(url, target, site):
    site.cut_after = 4000
    fetch(url, target, len(CONTENT), pause=0)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in site.requests_seen] == [None, 'bytes=4000-', 'bytes=8000-']


def test_a_connection_that_is_always_cut_ends_and_keeps_what_came(url, target, site):
    site.cut_after, site.ranges = 4000, False
    with pytest.raises(OSError, match=r'cut after 4000 of 10240 bytes; 4000 bytes are kept in'):
        fetch(url, target, len(CONTENT), pause=0)
    assert len(site.requests_seen) == 5 and not target.exists()
    site.cut_after, site.ranges = None, True
    fetch(url, target, len(CONTENT))
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize('have, size', [(len(CONTENT), len(CONTENT)), (len(CONTENT), None)])
def test_a_part_that_is_complete_already(url, target, have, size):
    target.parent.mkdir()
    (target.parent / 'set.tgz.part').write_bytes(CONTENT[:have])
    fetch(url, target, size)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize('size', [None, len(CONTENT)])
def test_a_part_longer_than_the_file_is_thrown_away(url, target, size):
    target.parent.mkdir()
    (target.parent / 'set.tgz.part').write_bytes(b'x' * (len(CONTENT) + 1))
    fetch(url, target, size)
    assert target.read_bytes() == CONTENT


def test_another_size_is_refused(url, target):
    with pytest.raises(ValueError, match='has 10240 bytes; expected 10241'):
        fetch(url, target, 10241)
    assert not list(target.parent.iterdir())


def test_a_web_page_is_refused(url, target, site):
    site.kind = 'text/html; charset=utf-8'
    with pytest.raises(ValueError, match='sent a web page, not a file'):
        fetch(url, target, len(CONTENT))
    assert not target.exists()


def test_a_missing_file_is_an_error_at_once(site, target):
    with pytest.raises(OSError, match='none.tgz: 404 Not Found'):
        fetch(f'{site.url}none.tgz', target, pause=0)
    assert len(site.requests_seen) == 1


def test_no_server_is_an_error_at_once(site, target):
    url = f'{site.url}set.tgz'.replace(str(site.server_port), '1')
    with pytest.raises(OSError, match=r'127.0.0.1:1/set.tgz: .*refused'):
        fetch(url, target)  # with pauses this would take 15 seconds


def test_a_full_disk_is_noticed_before_it_is_full(url, target, monkeypatch):
    usage = namedtuple('usage', 'free')
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage(10000))
    with pytest.raises(OSError, match=r'GB needed for set.tgz, 0.00 GB free'):
        fetch(url, target)
    target.with_name('set.tgz.part').write_bytes(CONTENT[:500])
    fetch(url, target)  # the rest fits
    assert target.read_bytes() == CONTENT

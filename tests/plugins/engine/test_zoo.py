import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plugins.engine import zoo
from plugins.engine.downloads import check_sum, download
from plugins.engine.zoo import VARIABLE, fetch, published_models

CONTENT = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = f'm_20260101-{DIGEST[:8]}.pth'


def index(weights=f'm/{FILE}', digest=DIGEST, name='m'):
    return (f'Models:\n- {{Name: {name}, Weights: {weights}, Metadata: {{SHA-256: "{digest}"}}, '
            'Results: [{Task: T, Dataset: D, Metrics: {Loss: 1.5}}]}\n')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A zoo of one model, in MMTRANSFER_ZOO."""
    place = tmp_path / 'zoo'
    (place / 'm').mkdir(parents=True)
    (place / 'm' / FILE).write_bytes(CONTENT)
    (place / 'metafile.yml').write_text(index())
    monkeypatch.setenv(VARIABLE, str(place))
    return place


@pytest.fixture
def server(folder, monkeypatch, tmp_path):
    """The same behind a URL; ``asked`` lists the answers, ``cuts`` end the next one early."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            file = folder / self.path.lstrip('/')
            if not file.is_file():
                self.send_error(404)
                return
            content = file.read_bytes()
            first = re.match(r'bytes=(\d+)-', self.headers.get('Range', ''))
            start = int(first[1]) if first and server.ranges else 0
            self.send_response(206 if start else 200)
            if server.sizes or file.suffix == '.yml':
                self.send_header('Content-Length', str(len(content) - start))
            self.end_headers()
            server.asked.append((file.name, start))
            self.wfile.write(content[start:server.cuts.pop(file.name, None)])

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.asked, server.cuts, server.ranges, server.sizes = [], {}, True, True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(VARIABLE, f'http://127.0.0.1:{server.server_port}')
    monkeypatch.setattr(zoo, 'FETCHED', tmp_path / 'fetched')
    yield server
    server.shutdown()
    server.server_close()


def test_a_folder_is_used_where_it_is(folder):
    assert fetch('m') == folder / 'm' / FILE
    assert published_models()['m']['Results'][0]['Metrics'] == {'Loss': 1.5}


def test_a_file_is_fetched_once(server, tmp_path):
    assert fetch('m').read_bytes() == CONTENT == fetch('m').read_bytes()
    assert [name for name, _ in server.asked] == ['metafile.yml', FILE, 'metafile.yml']
    assert {path.name for path in (tmp_path / 'fetched').rglob('*.pth')} == {FILE}


@pytest.mark.parametrize('ranges', [True, False])
def test_a_broken_fetch_goes_on(server, ranges):
    server.ranges, server.cuts = ranges, {FILE: 5000}
    with pytest.raises(OSError, match=r'ended after 5000 of 1024000 bytes; repeat the command'):
        fetch('m')
    assert fetch('m').read_bytes() == CONTENT
    assert server.asked[-1] == (FILE, 4999 if ranges else 0)


def test_a_changed_byte_is_rejected_with_both_sums(server, folder, tmp_path, monkeypatch):
    changed = bytearray(CONTENT)
    changed[77] ^= 1
    (folder / 'm' / FILE).write_bytes(changed)
    other = hashlib.sha256(changed).hexdigest()
    for place in (zoo.zoo_place(), str(folder)):
        monkeypatch.setenv(VARIABLE, place)
        with pytest.raises(ValueError, match=f'SHA-256 is {other}, expected {DIGEST}'):
            fetch('m')
    assert not list((tmp_path / 'fetched').rglob('*.pth*'))
    with pytest.raises(ValueError, match=f'{other}, expected {DIGEST[:8]}'):
        check_sum(folder / 'm' / FILE, DIGEST[:8])


def test_an_unknown_name_and_no_network(folder, monkeypatch):
    with pytest.raises(ValueError, match='^mm: neither a file nor a run here, .*zoo.*; near: m$'):
        fetch('mm')
    (folder / 'metafile.yml').write_text('Models: []')
    with pytest.raises(ValueError, match='which has none; publish one with publish_model.py'):
        fetch('m')
    (folder / 'metafile.yml').unlink()
    with pytest.raises(FileNotFoundError, match=f'metafile.yml: no such file; {VARIABLE} is the'):
        fetch('m')
    monkeypatch.setenv(VARIABLE, 'http://127.0.0.1:9/zoo/')
    with pytest.raises(OSError, match='http://127.0.0.1:9/zoo/metafile.yml: cannot be fetched .*'
                       f'set {VARIABLE} to a folder'):
        fetch('m')


@pytest.mark.parametrize('text, message', [
    (index('../../etc/m.pth'), "m: Weights is '../../etc/m.pth', expected the URL"),
    (index('/etc/m.pth'), 'expected the URL of a .pth'), (index('m/m.exe'), 'expected the URL'),
    (index('file:///etc/m.pth'), 'expected the URL'),
    ('Models: 3', 'metafile.yml: Models is 3, expected a list'), (': :', 'not a metafile'),
    ('- 1', 'not a metafile'), ('Modles: []', 'not a metafile'),
    (index() + index()[8:], 'metafile.yml: lists m more than once'),
    ('Models: [{Weights: a.pth}]', r'Models\[0\].Name is None'),
    (index(digest='0' * 64), f'SHA-256 is {DIGEST}, expected 0000')])
def test_an_index_that_is_wrong(folder, text, message):
    (folder / 'metafile.yml').write_text(text)
    with pytest.raises(ValueError, match=message):
        fetch('m')


def test_without_a_sum_or_a_size_nothing_is_fetched(server, folder):
    for weights, message in (('m/plain.pth', 'no SHA-256, without which nothing is fetched'),
                             (f'm/{FILE}', 'found the size not announced, expected a number')):
        (folder / 'm' / 'plain.pth').write_bytes(CONTENT)
        (folder / 'metafile.yml').write_text(index(weights, ''))
        server.sizes = False
        with pytest.raises((ValueError, OSError), match=message):
            fetch('m')


def test_a_whole_sum_is_as_good_as_a_size(server, tmp_path, monkeypatch):
    server.sizes = False
    assert fetch('m').read_bytes() == CONTENT
    with pytest.raises(OSError, match='has more than 5000 bytes; get it elsewhere'):
        download(f'{zoo.zoo_place()}/m/{FILE}', tmp_path / 'new', DIGEST, 'get it elsewhere', 5000)
    assert not (tmp_path / 'new').exists()


def test_equal_names_in_two_zoos_are_two_files(server, folder):
    (folder / 'm' / 'plain.pth').write_bytes(CONTENT)
    (folder / 'metafile.yml').write_text(index('m/plain.pth'))
    assert fetch('m').read_bytes() == CONTENT
    (folder / 'm' / 'plain.pth').write_bytes(b'other')
    (folder / 'metafile.yml').write_text(index(
        'm/plain.pth', hashlib.sha256(b'other').hexdigest()))
    assert fetch('m').read_bytes() == b'other'


def test_an_index_without_end(server, folder):
    (folder / 'metafile.yml').write_bytes(b'#' * 10_000_001)
    with pytest.raises(OSError, match='metafile.yml: found the size 10000001, expected .* up to'):
        fetch('m')

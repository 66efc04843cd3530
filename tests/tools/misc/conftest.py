"""A web server of this machine's own, as good or as bad as a test wants it."""
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Site(ThreadingHTTPServer):
    """Files by path, and how they are served.

    Attributes:
        files: Path -> bytes.
        ranges: Whether the server honours the Range header.
        cut_after: Bytes after which each connection breaks; None for never.
        kind: Content-Type of what it sends.
        requests_seen: Path and Range header of each request.
    """

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.cut_after: int | None = None
        self.kind = 'application/octet-stream'
        self.requests_seen: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        """Address of the site, ending in a slash."""
        return f'http://127.0.0.1:{self.server_port}/'


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site, wanted = self.server, self.headers.get('Range')
        site.requests_seen.append((self.path, wanted))
        content = site.files.get(self.path.lstrip('/'))
        if content is None:
            self.send_error(404)
            return
        start = int(re.match(r'bytes=(\d+)-$', wanted)[1]) if wanted and site.ranges else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header('Content-Range', f'bytes */{len(content)}')
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header('Content-Range', f'bytes {start}-{len(content) - 1}/{len(content)}')
        self.send_header('Content-Type', site.kind)
        self.send_header('Content-Length', str(len(content) - start))
        self.end_headers()
        end = len(content) if site.cut_after is None else start + site.cut_after
        self.wfile.write(content[start:end])

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def site() -> Iterator[Site]:
    """A running server without files."""
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': .01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()

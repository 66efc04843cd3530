"""Fetch one file over HTTP: resumable, with a progress bar, never half a file under its name."""
import http.client
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_CHUNK = 1 << 18  # bytes
_TIMEOUT = 30  # seconds without a byte
_ATTEMPTS = 5  # in a row that bring nothing new
_HEADERS = {'User-Agent': 'Mozilla/5.0 (MMTransfer)', 'Accept-Encoding': 'identity'}


def fetch(url: str, target: Path, size: int | None = None, pause: float = 1) -> None:
    """Download ``url`` to ``target``.

    torch's and torchvision's downloads begin anew after every interruption.
    Here bytes gather in ``<target>.part``; a cut connection is taken up where
    it broke, at once or by a later call, if the server knows HTTP ranges, and
    from the beginning if it does not. ``target`` appears when it is complete.

    Args:
        url: http or https.
        target: File to write; its folder is made.
        size: Bytes expected; None trusts what the server says.
        pause: Seconds before the second attempt; doubled for each further one.

    Raises:
        OSError: No connection, an error status, too little disk space or a
            connection cut again and again. What has come stays for the next call.
        ValueError: A web page came instead of a file, or a file of another size.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f'{target.name}.part')
    columns = (TextColumn('{task.description}'), BarColumn(), DownloadColumn(),
               TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        bar = progress.add_task(target.name, total=size)
        failures = 0
        while True:
            before = _length(part)
            try:
                total = _attempt(url, part, size, lambda done, total: progress.update(
                    bar, completed=done, total=total))
                break
            except urllib.error.HTTPError as error:
                raise OSError(f'{url}: {error.code} {error.reason}') from error
            except (urllib.error.URLError, ConnectionError, TimeoutError, ssl.SSLError,
                    http.client.HTTPException) as error:
                failures = 1 if _length(part) > before else failures + 1
                # With nothing to take up, a first failure is no accident: there is no network.
                if failures >= _ATTEMPTS or not _length(part):
                    kept = f'; {_length(part)} bytes are kept in {part}' if _length(part) else ''
                    raise OSError(f'{url}: {getattr(error, "reason", error)}{kept}') from error
                time.sleep(pause * 2 ** (failures - 1))
    if size is not None and total != size:
        part.unlink()
        raise ValueError(f'{url}: has {total} bytes; expected {size}')
    part.replace(target)


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _attempt(url: str, part: Path, size: int | None, show) -> int:
    """Bring ``part`` to its end over one connection; return its length in bytes."""
    start = _length(part)
    if size is not None and start > size:
        part.unlink()
        start = 0
    if start and start == size:
        return start
    headers = {**_HEADERS, **({'Range': f'bytes={start}-'} if start else {})}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers),
                                          timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not start:
            raise
        # Nothing lies behind `start`: the file there is as long, or it is another one.
        if error.headers.get('Content-Range', '') == f'bytes */{start}':
            return start
        part.unlink()
        return _attempt(url, part, size, show)
    with response:
        if response.headers.get_content_type() == 'text/html':
            raise ValueError(f'{url}: sent a web page, not a file; open it in a browser, fetch the '
                             'file there and name it with --from')
        start = _start(response, start)
        length = response.headers.get('Content-Length')
        total = start + int(length) if length else size
        _check_space(part, total, start)
        done = start
        with part.open('r+b' if start else 'wb') as file:
            file.seek(start)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                show(done, total)
    if total is not None and done < total:  # read() reports a cut connection as the end
        raise ConnectionError(f'the connection was cut after {done} of {total} bytes')
    return done


def _start(response: http.client.HTTPResponse, asked: int) -> int:
    """Where the bytes of a response begin: 0 unless the server honoured the range."""
    found = re.match(r'bytes (\d+)-', response.headers.get('Content-Range', ''))
    return asked if response.status == 206 and found and int(found[1]) == asked else 0


def _check_space(part: Path, total: int | None, start: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - start > free:
        raise OSError(f'{part.parent}: {(total - start) / 1e9:.2f} GB needed for {part.stem}, '
                      f'{free / 1e9:.2f} GB free; make room or name another --data-root')

"""Fetch files by URL: once, further from where a broken attempt ended, compared with their sums."""
import os
import shutil
import sys
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from rich.progress import wrap_file

from .files import PARTIAL, checksum, lock, naming


def download(url: str, target: Path, expected: str, advice: str, most: int = 10 ** 10) -> Path:
    """Fetch a file, unless it is there.

    Args:
        url: Its URL.
        target: The file to write. A broken attempt is kept beside it if there is a sum.
        expected: Its SHA-256, or the first digits of it; '' if none is known.
        advice: What to do without a network, the end of the error.
        most: The largest size in bytes.

    Raises:
        OSError: It cannot be fetched, or another process fetches it.
        ValueError: Its sum is another one.
    """
    if target.is_file():
        return target
    work = target.with_name(f'.{target.name}{PARTIAL}')
    partial = work / target.name
    with naming(target), lock(work):
        try:
            # The last byte is fetched again: a server has no answer that begins where the file ends
            start = max(partial.stat().st_size - 1, 0) if partial.is_file() else 0
            request = urllib.request.Request(url, headers={'Range': f'bytes={start}-'} if start
                                             else {})
            with urllib.request.urlopen(request, timeout=30) as answer, partial.open('ab') as file:
                start = start if answer.status == 206 else 0  # or the server sends the whole file
                length = answer.headers.get('Content-Length', '')
                size = int(length) if length.isdecimal() else 0
                if size > most or not size and len(expected) < 64:  # else the sum tells the end
                    raise OSError(f'{url}: found the size {length or "not announced"}, expected a '
                                  f'number of bytes up to {most}; {advice}')
                file.truncate(start)
                with wrap_file(answer, size, description=target.name,
                               disable=not sys.stdout.isatty()) as shown:
                    while piece := shown.read(1 << 20):
                        file.write(piece)
                        if file.tell() > most:
                            raise OSError(f'{url}: has more than {most} bytes; {advice}')
                found = file.tell()
            if size and found < start + size:
                raise OSError(f'{url}: the connection ended after {found} of {start + size} '
                              'bytes; repeat the command, which fetches the rest')
            check_sum(partial, expected)
            os.replace(partial, target)
        except (urllib.error.URLError, HTTPException, ConnectionError, TimeoutError) as error:
            raise OSError(f'{url}: cannot be fetched ({error}); {advice}') from error
        except ValueError:  # a wrong sum, or no URL
            partial.unlink(missing_ok=True)
            raise
        finally:
            if not (expected and partial.is_file()):
                shutil.rmtree(work)
    return target


def check_sum(path: Path, expected: str) -> None:
    """Compare a file with its SHA-256, or with the first digits of it; '' fits any.

    Raises:
        OSError: There is no such file.
        ValueError: They differ.
    """
    found = checksum(path)
    if not found.startswith(expected):
        raise ValueError(f'{path}: its SHA-256 is {found}, expected {expected}: the file changed '
                         'since it was published; remove it, and fetch or copy it again')

"""Small archives for the tests of downloads."""
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def pack() -> Callable[..., Path]:
    """A function that writes files {name: bytes} to an archive, of the type of its suffix."""
    def write(path: Path, files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
        if path.suffix == '.zip':
            with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as file:
                for name, content in files.items():
                    file.writestr(name, content)
            return path
        mode = {'.tar': 'w', '.tgz': 'w:gz'}.get(path.suffix, f'w:{path.suffix[1:]}')
        with tarfile.open(path, mode) as file:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.size, info.mode = kind, '/etc', len(content), 0o6777
                file.addfile(info, io.BytesIO(content))
        return path
    return write

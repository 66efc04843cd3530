import hashlib
import subprocess

import pytest

from tools.misc.downloads.verify import digest_of, sha256_of


@pytest.fixture
def folder(tmp_path):
    for name in ('b/2.jpg', 'a/1.jpg', 'a/._1.jpg', '.DS_Store'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('abc')
    return tmp_path


def test_the_digest_is_that_of_sha256sum(folder):
    assert sha256_of(folder / 'a' / '1.jpg') == (  # FIPS 180-2, example B.1
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    command = "find . -type f -not -name '.*' | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum"
    lines = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True).stdout
    assert lines.count(b'\n') == 2
    assert digest_of(folder) == hashlib.sha256(lines).hexdigest()

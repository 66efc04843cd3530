import argparse

import pytest

from tools.model_converters.checkpoint_file import parse


def test_an_existing_file_needs_overwrite(tmp_path):
    def destination(*argv):
        return parse(argparse.ArgumentParser(), [str(target), *argv]).dst
    target = tmp_path / 'a.pth'
    assert destination() == target
    target.touch()
    with pytest.raises(FileExistsError, match='a.pth: already exists; replace it with --overwrite'):
        destination()
    assert destination('--overwrite') == target

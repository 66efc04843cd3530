import argparse

import pytest

from tools.model_converters.checkpoint_file import add_destination, parse


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_destination(parser)
    return parser


def test_an_existing_file_needs_overwrite(parser, tmp_path):
    target = tmp_path / 'a.pth'
    assert parse(parser, [str(target)]).dst == target
    target.touch()
    with pytest.raises(FileExistsError, match='a.pth: already exists; replace it with --overwrite'):
        parse(parser, [str(target)])
    assert parse(parser, [str(target), '--overwrite']).dst == target

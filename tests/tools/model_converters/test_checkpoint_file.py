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
    with pytest.raises(FileExistsError, match='a.pth: exists; give --overwrite'):
        parse(parser, [str(target)])
    assert parse(parser, [str(target), '--overwrite']).dst == target


def test_a_place_that_cannot_hold_a_checkpoint_is_refused(parser, tmp_path):
    (tmp_path / 'a.pth').mkdir()
    (tmp_path / 'file').touch()
    for name, kind, message in (
            ('a.weights', ValueError, 'a.weights: expected a name that ends in .pth'),
            ('a.pth', IsADirectoryError, 'a.pth: is a folder'),
            ('file/b.pth', NotADirectoryError, 'cannot be written, .*file is a file')):
        with pytest.raises(kind, match=message):
            parse(parser, [str(tmp_path / name), '--overwrite'])

import argparse

import pytest
import torch

from tools.model_converters.checkpoint_file import add_destination, parse, write_checkpoint


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


def test_nothing_half_written_is_left(tmp_path):
    write_checkpoint(dict(w=torch.ones(1)), tmp_path / 'new' / 'a.pth')
    assert torch.load(tmp_path / 'new' / 'a.pth', weights_only=True)['w'].item() == 1
    with pytest.raises(AttributeError):  # a lambda cannot be pickled
        write_checkpoint(dict(w=lambda: None), tmp_path / 'new' / 'a.pth')
    assert torch.load(tmp_path / 'new' / 'a.pth', weights_only=True)['w'].item() == 1
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a.pth']

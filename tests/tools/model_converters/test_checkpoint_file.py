import argparse

import pytest
import torch

from tools.model_converters.checkpoint_file import parse, write_checkpoint


def test_an_existing_file_needs_overwrite(tmp_path):
    def destination(*argv):
        return parse(argparse.ArgumentParser(), [str(target), *argv]).dst
    target = tmp_path / 'a.pth'
    assert destination() == target
    target.touch()
    with pytest.raises(FileExistsError, match='a.pth: already exists; replace it with --overwrite'):
        destination()
    assert destination('--overwrite') == target


@pytest.mark.parametrize('value', [0., 1.])
def test_weights_that_are_all_the_same_are_refused(tmp_path, value):
    learnt = {'conv.weight': torch.randn(2, 3, 1, 1), 'conv.bias': torch.zeros(2)}
    write_checkpoint(tmp_path / 'a.pth', learnt, 'a.weights')
    flat = learnt | {'fc.weight': torch.full((2, 3), value)}
    with pytest.raises(ValueError, match='^a.weights: found one value everywhere in fc.weight, '):
        write_checkpoint(tmp_path / 'b.pth', flat, 'a.weights')
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']

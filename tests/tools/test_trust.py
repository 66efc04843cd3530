"""What the refusal of a checkpoint that could run code advises, tried for every use of one."""
import re
from pathlib import Path

import pytest
import torch
from torchvision.models import resnet18

from tests.plugins.apis.cases import CLASSIFIER
from tools.model_converters.torchvision_to_mm import main as torchvision_to_mm
from tools.predict import main as predict
from tools.test import main as run_test


def advised(error: pytest.ExceptionInfo) -> str:
    """The Python that a refusal tells to type."""
    assert 'rejected, loading it could run code: it uses pathlib.' in str(error.value)
    return re.search(r'torch\.save\(.*\)$', str(error.value))[0]


@pytest.fixture
def refused(classifier: Path, tmp_path: Path) -> Path:
    """A checkpoint with a path in it, which its unpickling makes by a call."""
    torch.save(torch.load(classifier) | dict(more=Path('a')), tmp_path / 'refused.pth')
    return tmp_path / 'refused.pth'


@pytest.mark.parametrize('use', ['test', 'predict', 'load_from', 'resume'])
def test_the_option_loads_what_a_command_names(
        use, refused, train_digits, digits_run, digits_root, digits_options, tmp_path):
    if use == 'resume':
        torch.save(torch.load(digits_run / 'epoch_2.pth') | dict(more=Path('a')), refused)
    call = {
        'test': lambda *more: run_test([
            CLASSIFIER, str(refused), '--work-dir', str(tmp_path / 'run'), *more, '--cfg-options',
            *digits_options]),
        'predict': lambda *more: predict([CLASSIFIER, str(refused), str(digits_root / 'test'),
                                          '--out-dir', str(tmp_path / 'run'), *more]),
        'load_from': lambda *more: train_digits(
            '--work-dir', str(tmp_path / 'run'), '--overwrite', *more,
            options=(f'load_from={refused}',)),
        'resume': lambda *more: train_digits(
            '--work-dir', str(tmp_path / 'run'), '--resume', str(refused), *more,
            options=('train_cfg.max_epochs=2',))}[use]
    with pytest.raises(ValueError, match='--trust-checkpoint loads it as'):
        call()
    with pytest.warns(UserWarning, match='more is not saved'):
        assert call('--trust-checkpoint')


def test_the_tensors_alone_are_initial_weights(refused, train_digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def train(name):
        key = '+model.backbone.init_cfg'
        return train_digits('--work-dir', str(tmp_path / 'run'), '--overwrite', options=(
            f'{key}.type=Pretrained', f'{key}.prefix=backbone', f'{key}.checkpoint={name}'))
    with pytest.raises(ValueError) as error:
        train(refused)
    exec(advised(error))
    assert train('new.pth')['epochs'] == 1


def test_the_tensors_alone_are_converted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict=resnet18().state_dict(), more=Path('a')), 'a.pth')
    with pytest.raises(ValueError) as error:
        torchvision_to_mm(['a.pth', 'b.pth'])
    exec(advised(error))
    assert torchvision_to_mm(['new.pth', 'b.pth'])['tensors'] == 122

import os

import pytest
import torch
from mmengine.logging import HistoryBuffer

from plugins.engine.checkpoint import read_checkpoint, trust_checkpoint


class Malicious:
    """Unpickling it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_reads_what_mmengine_saves(tmp_path):
    buffer = HistoryBuffer([1., 2.], [1, 1])
    torch.save(dict(state_dict=dict(w=torch.ones(2)), message_hub=dict(log=buffer)),
               tmp_path / 'a.pth')
    loaded = read_checkpoint(tmp_path / 'a.pth')
    assert loaded['state_dict']['w'].tolist() == [1, 1]
    assert loaded['message_hub']['log'].mean() == 1.5


def test_refuses_code_and_does_not_run_it_unless_trusted(tmp_path):
    victim, file = tmp_path / 'victim', tmp_path / 'evil.pth'
    torch.save(dict(state_dict={}, extra=Malicious(str(victim))), file)
    with pytest.raises(ValueError, match='evil.pth: refused.*mkdir.*--trust-checkpoint'):
        read_checkpoint(file)
    assert not victim.exists()
    trust_checkpoint(file)
    read_checkpoint(file)
    assert victim.exists()


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', b'PK\x03\x04 cut off'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    (tmp_path / 'bad.pth').write_bytes(content)
    with pytest.raises(ValueError, match='bad.pth: not a readable checkpoint'):
        read_checkpoint(tmp_path / 'bad.pth')


def test_missing_file_and_wrong_content(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.pth'):
        read_checkpoint(tmp_path / 'none.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='expected a dict.*found list'):
        read_checkpoint(tmp_path / 'list.pth')


def test_a_damaged_file_is_refused_although_torch_would_load_it(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.zeros(5000))), tmp_path / 'a.pth')
    content = bytearray((tmp_path / 'a.pth').read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(ValueError, match='a.pth: damaged, its checksum is wrong'):
        read_checkpoint(tmp_path / 'a.pth')


def test_pretrained_weights_of_a_config_are_read_as_carefully(tmp_path):
    from mmengine.runner.checkpoint import CheckpointLoader
    victim, file = tmp_path / 'victim', tmp_path / 'evil.pth'
    torch.save(dict(state_dict={}, extra=Malicious(str(victim))), file)
    with pytest.raises(ValueError, match='refused'):
        CheckpointLoader.load_checkpoint(str(file))
    assert not victim.exists()

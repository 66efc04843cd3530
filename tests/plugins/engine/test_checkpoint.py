import os

import pytest
import torch
from mmengine.logging import HistoryBuffer

from plugins.engine.checkpoint import read_checkpoint


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
    with pytest.raises(ValueError, match='evil.pth: refused.*--trust-checkpoint'):
        read_checkpoint(file)
    assert not victim.exists()
    read_checkpoint(file, trust=True)
    assert victim.exists()


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', b'PK\x03\x04 cut off'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    (tmp_path / 'bad.pth').write_bytes(content)
    with pytest.raises(ValueError, match='bad.pth'):
        read_checkpoint(tmp_path / 'bad.pth')


def test_missing_file_and_wrong_content(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.pth'):
        read_checkpoint(tmp_path / 'none.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='expected a dict.*found list'):
        read_checkpoint(tmp_path / 'list.pth')

"""No code runs from a file that composes names which its reader may know, and no process ends."""
import json
import os
import subprocess
import sys
from contextlib import suppress

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from plugins.apis.load import load_trained
from plugins.engine.checkpoint import read_checkpoint
from plugins.engine.pretrained import Pretrained
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER
from tests.plugins.engine import composed_pickles
from tests.plugins.engine.composed_pickles import payloads, write_before_1_6, write_zip
from tools.model_converters.torchvision_to_mm import main as torchvision_to_mm

HARMLESS = {'hooks of a tensor', 'memo'}  # read as the data they hold


def test_nothing_runs_and_no_process_ends(tmp_path, repo_root):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', composed_pickles.__file__, str(tmp_path)],
        env=dict(os.environ, PYTHONPATH=str(repo_root)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert len(found) == 3 * len(payloads(tmp_path))
    read = {name for name, outcome in found.items() if outcome == 'read'}
    assert read == {f'{kind}: {name}' for kind in ('zip', 'before 1.6') for name in HARMLESS}
    assert 'RAN' not in found.values()


USES = {
    'mmengine': lambda file, folder: CheckpointLoader.load_checkpoint(str(file)),
    'init_cfg': lambda file, folder: Pretrained(str(file))(torch.nn.Linear(2, 2)),
    'torchvision_to_mm': lambda file, folder: torchvision_to_mm(
        [str(file), str(folder / 'converted.pth')]),
    # predict, compare_detections, visualize_features
    'load_trained': lambda file, folder: load_trained(load_config(CLASSIFIER), file, 'cpu'),
}


@pytest.mark.parametrize('payload', ['globals of a method', 'rebuild calls eval'])
@pytest.mark.parametrize('use', USES)
def test_no_use_of_a_checkpoint_runs_code(use, payload, tmp_path):
    opcodes = payloads(tmp_path / 'marker')[payload]
    for file in write_zip(tmp_path / 'a.pth', opcodes), write_before_1_6(tmp_path, opcodes):
        with pytest.raises(ValueError, match='rejected|not a readable'):
            USES[use](file, tmp_path)
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('options', [dict(resume=True), dict()], ids=['resume', 'load_from'])
def test_a_training_runs_no_code_of_a_checkpoint(options, run_scripted, tmp_path):
    file = write_zip(tmp_path / 'a.pth', payloads(tmp_path / 'marker')['globals of a method'])
    (tmp_path / 'last_checkpoint').write_text(str(file))
    with pytest.raises(ValueError, match='rejected|not a readable'):
        run_scripted(tmp_path, None, epochs=1, load_from=str(file), **options)
    assert not (tmp_path / 'marker').exists()


def test_a_resumed_run_does_not_execute_the_config_in_its_checkpoint(run_scripted, tmp_path):
    run_scripted(tmp_path, None, epochs=1)
    saved = torch.load(tmp_path / 'epoch_1.pth')
    saved['meta']['config'] = f"__import__('pathlib').Path({str(tmp_path / 'marker')!r}).touch()"
    torch.save(saved, tmp_path / 'epoch_1.pth')
    assert run_scripted(tmp_path, None, epochs=2, resume=True).epoch == 2
    assert not (tmp_path / 'marker').exists()


def test_what_is_read_besides_the_record_of_torch_is_not_read(tmp_path):
    """A second record data.pkl, which other readers of zip archives take for the first."""
    opcodes = payloads(tmp_path / 'marker')['rebuild calls eval']
    harmless = b'}'
    for first, last in (opcodes, harmless), (harmless, opcodes):
        file = write_zip(tmp_path / 'a.pth', last, **{'Data.pkl': b'\x80\x02' + first + b'.'})
        with suppress(ValueError):
            read_checkpoint(file)
    assert not (tmp_path / 'marker').exists()

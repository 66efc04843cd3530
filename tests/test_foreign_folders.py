"""Folders of strangers: no code that they hold or name is run, and no file elsewhere is shown.

Studies, checkpoints and CIFAR's pickles have such tests beside their readers.
"""
import json
import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from plugins.classification.datasets.array_file import describe, open_array
from plugins.engine.files import REPO_ROOT
from plugins.engine.run_reader import read_run
from plugins.engine.session import load_config
from tests.conftest import DIGITS
from tests.plugins.report.runs import mistake, write_examples, write_run
from tools.analysis_tools import compare_runs
from tools.misc import check_dataset, record_result
from tools.report import main as report


@pytest.fixture
def evil(tmp_path):
    """A config that leaves a trace when it is executed, and the trace."""
    trace, config = tmp_path / 'trace', tmp_path / 'evil.py'
    config.write_text(f'open({str(trace)!r}, "w")\n_base_ = {str(REPO_ROOT / DIGITS)!r}\n')
    return config, trace


def spelled(config, tmp_path):
    """Ways to name a config that is not of this collection."""
    (tmp_path / 'run').mkdir(exist_ok=True)
    up = '/'.join(['..'] * (len(REPO_ROOT.parts) - 1))
    return [str(config), f'configs/../{up}{config}', f'configs/basenet/../../{up}{config}',
            '../evil.py', 'evil.py', f'{REPO_ROOT}/configs/../{up}{config}']


def test_no_reader_of_records_executes_a_config_that_they_name(evil, tmp_path):
    config, trace = evil
    for place, name in enumerate(spelled(config, tmp_path)):
        run = write_run(tmp_path / f'runs/{place}', name, seed=place,
                        options=['model.type=os.system', 'custom_imports.imports=[antigravity]'])
        shutil.copy(config, run / 'evil.py')
        shutil.copy(config, tmp_path / 'runs/evil.py')
        write_examples(run, 'mistakes', mistake())
        with pytest.raises(ValueError, match='is not one of this collection'):
            record_result.main([str(run), '--data', 'x'])
        compare_runs.main([str(run)])
    page = report([str(tmp_path / 'runs'), '-o', str(tmp_path / 'page.html')]).read_text()
    assert page.count('class="side"') == place + 1 and not trace.exists()
    load_config(str(config))
    assert trace.exists()  # when a user names it on the command line


def test_a_link_within_the_collection_leads_to_no_foreign_config(evil, tmp_path, monkeypatch):
    config, trace = evil
    monkeypatch.setattr(record_result, 'REPO_ROOT', tmp_path / 'copy')
    monkeypatch.setattr(record_result, 'CONFIGS', tmp_path / 'copy/configs')
    (tmp_path / 'copy/configs').mkdir(parents=True)
    (tmp_path / 'copy/configs/leaf.py').symlink_to(config)
    with pytest.raises(ValueError, match='is not one of this collection'):
        record_result.main([str(write_run(tmp_path / 'run', 'configs/leaf.py')), '--data', 'x'])
    assert not trace.exists()


def test_a_resumed_checkpoint_holds_a_config_that_is_not_executed(train_digits, digits_run, evil,
                                                                  tmp_path):
    """mmengine executes the text ``meta['config']`` of every checkpoint that it resumes."""
    config, trace = evil
    shutil.copytree(digits_run, tmp_path / 'run')
    path = tmp_path / 'run' / (digits_run / 'last_checkpoint').read_text().rpartition('/')[2]
    held = torch.load(path, weights_only=False)
    held['meta']['config'] = config.read_text()
    torch.save(held, path)
    train_digits('--work-dir', str(tmp_path / 'run'), '--resume',
                 options=('train_cfg.max_epochs=3',))
    assert read_run(tmp_path / 'run').trained['epochs'] == 3 and not trace.exists()


def test_arrays_beside_data_are_arrays(tmp_path):
    class Payload:
        def __reduce__(self):
            return exec, (f'open({str(tmp_path / "trace")!r}, "w")',)

    path = tmp_path / 'a.npy'
    np.save(path, np.ones(3))
    describe(path, {})
    np.save(path, np.array([Payload()], object), allow_pickle=True)
    with pytest.raises(ValueError, match='object'):
        open_array(path, np.float64, (3,))
    with path.open('wb') as file:
        np.savez(file, a=np.ones(3))
    with pytest.raises(ValueError, match='magic'):
        open_array(path, np.float64, (3,))
    assert not (tmp_path / 'trace').exists()


def test_a_config_is_checked_only_if_the_user_names_it(evil, tmp_path, digits_root):
    config, trace = evil
    folder = tmp_path / 'data'
    shutil.copytree(digits_root / 'test', folder)
    shutil.copy(config, folder / 'config.py')
    (folder / 'info.json').write_text(json.dumps(dict(_base_=str(config))))
    check_dataset.main([str(folder)])
    assert not trace.exists()


def test_no_file_elsewhere_reaches_the_page(tmp_path):
    secrets = tmp_path / 'secrets'
    secrets.mkdir()
    Image.new('RGB', (7, 7), (200, 100, 50)).save(secrets / 'photo.png')
    (secrets / 'token.json').write_text(json.dumps(dict(config='TOKEN', metrics={})))
    (secrets / 'shadow').write_text('TOKEN,x\n1,2\n')
    runs = tmp_path / 'runs'
    for place, name in enumerate(('../../../../secrets/photo.png', str(secrets / 'photo.png'),
                                  'photo.png', '..', '.')):
        write_examples(write_run(runs / f'run{place}', seed=place), 'mistakes', mistake(file=name))
    (runs / 'run2/test/examples/photo.png').symlink_to(secrets / 'photo.png')
    (runs / 'run3/test/confusion_matrix.png').symlink_to(secrets / 'photo.png')
    shutil.copytree(runs / 'run4', runs / 'run5')
    (runs / 'run5/result.json').unlink()
    (runs / 'run5/result.json').symlink_to(secrets / 'token.json')
    for name in ('s1', 's2'):
        (runs / name).mkdir()
    (runs / 's1/trials.csv').symlink_to(secrets / 'shadow')
    (runs / 's2/trials.csv').write_text('a,b\n1,2\n')
    (runs / 's2/history.png').symlink_to(secrets / 'photo.png')
    (runs / 's2/search.json').symlink_to(secrets / 'token.json')
    page = report([str(runs), '-o', str(tmp_path / 'page.html')]).read_text()
    assert not re.search('data:image|TOKEN', page)
    assert page.count('class="side"') == 5

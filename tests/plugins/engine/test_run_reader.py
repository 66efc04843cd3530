import json
import re
import subprocess
import sys

import pytest

from plugins.engine import run_reader
from plugins.engine.config_keys import HASH_VERSION
from plugins.engine.run_reader import read_run

TRAINED = dict(mode='train', config='configs/x.py', checkpoint='w/best_epoch_3.pth',
               config_hash='f00', options=['lr=1', 'train_cfg.max_epochs=8'], metrics={'top1': 71.},
               changes=[])
TESTED = dict(mode='test', split='test', config='configs/x.py', checkpoint='w/best_epoch_3.pth',
              config_hash='f00', options=TRAINED['options'], metrics={'top1': 70.})


@pytest.fixture
def make_run(tmp_path):
    def make(trained=TRAINED, tested=TESTED, folder=tmp_path / 'run'):
        for path, record in ((folder, trained), (folder / 'test', tested)):
            if record is not None:
                path.mkdir(parents=True, exist_ok=True)
                (path / 'result.json').write_text(json.dumps(record))
        return folder
    return make


def test_a_test_of_the_runs_checkpoint_and_config_counts(make_run):
    run = read_run(make_run())
    assert (run.trained, run.tested, run.stale) == (TRAINED, TESTED, None)
    assert run.require_test() == TESTED


@pytest.mark.parametrize('change, reason', [
    (dict(checkpoint='w/best_epoch_1.pth'),
     'test/result.json: a test of another checkpoint, w/best_epoch_1.pth; the run names '
     'w/best_epoch_3.pth. Run tools/test.py again: python tools/test.py configs/x.py '
     'w/best_epoch_3.pth --cfg-options lr=1 train_cfg.max_epochs=8 --overwrite'),
    (dict(config_hash='bad', options=['lr=1', 'size=3']),
     'another config: --cfg-options train_cfg.max_epochs=8 only in the training; --cfg-options '
     'size=3 only in the test. Run'),
    (dict(config_hash='bad'), 'the config file has changed between'),
    (dict(split='train'), 'measured on the train images, not on the test')])
def test_a_test_of_something_else_does_not_count_and_says_what_to_run(make_run, change, reason):
    run = read_run(make_run(tested=dict(TESTED, **change)))
    assert run.tested is None and reason in run.stale
    with pytest.raises(ValueError, match=re.escape(reason)):
        run.require_test()


def test_hashes_of_two_versions_do_not_compare_and_options_decide(make_run):
    new = HASH_VERSION + 'f00'
    assert read_run(make_run(tested=dict(TESTED, config_hash=new))).stale is None
    stale = read_run(make_run(tested=dict(TESTED, config_hash=new, options=['lr=2']))).stale
    assert 'another config: --cfg-options lr=1 train_cfg.max_epochs=8 only in the training' in stale


def test_a_run_without_a_test_or_a_record_says_what_to_run_first(make_run, tmp_path):
    run = read_run(make_run(tested=None))
    assert run.tested is None and run.stale is None
    with pytest.raises(FileNotFoundError, match='not tested; run tools/test.py first: python'):
        run.require_test()
    with pytest.raises(FileNotFoundError, match='none/result.json.*is the run finished'):
        read_run(tmp_path / 'none')
    with pytest.raises(ValueError, match='the record of a test; expected the work dir of'):
        read_run(make_run() / 'test')


@pytest.mark.parametrize('content', [b'{"mode": "tr', b'', b'\xff\xfe', b'[]'])
@pytest.mark.parametrize('name', ['result.json', 'test/result.json'])
def test_a_damaged_record_is_named(make_run, name, content):
    folder = make_run()
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=f'run/{name}: (damaged|expected a JSON object)'):
        read_run(folder)


@pytest.mark.parametrize('options', ['lr=1', 3, {'lr': 1}, ['lr=1', 2]])
@pytest.mark.parametrize('name', ['result.json', 'test/result.json'])
def test_options_that_are_no_strings_are_rejected(make_run, name, options):
    folder = make_run()
    (folder / name).write_text(json.dumps(dict(TRAINED if name == 'result.json' else TESTED,
                                               options=options)))
    with pytest.raises(ValueError, match=f'run/{name}: options is .*, expected a list of strings'):
        read_run(folder)


def test_the_path_that_a_run_printed_works_from_any_directory(make_run, tmp_path, monkeypatch):
    monkeypatch.setattr('plugins.engine.files.REPO_ROOT', tmp_path)
    make_run(folder=tmp_path / 'work_dirs/x/seed0')
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert read_run('work_dirs/x/seed0').tested == TESTED


def test_reading_is_quick(repo_root):
    """compare_runs starts without PyTorch, which takes seconds to import."""
    code = f'import sys, {run_reader.__name__}; sys.exit("torch" in sys.modules)'
    subprocess.run([sys.executable, '-c', code], cwd=repo_root, check=True)

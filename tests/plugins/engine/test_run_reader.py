import json
import re
import subprocess
import sys

import pytest

from plugins.engine import run_reader
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
     'another config: --cfg-options of training and test differ, or a config file, or this program '
     'has changed in between. Run tools/test.py again'),
    (dict(made_with='--tta --amp'), 'test/result.json: made with --tta --amp. Run'),
    (dict(split='train'), 'measured on the train images, not on the test')])
def test_a_test_of_something_else_does_not_count_and_says_what_to_run(make_run, change, reason):
    run = read_run(make_run(tested=dict(TESTED, **change)))
    assert run.tested is None and reason in run.stale
    with pytest.raises(ValueError, match=re.escape(reason)):
        run.require_test()


def test_a_moved_run_has_its_own_test_and_no_other_runs(make_run, tmp_path):
    folder = make_run(tested=None)
    (folder / 'best_epoch_3.pth').touch()
    with pytest.raises(FileNotFoundError, match=f'configs/x.py {folder}/best_epoch_3.pth --cfg'):
        read_run(folder).require_test()
    for place, stale in ((folder, False), (tmp_path / 'other', True)):
        make_run(None, dict(TESTED, checkpoint=str(place / 'best_epoch_3.pth')))
        assert bool(read_run(folder).stale) == stale


def test_a_run_without_a_test_or_a_record_says_what_to_run_first(make_run, tmp_path):
    run = read_run(make_run(tested=None))
    assert run.tested is None and run.stale is None
    with pytest.raises(FileNotFoundError, match='not tested; run tools/test.py first: python'):
        run.require_test()
    with pytest.raises(FileNotFoundError, match='none/result.json.*is the run finished'):
        read_run(tmp_path / 'none')
    with pytest.raises(FileNotFoundError, match='record; give one run: run$'):
        read_run(run.folder.parent)
    with pytest.raises(ValueError, match='the record of a test; expected the work dir of'):
        read_run(make_run() / 'test')


@pytest.mark.parametrize('content', [b'{"mode": "tr', b'', b'\xff\xfe', b'[]'])
@pytest.mark.parametrize('name', ['result.json', 'test/result.json'])
def test_a_damaged_record_is_named(make_run, name, content):
    folder = make_run()
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=f'run/{name}: (damaged|expected a JSON object)'):
        read_run(folder)


@pytest.mark.parametrize('change, message', [
    (dict(options='lr=1'), "options is 'lr=1', expected a list"),
    (dict(options=['lr=1', 2]), r'options\[1\] is 2, expected a line of text'),
    (dict(config=''), "config is '', expected a file name"),
    (dict(epochs=-1), 'epochs is -1, expected a whole number'),
    (dict(epochs=True), 'epochs is True, expected a whole number'),
    (dict(metrics=dict(loss=10 ** 400)), 'metrics.loss is 1000.*000, expected a number'),
    (dict(metrics=None), 'metrics is None, expected a dict'),
    (dict(changes=[['key', None]]), r'changes\[0\] has 2 items, expected 3'),
    (dict(monitor='\ud800'), 'damaged, not readable as JSON .*surrogates')])
@pytest.mark.parametrize('name', ['result.json', 'test/result.json'])
def test_a_field_that_holds_something_else_is_named(make_run, name, change, message):
    folder = make_run()
    (folder / name).write_text(json.dumps(dict(TRAINED if name == 'result.json' else TESTED,
                                               **change)))
    with pytest.raises(ValueError, match=f'run/{name}: {message}'):
        read_run(folder)


def test_deep_records_and_fields_that_a_reader_needs(make_run):
    folder = make_run()
    with pytest.raises(ValueError, match='run/result.json: epochs is None, expected a whole num'):
        read_run(folder, 'epochs')
    diverged = dict(TRAINED, metrics=dict(loss=float('nan')), best_epoch=None, new_field=[{}])
    (folder / 'result.json').write_text(json.dumps(diverged))
    assert str(read_run(folder).trained['metrics']) == "{'loss': nan}"
    (folder / 'result.json').write_text('{"a":' * 100_000)
    with pytest.raises(ValueError, match='run/result.json: damaged'):
        read_run(folder)


@pytest.mark.parametrize('link', ['result.json', 'test/result.json', 'test'])
def test_a_link_out_of_the_run_is_not_followed(make_run, tmp_path, link):
    folder = make_run()
    (folder / link).rename(tmp_path / 'elsewhere')
    (folder / link).symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(ValueError, match=f'{link}.*: a link that leads out of .*run'):
        read_run(folder)
    (tmp_path / 'linked').symlink_to(make_run(folder=tmp_path / 'other'))
    assert read_run(tmp_path / 'linked').tested == TESTED  # the run itself may be a link


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

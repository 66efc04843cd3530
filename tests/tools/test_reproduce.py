"""Whole reports: rows are made-up runs here, but in the slow tests at the end."""
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from plugins.engine import session
from plugins.engine.config_keys import config_hash
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from plugins.engine.work_dir import default_work_dir
from tests.conftest import full_disk
from tests.plugins.report.runs import classifier_test, write_run
from tests.plugins.report.test_page import text_of
from tests.plugins.search.cases import postgresql
from tools.misc.result_files import load_models, metafiles
from tools.reproduce import main, parse_args

CONFIGS = {model.row: REPO_ROOT / model.config for metafile in metafiles(REPO_ROOT)
           for model in load_models(metafile)}
LOADERS = ('train', 'val', 'test')


def folder_of(row, root, seed=0):
    """The work dir of a row, as tools/train.py names it, below another root."""
    return root / default_work_dir(CONFIGS[row], seed).relative_to(REPO_ROOT / 'work_dirs')


def roots(folder):
    """--cfg-options that read the images in a folder."""
    return [f'{part}_dataloader.dataset.source.data_root={folder}' for part in LOADERS]


def rows_of(page):
    """The rows of the tables of a page, as lists of text, by their first cell."""
    rows = [[' '.join(re.sub('<.*?>', '', cell).split()) for cell in re.findall(
        '<td.*?</td>', row, re.S)] for row in re.findall('<tr>.*?</tr>', page.read_text(), re.S)]
    return {row[0]: row[1:] for row in rows if row}


read_once = cache(load_config)


@pytest.fixture(autouse=True)
def configs_are_read_once(monkeypatch):
    """A third of a second each."""
    monkeypatch.setattr('plugins.engine.session.load_config', lambda config, options=(): deepcopy(
        read_once(config, tuple(options))))


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Runs take no time. What was called: the tool, the row and the seed; or the row timed."""
    rows = {path: row for row, path in CONFIGS.items()}
    calls, failing = [], {}

    def train(argv):
        config, options = Path(argv[0]), argv[argv.index('--cfg-options') + 1:]
        cfg, row = session.load_config(str(config), options), rows[config]
        if '--fast-dev-run' in argv:
            calls.append(('time', row))
            step = dict(B1=3., B2=1., B3=.8).get(row, 4.)
            return dict(seconds=step, history=[dict(iter=2)], sizes=dict(train=640))
        seed = int(argv[argv.index('--seed') + 1])
        calls.append(('train', row, seed, '--resume' in argv))
        if row in failing:
            raise failing[row]
        return write_run(Path(argv[argv.index('--work-dir') + 1]), config_hash=config_hash(cfg),
                         config=str(config.relative_to(REPO_ROOT)), seed=seed, options=options,
                         accuracy=40. + seed, tested={}, checkpoint='best.pth')

    def test(argv):
        run = Path(argv[1]).parent
        calls.append(('test', rows[Path(argv[0])], json.loads(
            (run / 'result.json').read_text())['seed']))
        record = json.loads((run / 'result.json').read_text())
        (run / 'test').mkdir()
        (run / 'test/result.json').write_text(json.dumps({
            **{key: record[key] for key in ('config', 'checkpoint', 'config_hash', 'options')},
            **classifier_test(('cat', 'dog'), 41. + record['seed']), 'mode': 'test'}))
    monkeypatch.setattr('tools.train.main', train)
    monkeypatch.setattr('tools.test.main', test)
    (tmp_path / 'images').mkdir()

    def call(*argv, options=()):
        return main([*argv, '--work-dir', str(tmp_path / 'w'), '--cfg-options',
                     *roots(tmp_path / 'images'), *options])
    call.calls, call.failing, call.root = calls, failing, tmp_path / 'w'
    return call


@pytest.mark.parametrize(('argv', 'message'), [
    ([], 'arguments are required: A|B|C|D|E|ROW'),
    (['D', '--seeds', '-1'], "argument --seeds: '-1' is not a whole number from 0"),
    (['D', '--procs', '0'], "argument --procs: '0' is not a whole number above 0")])
def test_wrong_arguments_are_rejected(argv, message, capsys):
    with pytest.raises(SystemExit):
        parse_args(argv)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(('row', 'message'), [
    ('D15', 'D15: no such report or row; near: D5, D1, D14'),
    ('F', 'F: no such report or row; expected one of A1, ')])
def test_an_unknown_row_is_named_before_anything_is_imported(row, message):
    with pytest.raises(ValueError, match=message):
        main(['B1', row, '--dry-run'])


def test_before_anything_is_trained_the_page_has_the_reports_figures(tmp_path, monkeypatch, capsys):
    """Of report D's figure 15: the settings of D7 and D14, and what the report measured."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'hub'))
    monkeypatch.setattr('plugins.engine.checkpoint.WEIGHTS_DIR', tmp_path / 'weights')
    page = main(['d3', 'D7', 'D14', 'B9', '--dry-run', '--work-dir', str(tmp_path / 'w'),
                 '--cfg-options', *roots(tmp_path / 'flower_photos')])
    assert page == tmp_path / 'w/reproduce/D3-D7-D14-B9.html'
    out = capsys.readouterr().out
    assert '4 of 4 runs are left' in out
    missing = f'no folder {tmp_path}/flower_photos: python tools/misc/download_dataset.py ' \
        'flower_photos'
    assert f'B9 seed 0: {missing}\n' in out
    assert re.search(rf'D3 seed 0, D7 seed 0, D14 seed 0: {missing}; https://\S+pth will be '
                     rf'fetched; or save it as {tmp_path}/weights/\S+pth\n', out)
    text = text_of(page.read_text())
    assert 'All rows: optimiser Adam, batch size 32, epochs, at most 100.' in text
    assert 'Report B: reported and measured' in text
    rows = rows_of(page)
    assert rows['D7'] == ['31,912,005', '127.6', '1e-06', '0.001', '0.25', '1024, 2048, 2048',
                          '86.86', '', '0.85349', '']
    assert rows['D3'] == ['23,518,277', '94.1', '1e-05', '0.01', '0', '', '68.00', '', '0.86317',
                          '']
    assert [row for row in rows if row[0] == 'D'] == ['D3', 'D7', 'D14']
    assert rows['B9'][-4:] == ['61.40', '', '1.2524', ''] and 'B8' not in rows
    assert not list((tmp_path / 'w').rglob('result.json'))


def test_searches_of_the_rows_are_named(tmp_path, capsys):
    main(['E11', '--dry-run', '--work-dir', str(tmp_path), '--cfg-options', *roots(tmp_path / 'x')])
    assert ('The search of E11: python tools/search.py '
            'configs/search/densenet121-cut3_augmentation_mit8x50.py') in capsys.readouterr().out


def test_rows_are_trained_and_tested_once_the_cheapest_first(made, capsys):
    page = made('B1', 'B2', 'B3', '--seeds', '0', '1')
    assert made.calls[:6] == [('time', row) for row in ('B1', 'B1', 'B2', 'B2', 'B3', 'B3')]
    assert made.calls[6:] == [call for row in ('B2', 'B3', 'B1') for seed in (0, 1)
                              for call in (('train', row, seed, True), ('test', row, seed))]
    out = capsys.readouterr().out
    # B1: 3 s for 2 batches of 64, 10 batches an epoch, 25 epochs
    assert 'B1: 2 left, each at most 0.1 hours\n' in out and 'trial 5 (6/6) state=complete' in out
    assert folder_of('B3', made.root, 1).joinpath('test/result.json').is_file()
    assert rows_of(page)['B2'][-5:] == ['45.12', '40.50 [40.00 to 41.00]', '1.9802', '', '0, 1']
    assert 'Other experiments' not in page.read_text()  # of the same experiment, elsewhere
    made.calls.clear()
    assert made('B1', 'B2', 'B3', '--seeds', '0', '1') == page and made.calls == []
    made('B2', '--seeds', '1', '2')
    assert made.calls == [('train', 'B2', 2, True), ('test', 'B2', 2)]


def test_a_row_that_fails_stops_no_other_and_is_tried_again(made, capsys):
    made.failing['B2'] = OSError(28, 'No space left on device', 'epoch_1.pth')
    with pytest.raises(SystemExit) as ended:
        made('B1', 'B2', 'B3')
    assert ended.value.code == 1
    assert Counter(call[:2] for call in made.calls if call[0] != 'time') == Counter({
        ('train', 'B1'): 1, ('train', 'B2'): 1, ('train', 'B3'): 1, ('test', 'B1'): 1,
        ('test', 'B3'): 1})
    assert capsys.readouterr().err == (
        '1 of 3 runs are missing:\n'
        "B2 seed 0: OSError: [Errno 28] No space left on device: 'epoch_1.pth'\n")
    rows = rows_of(made.root / 'reproduce/B1-B2-B3.html')
    assert rows['B1'][-5:] == ['44.16', '40.00', '2.3231', '', '0']
    assert rows['B2'][-5:] == ['45.12', '', '1.9802', '', '']
    made.failing.clear()
    made.calls.clear()
    made('B1', 'B2', 'B3')
    assert made.calls == [('train', 'B2', 0, True), ('test', 'B2', 0)]
    with next(made.root.glob('reproduce/B1-B2-B3-*/trials.csv')).open() as table:
        assert Counter((row['run'], row['state']) for row in csv.DictReader(table)) == Counter([
            ('B1 seed 0', 'complete'), ('B2 seed 0', 'failed'), ('B2 seed 0', 'complete'),
            ('B3 seed 0', 'complete')])


def test_what_is_removed_is_made_again(made):
    made('B1', 'B2')
    test = folder_of('B1', made.root) / 'test'
    (test / 'result.json').unlink()
    test.rmdir()
    made.calls.clear()
    made('B1', 'B2')
    assert made.calls == [('test', 'B1', 0)]
    shutil.rmtree(folder_of('B2', made.root))
    made('B1', 'B2')
    assert made.calls[1:] == [('train', 'B2', 0, True), ('test', 'B2', 0)]


def test_what_another_machine_has_finished_is_not_trained_here(made, monkeypatch, capsys):
    monkeypatch.setattr('platform.node', lambda: 'far')
    made('B1', 'B2')
    monkeypatch.undo()
    shutil.rmtree(folder_of('B2', made.root))
    with pytest.raises(SystemExit):
        main(['B1', 'B2', '--work-dir', str(made.root), '--cfg-options',
              *roots(made.root.parent / 'images')])
    assert re.search(r'B2 seed 0: not here, but finished by far, process \d+: copy it from there',
                     capsys.readouterr().err)


def test_a_finished_run_of_another_config_is_kept(made, capsys):
    folder = write_run(folder_of('B1', made.root), config_hash='2-other', options=['a.b=1'])
    before = (folder / 'result.json').read_bytes()
    with pytest.raises(SystemExit):
        made('B1', 'B2')
    assert [call[:2] for call in made.calls if call[0] != 'time'] == [
        ('train', 'B2'), ('test', 'B2')]
    assert f'B1 seed 0: ValueError: {folder}: holds a run of another config (options: a.b=1), ' \
        in capsys.readouterr().err
    assert (folder / 'result.json').read_bytes() == before


def test_changed_experiments_have_a_folder_of_their_own_and_are_marked(made):
    made('B1')
    page = made('B1', 'B2', options=['train_dataloader.batch_size=16'])
    assert [call for call in made.calls if call[0] == 'train'] == [
        ('train', 'B1', 0, True), ('train', 'B2', 0, True), ('train', 'B1', 0, True)]
    folder, = made.root.glob('reproduce/options-*')
    assert len(list(folder.rglob('seed0/result.json'))) == 2
    assert folder_of('B1', made.root).is_dir() and not folder_of('B2', made.root).exists()
    text = page.read_text()
    assert ("Other experiments than the report&#39;s, with --cfg-options "
            'train_dataloader.batch_size=16: B1, B2.') in text


def test_a_broken_config_stops_no_other(made, tmp_path, monkeypatch, capsys):
    broken = tmp_path / 'broken.py'
    broken.write_text('model = dict(\n')
    model = next(one for metafile in metafiles(REPO_ROOT) for one in load_models(metafile)
                 if one.row == 'B2')
    monkeypatch.setattr('tools.misc.result_files.load_models', lambda metafile: [
        one._replace(config=str(broken)) if one == model else one
        for one in load_models(metafile)])
    with pytest.raises(SystemExit):
        made('B1', 'B2')
    out, err = capsys.readouterr()
    told = f'B2 seed 0: config {broken}: syntax error in it, '
    assert told in out and f'1 of 2 runs are missing:\n{told}' in err.replace('ValueError: ', '')
    assert [call for call in made.calls if call[0] == 'test'] == [('test', 'B1', 0)]


def test_slurm_gets_a_job_for_each_row_and_seed(made, tmp_path, monkeypatch, capsys):
    """A stand-in for sbatch writes down its arguments; the shell runs what it would run."""
    (tmp_path / 'sbatch').write_text(
        f'#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open({str(tmp_path)!r}'
        ' + "/typed", "w"))\n')
    (tmp_path / 'sbatch').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv('SRUN_ARGS', '--gres=none --time 9')
    monkeypatch.setenv('CPUS_PER_TASK', '2')
    made('B2')
    with pytest.raises(SystemExit):
        made('B1', 'B2', '--seeds', '0', '1', '--slurm', 'part')
    typed = json.loads((tmp_path / 'typed').read_text())
    home = made.root / 'reproduce'
    assert typed[:-1] == ['--wait', '-p', 'part', '--job-name=reproduce', '--gres=gpu:1',
                          '--ntasks=1', '--array=0-2', '--cpus-per-task=2', '--gres=none', '--time',
                          '9', f'--output={home}/slurm-%a.log']
    wrapped = typed[-1].removeprefix('--wrap=').replace('exec ', 'echo ')
    jobs = [subprocess.run(['sh', '-c', wrapped], env=dict(SLURM_ARRAY_TASK_ID=str(number)),
                           text=True, capture_output=True).stdout.split() for number in range(3)]
    tail = ['--work-dir', str(made.root), '--procs', '1', '--cfg-options',
            *roots(tmp_path / 'images')]
    assert [job[3:] for job in jobs] == [[row, '--seeds', seed, *tail] for row, seed in (
        ('B1', '0'), ('B1', '1'), ('B2', '1'))]
    assert jobs[0][:3] == [sys.executable, '-u', str(REPO_ROOT / 'tools/reproduce.py')]
    assert f'B1 seed 0: see {home}/slurm-0.log' in capsys.readouterr().err


@pytest.fixture(scope='module')
def flowers(tmp_path_factory):
    """--cfg-options with which report D's rows take seconds: 240 drawn flowers, seen at 32 px."""
    from tools.misc.make_sample_data import main as make_sample_data
    root = tmp_path_factory.mktemp('flowers')
    make_sample_data([str(root), '--sets', 'flowers', '--size', 'flowers=240', '--side', '48'])
    return ['--cfg-options', 'model.backbone.init_cfg=None', *roots(root / 'flower_photos'),
            *(f'{part}_dataloader.batch_size=2' for part in LOADERS), *(
                f'model.data_preprocessor.{key}=[32,32]' for key in (
                    'input_size', 'train_geometry.0.size', 'eval_geometry.0.size'))]


def start(work_dir, log, rows, *argv):
    return subprocess.Popen(
        [sys.executable, str(REPO_ROOT / 'tools/reproduce.py'), *rows.split(), '--fast-dev-run',
         '--work-dir', str(work_dir), *argv], stdout=log.open('a'), stderr=subprocess.STDOUT)


@pytest.mark.slow
def test_report_d_killed_twice_and_continued_by_two_processes_runs_every_row_once(
        flowers, tmp_path, capsys):
    work_dir, log = tmp_path / 'w', tmp_path / 'log.txt'
    for ended in (2, 4):
        process, end = start(work_dir, log, 'D', *flowers), time.monotonic() + 300
        while len(re.findall('state=complete', log.read_text())) < ended:
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        time.sleep(0.5)  # amid the next row
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    both = start(work_dir, log, 'D', '--procs', '2', *flowers)
    assert both.wait(550) == 0, log.read_text()
    home = work_dir / 'reproduce/fast-dev-run'
    with next(home.glob('D-*/trials.csv')).open() as table:
        trials = list(csv.DictReader(table))
    complete = Counter(row['run'] for row in trials if row['state'] == 'complete')
    assert complete == Counter(f'D{number} seed 0' for number in range(1, 15))
    assert {row['state'] for row in trials} == {'complete', 'killed'}
    assert log.read_text().count('state=complete') == 14
    for row in complete:
        tests = [json.loads(path.read_text()) for path in home.rglob('test/result.json')
                 if path.parents[1].parent.name == CONFIGS[row.split()[0]].stem]
        assert len(tests) == 1 and tests[0]['sizes']['test'] == 35 * 5
    begun = Counter(path.parents[1] for path in home.rglob('20*.log'))
    assert sum(begun.values()) in (14, 15, 16)  # the killed ones began twice
    rows = rows_of(home / 'D.html')
    assert rows['D14'][:6] == ['31,912,005', '127.6', '1e-06', '0.001', '0.25',
                               '1024, 2048, 2048']
    assert all(rows[f'D{number}'][-1] == '0' and rows[f'D{number}'][-4] for number in range(1, 15))
    assert 'no results' in (home / 'D.html').read_text()


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_large_network_leaves_room_for_a_small_one(tmp_path, capsys):
    from tools.misc.make_sample_data import main as make_sample_data
    make_sample_data([str(tmp_path), '--sets', 'cifar100', '--size', 'cifar100=1000'])
    argv = ['B10', 'B1', '--work-dir', str(tmp_path / 'w'), '--cfg-options',
            'train_cfg.max_epochs=1', *roots(tmp_path / 'cifar100')]
    with full_disk(5_000_000), pytest.raises(SystemExit):
        main(argv)
    err = capsys.readouterr().err
    assert err.startswith('1 of 2 runs are missing:\nB10 seed 0: OSError: ')
    assert 'is the disk full?' in err or 'File too large' in err
    page = main(argv)
    assert rows_of(page)['B10'][-1] == rows_of(page)['B1'][-1] == '0'


@pytest.mark.slow
def test_a_signal_ends_all_processes_and_the_same_command_goes_on(flowers, tmp_path):
    log = tmp_path / 'log.txt'
    process = start(tmp_path / 'w', log, 'D1 D2 D10 D14', '--procs', '2', *flowers)
    while not re.search('state=complete', log.read_text()):
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert 'Stopped by SIGTERM. To go on, run the same command again.' in log.read_text()
    while subprocess.run(['pgrep', '-f', str(tmp_path)], capture_output=True).stdout:
        time.sleep(0.1)  # the other one ends its batch
    done = log.read_text().count('state=complete')
    process = start(tmp_path / 'w', log, 'D1 D2 D10 D14', *flowers)
    assert process.wait(550) == 0 and log.read_text().count('state=complete') == 4
    assert done < 4


@pytest.mark.slow
def test_the_same_command_twice_shares_the_rows_by_a_database(flowers, tmp_path):
    log = tmp_path / 'log.txt'
    with postgresql() as url:
        both = [start(tmp_path / 'w', log, 'D1 D2 D10 D14', '--storage', url, *flowers)
                for _ in range(2)]
        assert [process.wait(500) for process in both] == [0, 0], log.read_text()
    done = re.findall('state=complete.*run=(D[0-9]+)', log.read_text())
    assert sorted(done) == ['D1', 'D10', 'D14', 'D2'], log.read_text()
    assert len(list((tmp_path / 'w').rglob('test/result.json'))) == 4
    assert not list((tmp_path / 'w').rglob('study.db'))

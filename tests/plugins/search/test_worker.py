"""Whole searches: of seconds, on digits; some killed, by SIGKILL."""
import ast
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import nullcontext

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from plugins.engine.config_keys import config_hash
from plugins.engine.files import REPO_ROOT
from plugins.engine.run_reader import read_run
from plugins.engine.session import load_config
from plugins.search.study import HOST, SLOT
from tests.plugins.search import cases
from tests.plugins.search.cases import FOUR, TWELVE, load, rows, search, write_search

ROW = "dict(flip='on', **{'train_dataloader.batch_size': 16})"


def fail(error):
    def happen():
        raise error
    return happen


def test_trials_are_ordinary_runs_the_winner_alone_is_tested_and_all_is_done_once(
        finished, monkeypatch, capsys):
    config, work_dir, summary = finished
    winner = summary['winner']
    assert summary['finished'] == 4 and summary['states'] == dict(complete=4)
    values, table = {}, rows(work_dir)
    assert list(table[0]) == ['trial', 'state', 'value', 'train_dataloader.batch_size', 'flip',
                              'epochs', 'best_epoch', 'seconds', 'same_as', 'error']
    for row in table:
        run = read_run(work_dir / 'trials' / f"{int(row['trial']):04d}")
        assert run.trained['metrics']['accuracy/top1'] == float(row['value'])
        assert run.trained['epochs'] == int(row['epochs']) == 1
        values[row['train_dataloader.batch_size'], row['flip']] = float(row['value'])
    assert len(values) == 4 and winner['value'] == max(values.values())

    tested, = work_dir.glob('trials/*/test/result.json')
    assert tested.parts[-3] == f"{winner['trial']:04d}"
    result = json.loads(tested.read_text())
    assert result['split'] == 'test' and result['metrics'] == winner['test']

    path = work_dir / 'winner/digits.py'
    assert winner['config'] == str(path)
    assert config_hash(load_config(str(path))) == result['config_hash']
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    value, test = winner['value'], winner['test']['accuracy/top1']
    assert f'Validation: accuracy/top1 {value:.4g}, the best of 4 trials (grid)' in docstring
    assert f'Test: accuracy/top1 {test:.4g}' in ' '.join(docstring.split())
    assert f'python tools/train.py {path}' in docstring and '?' in docstring

    monkeypatch.setattr('tools.train.main', lambda *_: pytest.fail('trained again'))
    monkeypatch.setattr('tools.test.main', lambda *_: pytest.fail('tested again'))
    assert search(config, work_dir)['winner'] == winner
    assert json.loads((work_dir / 'search.json').read_text())['winner'] == winner
    out = capsys.readouterr().out
    assert 'digits is already done: 4 trials are finished' in out and 'Best of 4 trials: ' in out
    assert out.splitlines()[-1] == f'Train the winner: python tools/train.py {path}'


def test_a_metric_that_does_not_exist_ends_the_search_before_it_begins(few_digits, tmp_path):
    config = write_search(tmp_path, few_digits, f"{FOUR}\nmetric = 'accuracy/top5'")
    with pytest.raises(ValueError, match="monitors 'accuracy/top5'.*nearest is accuracy/top1"):
        search(config, tmp_path / 'work')
    assert not (tmp_path / 'work').exists()


def test_lines_and_the_table_grow_with_each_trial(few_digits, tmp_path, before_training, capsys):
    before_training(3, fail(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')
    assert [row['state'] for row in rows(tmp_path / 'work')] == ['complete', 'complete']
    assert re.match(r'trial 0 \(1/4\) state=complete value=1 train_dataloader.batch_size=\d+ '
                    r'flip=o\w+ epochs=1 best_epoch=1 seconds=2\ntrial 1 \(2/4\) state=',
                    capsys.readouterr().out)


def test_an_interrupted_trial_is_run_again(few_digits, tmp_path, trained, before_training):
    before_training(2, fail(KeyboardInterrupt()))
    config = write_search(tmp_path, few_digits)
    with pytest.raises(KeyboardInterrupt):
        search(config, tmp_path / 'work')
    summary = search(config, tmp_path / 'work', '--no-test')
    assert summary['finished'] == 4 and summary['states'] == dict(complete=4, killed=1)
    assert len(trained) == 4


def test_errors_are_recorded_and_do_not_stop_the_study(few_digits, tmp_path, trained,
                                                       before_training):
    before_training(1, fail(RuntimeError('out of memory')))
    argv = (write_search(tmp_path, few_digits), tmp_path / 'work', '--no-test')
    assert search(*argv)['states'] == dict(complete=3, failed=1) and len(trained) == 3
    assert rows(tmp_path / 'work')[0]['error'] == 'RuntimeError: out of memory'
    assert 'Traceback' in (tmp_path / 'work/trials/0000.log').read_text()
    search(*argv)
    assert len(trained) == 3  # an error is a result
    summary = search(*argv, '--retry-failed')
    assert len(trained) == 4 and summary['states'] == dict(complete=4, failed=1)
    assert summary['finished'] == 4


def test_trials_on_other_images_fail(few_digits, tmp_path, trained, monkeypatch):
    from tools import train
    fake = train.main
    monkeypatch.setattr(train, 'main', lambda argv: dict(
        fake(argv), data_fingerprint=dict(train='ab', val='a' * (1 + len(trained) // 3))))
    summary = search(write_search(tmp_path, few_digits), tmp_path / 'work', '--no-test')
    assert summary['states'] == dict(complete=2, failed=2)
    assert rows(tmp_path / 'work')[2]['error'].startswith(
        'ValueError: the images are not those of trial 0, ')


@pytest.mark.parametrize(('error', 'message'), [
    (None, 'accuracy/top1 is not a finite number in any epoch'),
    (RuntimeError('no space'), 'none of 4 trials has a finite accuracy/top1, 4 failed.*'
                               'first error: RuntimeError: no space.*--retry-failed'),
    (optuna.TrialPruned(), 'none of 4 trials .* 0 failed.*Prune less')])
def test_no_trial_is_complete(few_digits, tmp_path, before_training, monkeypatch, error, message):
    for number in range(1, 5):
        before_training(number, fail(error))
    if not error:
        monkeypatch.setattr('tools.train.main', lambda argv: dict(
            metrics={'accuracy/top1': float('nan')}, epochs=1, best_epoch=1, seconds=1.))
    with pytest.raises(ValueError, match=message):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')
    assert len(rows(tmp_path / 'work')) == 4


def test_a_study_of_infinite_values_has_no_winner(finished, tmp_path):
    config, work_dir, _ = finished
    shutil.copytree(work_dir, tmp_path / 'work')
    with sqlite3.connect(tmp_path / 'work/study.db') as database:
        database.execute("update trial_values set value = null, value_type = 'INF_POS'")
    with pytest.raises(ValueError, match='none of 4 trials has a finite accuracy/top1, 0 failed'):
        search(config, tmp_path / 'work')


@pytest.mark.parametrize('pruned', [False, True])
def test_equal_values_are_trained_once(few_digits, tmp_path, trained, before_training, pruned):
    if pruned:
        before_training(1, fail(optuna.TrialPruned()))
    other = ROW.replace('16', '8')
    config = write_search(tmp_path, few_digits, f'{FOUR}\nenumerated = [{ROW}, {ROW}, {other}]\n'
                          "sampler = 'random'\nn_trials = 3")
    summary = search(config, tmp_path / 'work', '--no-test')
    assert summary['states'] == (dict(complete=1, pruned=2) if pruned else dict(complete=3))
    assert [row['same_as'] for row in rows(tmp_path / 'work')] == ['', '0', '']
    assert len(trained) == 2 - pruned


def test_a_trial_that_another_process_has_by_now_is_dropped(few_digits, tmp_path, trained,
                                                            before_training, capsys):
    """As of a process that was asleep: meanwhile, another one has run its trial."""
    def run_elsewhere():
        study = load(tmp_path / 'work')
        study.tell(0, state=TrialState.FAIL)
        study.enqueue_trial({'flip': 'on', 'train_dataloader.batch_size': 16},
                            user_attrs={SLOT: 0, HOST: 'another', 'by_seed': [5.]})
        trial = study.ask()
        trial.suggest_categorical('flip', ('off', 'on'))
        trial.suggest_categorical('train_dataloader.batch_size', (8, 16))
        study.tell(trial, 5.)
    before_training(1, run_elsewhere)
    summary = search(write_search(tmp_path, few_digits), tmp_path / 'work', '--no-test')
    assert 'a trial was dropped here: another process has it' in capsys.readouterr().out
    assert summary['states'] == dict(complete=4, killed=1) and summary['winner']['trial'] == 1
    assert [row['value'] for row in rows(tmp_path / 'work')] == ['', '5.0', '1.0', '1.0', '5.0']


def test_a_trial_that_two_processes_took_from_the_queue_is_run_by_one(few_digits, tmp_path, trained,
                                                                      monkeypatch, capsys):
    """The config of the trial is there already; its process gives no sign of life later on."""
    monkeypatch.setattr('plugins.search.study.GRACE', 1)
    (tmp_path / 'work').mkdir()
    config = write_search(tmp_path, few_digits)
    url = f"sqlite:///{tmp_path / 'own.db'}"
    search(config, tmp_path / 'work', '--no-test', '--trials', '1', '--storage', url)
    (tmp_path / 'work/trials/0001.py').touch()
    summary = search(config, tmp_path / 'work', '--no-test', '--storage', url)
    assert 'a trial was dropped here' in capsys.readouterr().out
    assert summary['finished'] == 4 and len(trained) == 4
    assert (tmp_path / 'work/trials/0001.py').read_text() == ''


def test_the_process_that_finished_the_last_trial_alone_tests_the_winner(
        few_digits, tmp_path, trained, before_training, capsys):
    """Here another one finishes slot 1 after this one has finished slot 0."""
    config, url = write_search(tmp_path, few_digits), f"sqlite:///{tmp_path / 'own.db'}"
    argv = ('--trials', '2', '--storage', url)

    def other_takes_slot_1():
        study = load(url)
        study.enqueue_trial({}, user_attrs={SLOT: 1, HOST: 'another'})
        trial = study.ask({'train_dataloader.batch_size': CategoricalDistribution([8, 16]),
                           'flip': CategoricalDistribution(['off', 'on'])})

        def finish_after_this_one():
            while study.trials[0].state == TrialState.RUNNING:
                time.sleep(0.05)
            study.tell(trial, 5.)
        threading.Thread(target=finish_after_this_one).start()
    before_training(1, other_takes_slot_1)
    assert search(config, tmp_path / 'work', *argv) is None
    assert 'The process that finished the last one tests the winner' in capsys.readouterr().out
    assert len(rows(tmp_path / 'work')) == 2 and not (tmp_path / 'work/search.json').exists()


def start(config, work_dir, log, *argv):
    return subprocess.Popen(
        [sys.executable, str(REPO_ROOT / 'tools/search.py'), str(config), '--work-dir',
         str(work_dir), *argv], stdout=log.open('a'), stderr=subprocess.STDOUT)


def wait_for(log, trials, process, seconds=600):
    """Until so many trials have ended, as the log tells."""
    end = time.monotonic() + seconds
    while len(re.findall(r'^trial \d+ \(', log.read_text(), re.MULTILINE)) < trials:
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize('database', ['sqlite', 'postgresql'])
def test_killed_twice_and_continued_by_two_processes_exactly_twelve_trials_are_finished(
        few_digits, tmp_path, database):
    config, log = write_search(tmp_path, few_digits, TWELVE), tmp_path / 'log.txt'
    work_dir = tmp_path / 'work'
    log.touch()
    server = cases.postgresql() if database == 'postgresql' else nullcontext(None)
    with server as url:
        argv = ('--storage', url) if url else ()
        for ended in (2, 4):
            process = start(config, work_dir, log, *argv)
            wait_for(log, ended, process)
            time.sleep(0.5)  # amid the next trial
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        both = [start(config, work_dir, log, *argv) for _ in range(2)]
        assert [process.wait(600) for process in both] == [0, 0], log.read_text()
        trials = load(url or work_dir).get_trials()
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert Counter(trial.user_attrs[SLOT] for trial in complete) == Counter(range(12))
    assert len({tuple(trial.params.values()) for trial in complete}) == 12
    assert sum(trial.state == TrialState.FAIL and HOST in trial.user_attrs
               for trial in trials) == 2  # the killed ones
    assert len({trial.user_attrs[HOST] for trial in complete}) == 4  # each process finished some
    assert log.read_text().count('Best of 12 trials') == 1
    assert len(list(work_dir.glob('trials/*/test/result.json'))) == 1
    assert [row['state'] for row in rows(work_dir)].count('complete') == 12

    undisturbed = tmp_path / 'undisturbed'
    assert start(config, undisturbed, tmp_path / 'other.txt').wait(600) == 0
    values = {trial.user_attrs[SLOT]: trial.value for trial in load(undisturbed).get_trials()}
    assert values == {trial.user_attrs[SLOT]: trial.value for trial in complete}


@pytest.mark.slow
def test_pruning_ends_runs_and_records_them(few_digits, tmp_path):
    """The first trial learns; two that do not, are below its median after the first epoch."""
    config = write_search(tmp_path, few_digits, """
space = {'lr': dict(type='categorical', values=[3e-3, 1e-9, 2e-9],
                    key='optim_wrapper.optimizer.lr')}
enumerated = [dict(lr=3e-3), dict(lr=1e-9), dict(lr=2e-9)]
epochs = 4
metric = 'loss'
pruner = dict(type='median', startup_trials=1, warmup_epochs=0)
""")
    summary = search(config, tmp_path / 'work')
    assert summary['states'] == dict(complete=1, pruned=2) and summary['winner']['trial'] == 0
    assert [row['epochs'] for row in rows(tmp_path / 'work')] == ['4', '1', '1']
    record = json.loads((tmp_path / 'work/trials/0001/result.json').read_text())
    assert record['epochs'] == 1 and len(record['history']) == 1
    assert summary['winner']['test']['loss'] > 0

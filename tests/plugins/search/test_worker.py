"""Whole searches: of seconds, on digits."""
import csv
import json
import shutil
import time
from types import SimpleNamespace

import optuna
import pytest
from optuna.trial import TrialState

from plugins.search.sampler import SLOT
from plugins.search.study import survey
from tests.plugins.search.cases import FOUR, search, write_search

RANDOM = """
sampler = 'random'
n_trials = 3
space = dict(lr=dict(type='log_uniform', low=1e-4, high=1e-2, key='optim_wrapper.optimizer.lr'))
"""


def failing_at(monkeypatch, number, error):
    """Let the training with this number, from 1 on, end in an error."""
    from tools import train
    before, calls = train.main, []

    def failing(argv):
        if '--fast-dev-run' not in argv:
            calls.append(argv)
            if len(calls) == number:
                raise error
        return before(argv)
    monkeypatch.setattr(train, 'main', failing)
    return calls


def load(work_dir, name='digits'):
    return optuna.load_study(study_name=name, storage=f"sqlite:///{work_dir / 'study.db'}")


def rows(work_dir):
    with (work_dir / 'trials.csv').open() as file:
        return list(csv.DictReader(file))


def test_each_trial_is_an_ordinary_run(finished):
    from plugins.engine.run_reader import read_run
    _, work_dir, summary = finished
    assert summary['finished'] == 4 and summary['states'] == dict(complete=4)
    values = {}
    for row in rows(work_dir):
        run = read_run(work_dir / 'trials' / f"{int(row['trial']):04d}")
        assert run.trained['metrics']['accuracy/top1'] == float(row['value'])
        assert run.trained['epochs'] == int(row['epochs']) == 1
        values[row['train_dataloader.batch_size'], row['flip']] = float(row['value'])
    assert len(values) == 4 and summary['winner']['value'] == max(values.values())


def test_the_winner_alone_was_tested(finished):
    _, work_dir, summary = finished
    tested = [path.parent.parent.name for path in work_dir.glob('trials/*/test/result.json')]
    assert tested == [f"{summary['winner']['trial']:04d}"]
    result = json.loads((work_dir / 'trials' / tested[0] / 'test/result.json').read_text())
    assert result['split'] == 'test' and result['metrics'] == summary['winner']['test']


def test_a_finished_search_does_nothing_again(finished, monkeypatch):
    config, work_dir, summary = finished
    monkeypatch.setattr('tools.train.main', lambda *_: pytest.fail('trained again'))
    monkeypatch.setattr('tools.test.main', lambda *_: pytest.fail('tested again'))
    assert search(config, work_dir)['winner'] == summary['winner']


def test_a_changed_search_config_is_refused(finished, tmp_path):
    config, work_dir, _ = finished
    text = config.read_text()
    for old, new, message in (
            ("'train_dataloader.batch_size': [8, 16]", "'train_dataloader.batch_size': [8, 32]",
             r'space.train_dataloader.batch_size.1 was 16, is 32'),
            ('epochs = 1', 'epochs = 2', 'epochs was 1, is 2'),
            ('basenet-residual_scratch_1xb64-20e_digits-16px', 'basenet_scratch_1xb64-25e_cifar100-'
             '25-32px', 'base was .*; the base config')):
        assert old in text
        (tmp_path / 'digits.py').write_text(text.replace(old, new))
        with pytest.raises(ValueError, match=message):
            from plugins.search.definition import read_search
            from plugins.search.study import _check_same, _definition
            changed = read_search(tmp_path / 'digits.py')
            asked = _definition(changed, SimpleNamespace(base=_base(changed)))
            _check_same(changed, json.loads(load(work_dir).user_attrs['definition']),
                        json.loads(asked))
    with pytest.raises(ValueError, match='was begun with another search config: seed was '):
        (tmp_path / 'digits.py').write_text(f'{text}\nseed = 3\n')
        search(tmp_path / 'digits.py', work_dir)


def _base(changed):
    from plugins.engine.session import load_config
    return load_config(str(changed.base))


def test_another_programs_study_is_left_alone(few_digits, tmp_path):
    config = write_search(tmp_path, few_digits)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    optuna.create_study(study_name='digits', storage=url).tell(
        optuna.load_study(study_name='digits', storage=url).ask(), 1.)
    with pytest.raises(ValueError, match=r'that tools/search.py did not begin'):
        search(config, tmp_path / 'work', '--storage', url)


def test_a_metric_that_does_not_exist_ends_the_search_before_it_begins(few_digits, tmp_path):
    config = write_search(tmp_path, few_digits, f"{FOUR}\nmetric = 'accuracy/top5'")
    with pytest.raises(ValueError, match="monitors 'accuracy/top5'.*nearest is accuracy/top1"):
        search(config, tmp_path / 'work')
    assert not (tmp_path / 'work').exists()


def test_more_trials_go_on_where_the_study_ended(few_digits, tmp_path, trained):
    config = write_search(tmp_path, few_digits, RANDOM)
    search(config, tmp_path / 'a', '--trials', '1', '--no-test')
    first = rows(tmp_path / 'a')
    summary = search(config, tmp_path / 'a', '--no-test')
    assert summary['finished'] == 3 and rows(tmp_path / 'a')[:1] == first and len(trained) == 3
    assert summary['winner']['test'] is None
    search(config, tmp_path / 'b', '--no-test')  # in one go
    columns = ('trial', 'state', 'value', 'lr')
    assert [[row[key] for key in columns] for row in rows(tmp_path / 'a')] == [
        [row[key] for key in columns] for row in rows(tmp_path / 'b')]


def test_errors_are_recorded_and_do_not_stop_the_study(few_digits, tmp_path, trained, monkeypatch):
    calls = failing_at(monkeypatch, 1, RuntimeError('out of memory'))
    config = write_search(tmp_path, few_digits)
    argv = (config, tmp_path / 'work', '--no-test')
    assert search(*argv)['states'] == dict(complete=3, failed=1) and len(calls) == 4
    assert rows(tmp_path / 'work')[0]['error'] == 'RuntimeError: out of memory'
    assert 'Traceback' in (tmp_path / 'work/trials/0000.log').read_text()
    search(*argv)
    assert len(calls) == 4  # an error is a result
    summary = search(*argv, '--retry-failed')
    assert len(calls) == 5 and summary['states'] == dict(complete=4, failed=1)
    assert summary['finished'] == 4


def test_all_trials_failed(few_digits, tmp_path, trained, monkeypatch):
    for number in range(1, 5):
        failing_at(monkeypatch, number, RuntimeError('no space left'))
    config = write_search(tmp_path, few_digits)
    with pytest.raises(ValueError, match='all 4 trials failed.*Trial 0: RuntimeError: no space'):
        search(config, tmp_path / 'work')
    assert len(rows(tmp_path / 'work')) == 4


def test_a_wrong_metric_leaves_nothing_in_a_database_of_ones_own(few_digits, tmp_path, trained,
                                                                 monkeypatch):
    """The same name goes on to be good, once the metric is mended; its direction too."""
    from tools import train
    work = train.main

    def checking(argv):
        from plugins.engine.session import load_config
        if load_config(argv[0]).default_hooks.checkpoint.save_best == 'loss':
            raise ValueError('no such metric')
        return work(argv)
    monkeypatch.setattr(train, 'main', checking)
    argv = (tmp_path / 'work', '--no-test', '--storage', f"sqlite:///{tmp_path / 'own.db'}")
    with pytest.raises(ValueError, match='no such metric'):
        search(write_search(tmp_path, few_digits, f"{FOUR}\nmetric = 'loss'"), *argv)
    assert search(write_search(tmp_path, few_digits), *argv)['finished'] == 4


def test_the_table_grows_with_each_trial(few_digits, tmp_path, trained, monkeypatch):
    failing_at(monkeypatch, 3, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')
    assert [row['state'] for row in rows(tmp_path / 'work')] == ['complete', 'complete']


def test_the_tables_do_not_wait_for_the_winners_test(few_digits, tmp_path, trained, monkeypatch):
    def broken(*_):
        raise RuntimeError('no test images')
    monkeypatch.setattr('plugins.search.winner._test', broken)
    with pytest.raises(RuntimeError, match='no test images'):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')
    assert len(rows(tmp_path / 'work')) == 4
    assert json.loads((tmp_path / 'work/search.json').read_text())['winner'] is None


def test_the_bar_goes_on_while_a_trial_writes_its_log(few_digits, tmp_path, trained, monkeypatch,
                                                      capsys):
    from plugins.search import worker
    from tools import train
    bars, before = [], train.main

    class Seen(worker.TrialBar):
        def __init__(self, *args):
            super().__init__(*args)
            bars.append(self)

    def talking(argv):
        if bars:
            bars[0].console.print('of the bar')
            print('of the trial')
        return before(argv)
    monkeypatch.setattr(worker, 'TrialBar', Seen)
    monkeypatch.setattr(train, 'main', talking)
    search(write_search(tmp_path, few_digits), tmp_path / 'work', '--trials', '1', '--no-test')
    output, log = capsys.readouterr().out, (tmp_path / 'work/trials/0000.log').read_text()
    assert 'of the bar' in output and 'of the trial' not in output and log == 'of the trial\n'


def test_a_trial_that_was_taken_over_ends_and_its_slot_is_run_again(few_digits, tmp_path, trained,
                                                                    monkeypatch, capsys):
    """As of a process that was asleep: meanwhile, another one has buried its trial."""
    from tools import train
    before, work_dir = train.main, tmp_path / 'work'

    def buried(argv):
        if '--fast-dev-run' not in argv and not trained:
            study = load(work_dir)
            trained.append('buried')
            study.tell(study.get_trials(states=(TrialState.RUNNING,))[0].number,
                       state=TrialState.FAIL)
            end = time.monotonic() + 30
            while time.monotonic() < end:
                time.sleep(0.01)
            pytest.fail('nobody stopped it')
        return before(argv)
    monkeypatch.setattr(train, 'main', buried)
    summary = search(write_search(tmp_path, few_digits), work_dir, '--no-test')
    assert 'trial was silent for so long that another process took it' in capsys.readouterr().out
    assert summary['states'] == dict(complete=4, killed=1) and len(trained) == 1 + 4


def test_values_that_were_pruned_are_not_trained_again(few_digits, tmp_path, trained, monkeypatch):
    from tools import train
    before = train.main

    def pruned(argv):
        result = before(argv)
        if result is not None and len(trained) == 1:
            raise optuna.TrialPruned
        return result
    monkeypatch.setattr(train, 'main', pruned)
    row = "dict(flip='on', **{'train_dataloader.batch_size': 16})"
    other = row.replace('16', '8')
    config = write_search(tmp_path, few_digits, f'{FOUR}\nenumerated = [{row}, {row}, {other}]\n'
                          "sampler = 'random'\nn_trials = 3")
    summary = search(config, tmp_path / 'work', '--no-test')
    assert summary['states'] == dict(complete=1, pruned=2) and len(trained) == 2
    assert [found['same_as'] for found in rows(tmp_path / 'work')] == ['', '0', '']


def test_an_interrupted_trial_is_run_again(few_digits, tmp_path, trained, monkeypatch):
    failing_at(monkeypatch, 2, KeyboardInterrupt())
    config = write_search(tmp_path, few_digits)
    with pytest.raises(KeyboardInterrupt):
        search(config, tmp_path / 'work')
    summary = search(config, tmp_path / 'work', '--no-test')
    assert summary['finished'] == 4 and summary['states'] == dict(complete=4, killed=1)
    assert len(trained) == 4


def test_equal_values_are_trained_once(few_digits, tmp_path, trained):
    row = "dict(flip='on', **{'train_dataloader.batch_size': 16})"
    config = write_search(tmp_path, few_digits, f'{FOUR}\nenumerated = [{row}, {row}]\n'
                          "sampler = 'random'\nn_trials = 2")
    search(config, tmp_path / 'work', '--no-test')
    found = rows(tmp_path / 'work')
    assert [row['same_as'] for row in found] == ['', '0'] and len(trained) == 1
    assert found[0]['value'] == found[1]['value']


def test_a_value_that_is_no_number_is_an_error(few_digits, tmp_path, monkeypatch):
    from tools import train
    monkeypatch.setattr(train, 'main', lambda argv: dict(
        metrics={'accuracy/top1': float('nan')}, epochs=1, best_epoch=1, seconds=1.,
        config_hash=''))
    with pytest.raises(ValueError, match='accuracy/top1 is not a number in any epoch'):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')


def test_a_slot_that_is_in_the_queue_twice_is_run_once(few_digits, tmp_path, finished):
    """As when two machines without a common folder begin a study in the same moment."""
    _, work_dir, _ = finished
    shutil.copytree(work_dir, tmp_path / 'work')
    shutil.copy(finished[0], tmp_path / 'digits.py')
    study = load(tmp_path / 'work')
    study.enqueue_trial({}, user_attrs={SLOT: 2})
    from plugins.search.definition import read_search
    from plugins.search.trial import Superfluous, TrialRunner
    runner = TrialRunner(read_search(finished[0]), None, study._storage._backend,
                         tmp_path / 'work')
    trial = study.ask()
    with pytest.raises(Superfluous):
        runner(trial)
    study.tell(trial, state=TrialState.FAIL)
    assert len(survey(study).finished) == 4


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


@pytest.mark.slow
def test_the_value_is_the_mean_over_the_seeds(few_digits, tmp_path):
    config = write_search(tmp_path, few_digits,
                          "space = {'train_dataloader.batch_size': [8]}\nseeds = [0, 1]")
    summary = search(config, tmp_path / 'work')
    single = [json.loads((tmp_path / f'work/trials/0000/seed{seed}/{part}result.json').read_text())
              ['metrics']['accuracy/top1'] for part in ('', 'test/') for seed in (0, 1)]
    assert summary['winner']['value'] == pytest.approx(sum(single[:2]) / 2)
    assert summary['winner']['test']['accuracy/top1'] == pytest.approx(sum(single[2:]) / 2)

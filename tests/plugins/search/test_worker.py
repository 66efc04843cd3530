"""Whole searches: of seconds, on digits."""
import csv
import json
import shutil
from types import SimpleNamespace

import optuna
import pytest
from optuna.trial import TrialState

from plugins.search.sampler import SLOT
from plugins.search.study import survey
from tests.plugins.search.cases import FOUR, write_search

RANDOM = """
sampler = 'random'
n_trials = 3
space = dict(lr=dict(type='log_uniform', low=1e-4, high=1e-2, key='optim_wrapper.optimizer.lr'))
"""


def search(config, work_dir, *argv):
    from tools.search import main
    return main([str(config), '--work-dir', str(work_dir), *argv])


@pytest.fixture
def trained(monkeypatch):
    """Let trials take no time: their value is a thousand times their rate. What was trained."""
    from plugins.engine.session import load_config
    from tools import train
    calls = []

    def fake(argv):
        if '--fast-dev-run' in argv:
            return None
        calls.append(argv)
        rate = load_config(argv[0]).optim_wrapper.optimizer.lr
        return dict(metrics={'accuracy/top1': 1000 * rate}, epochs=1, best_epoch=1, seconds=2.,
                    config_hash='')
    monkeypatch.setattr(train, 'main', fake)
    return calls


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
    from plugins.run_reader import read_run
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
    with pytest.raises(ValueError, match='was begun with another search config: n_|seed'):
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

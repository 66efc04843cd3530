"""Which trials count, and what becomes of killed ones."""
import shutil
import sqlite3
import traceback
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy.engine import URL

from plugins.engine.files import REPO_ROOT
from plugins.search import study as studies
from plugins.search.study import ERROR, HOST, SLOT, by_slot, finished_trials, open_storage
from tests.conftest import DIGITS
from tests.plugins.search.cases import FOUR, load, search, write_search


def ask(study, slot=0):
    study.enqueue_trial({}, user_attrs={SLOT: slot})
    return study.ask()


def states(study):
    return [trial.state for trial in study.get_trials()]


def test_a_database_may_lie_in_a_folder_of_any_name(tmp_path):
    path = tmp_path / "a?b#c%20 d'" / 'study.db'
    path.parent.mkdir()
    open_storage(URL.create('sqlite', database=str(path)), 1)
    assert path.is_file()


def test_a_silent_trial_goes_back_into_the_queue_once_with_its_values(tmp_path):
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}", 1)
    study = optuna.create_study(storage=storage)
    trial = ask(study)
    value = trial.suggest_float('x', 0, 1)
    for key in (HOST, ERROR):
        trial.set_user_attr(key, 'of the first attempt')
    storage.record_heartbeat(trial._trial_id)
    studies.requeue_killed(study, 1)
    assert states(study) == [TrialState.RUNNING]  # it was heard of just now
    storage.grace_period = -1  # as if the time had passed; the database counts whole seconds
    studies.requeue_killed(study, 1)
    studies.requeue_killed(study, 1)
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]
    again = study.ask()
    assert again.user_attrs == {SLOT: 0} and again.suggest_float('x', 0, 1) == value
    optuna.storages.fail_stale_trials(study)  # overlooks one that was never heard of
    studies.requeue_killed(study, 1000)
    assert states(study)[1:] == [TrialState.RUNNING]
    studies.requeue_killed(study, 0)
    assert states(study)[1] == TrialState.FAIL


def test_an_error_counts_until_its_slot_is_run_again():
    study = optuna.create_study()
    trial = ask(study)
    assert finished_trials(study) == []
    trial.set_user_attr(ERROR, 'ValueError: no')
    study.tell(trial, state=TrialState.FAIL)
    assert [found.number for found in finished_trials(study)] == [0]
    studies.retry_failed(study)
    assert by_slot(study)[0].state == TrialState.WAITING and finished_trials(study) == []
    study.tell(study.ask(), 1.)
    studies.retry_failed(study)
    assert [found.number for found in finished_trials(study)] == [1] and len(states(study)) == 2


def test_the_first_trial_of_a_slot_counts():
    study = optuna.create_study()
    for slot in (1, 0, 1):
        study.tell(ask(study, slot), 1.)
    study.tell(study.ask(), 1.)  # of no slot
    assert {slot: trial.number for slot, trial in by_slot(study).items()} == {0: 1, 1: 0}
    assert [trial.number for trial in finished_trials(study)] == [1, 0]  # as planned


def test_processes_that_come_at_once_make_one_database(tmp_path):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(open_storage, [f"sqlite:///{tmp_path / 'study.db'}"] * 4, [10] * 4))


@pytest.mark.parametrize(('url', 'message'), [
    ('study.db', 'not a database URL; expected sqlite:///FILE or postgresql://'),
    ('oracel://host/db', 'cannot open this database: .*oracel'),
    ('sqlite://', 'a study in memory is lost'), ('sqlite:///:memory:', 'a study in memory is lost'),
    ('sqlite:////no/such/folder/study.db', 'there is no folder /no/such/folder'),
    ('postgresql+nodriver://me:secret@host/db', '--storage: '),
    ('me:secret@host/db', '--storage: '), ('postgresql://me:secret@2@host:port/db', '--storage: '),
    ('postgresql+nodriver://host/db?user=me&password=secret', '--storage: '),
    ('sqlite:///{}', 'cannot open this database: file is not a database')])
def test_broken_urls_are_rejected_no_password_is_printed_and_files_stay(tmp_path, url, message):
    file = tmp_path / 'notes.txt'
    file.write_text('no database ' * 100)
    with pytest.raises(ValueError, match=message) as caught:
        open_storage(url.format(file), 10)
    assert 'secret' not in ''.join(traceback.format_exception(caught.value, chain=True))
    assert file.read_text() == 'no database ' * 100


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ("'train_dataloader.batch_size': [8, 16]", "'train_dataloader.batch_size': [8, 32]",
     r'another search config: space.train_dataloader.batch_size.1 was 16, is 32\. Rename'),
    ('heartbeat = 1', 'heartbeat = 1\nseed = 3', "seed was None, is 3"),
    ('BASE', 'HERE/base.py',
     'the base config, model.head.dropouts.1 was .*, is 0.75'),
    ("'train_dataloader.batch_size'", "'train_dataloader.batch_size'", None),
    ('heartbeat = 1', 'heartbeat = 2\nn_trials = 4', None),
    ('/train"', '/moved"', None)])
def test_a_changed_search_config_is_rejected(finished, tmp_path, trained, old, new, message):
    """But for where the images are, how many trials there shall be and the heartbeat."""
    config, work_dir, _ = finished
    text = config.read_text()
    (tmp_path / 'base.py').write_text(f'_base_ = {str(REPO_ROOT / DIGITS)!r}\n'
                                      'model = dict(head=dict(dropouts=[0., 0.75]))\n')
    old, new = (part.replace('BASE', str(REPO_ROOT / DIGITS)).replace('HERE', str(tmp_path))
                for part in (old, new))
    assert old in text
    (tmp_path / 'digits.py').write_text(text.replace(old, new))
    if message:
        with pytest.raises(ValueError, match=message):
            search(tmp_path / 'digits.py', work_dir)
    else:
        assert search(tmp_path / 'digits.py', work_dir)['finished'] == 4 and not trained


USER_ATTRIBUTE = "update trial_user_attributes set value_json = '{}' where key = '{}'"
DEFINITION = 'update study_user_attributes set value_json = \'"{}"\''


@pytest.mark.parametrize(('change', 'message'), [
    *((USER_ATTRIBUTE.format(value, 'slot'), 'trial 0: number, slot=.*, expected 0 and a whole')
      for value in ('[1]', '"a"', '-1')),
    (DEFINITION.format('[1]'), 'TypeError'), (DEFINITION.format('{'), 'Expecting property name'),
    (DEFINITION.format('[' * 100_000), 'RecursionError'),
    ("update study_user_attributes set value_json = '5'", 'TypeError'),
    ("update trial_params set distribution_json = '{}'", 'KeyError'),
    ('update trial_values set value = null', 'AssertionError'),
    ("update trial_values set value = 'abc'", 'TypeError: must be real number'),
    ('delete from trial_values', 'TypeError: must be real number'),
    ("update trials set state = 'FOO' where trial_id = 1", "'FOO'"),
    ("update trials set state = 'RUNNING' where trial_id = 1;"
     "update trial_heartbeats set heartbeat = 'x' where trial_id = 1", 'isoformat'),
    ('update trials set number = 7 where trial_id = 1', r'trial 0: number, slot=\(1, .*expected 0'),
    ("update trials set number = '../x' where trial_id = 4", 'TypeError')])
def test_a_damaged_study_is_named(finished, tmp_path, trained, change, message):
    config, work_dir, _ = finished
    shutil.copytree(work_dir, tmp_path / 'work')
    with sqlite3.connect(tmp_path / 'work/study.db') as database:
        database.executescript(change)
    with pytest.raises(ValueError, match=f'--storage: the study is damaged: .*{message}.*; give'):
        search(config, tmp_path / 'work')
    assert not trained


def test_another_programs_study_is_left_alone(few_digits, tmp_path, trained):
    url = f"sqlite:///{tmp_path / 'other.db'}"
    study = optuna.create_study(study_name='digits', storage=url)
    study.tell(study.ask(), 1.)
    with pytest.raises(ValueError, match=r'that tools/search.py did not begin'):
        search(write_search(tmp_path, few_digits), tmp_path / 'work', '--storage', url)
    assert load(url).user_attrs == {}


@pytest.mark.parametrize('name', ['trials', 'trials.csv', 'search.json', 'winner', 'slice.png'])
def test_a_work_dir_of_another_study_is_rejected(few_digits, tmp_path, trained, name):
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work' / name).write_text('mine')
    with pytest.raises(FileExistsError, match=f'holds {name}, but the database has no study'):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')
    assert [path.name for path in (tmp_path / 'work').iterdir()] == [name]


def test_random_values_follow_from_the_seed_and_differ_between_processes(few_digits, tmp_path,
                                                                         trained):
    """A process that continues the study must not draw the values of the first one again."""
    text = FOUR.split('space')[0] + """
sampler = 'random'
n_trials = 3
space = dict(lr=dict(type='log_uniform', low=1e-4, high=1e-2, key='optim_wrapper.optimizer.lr'))
"""
    config, drawn = write_search(tmp_path, few_digits, text), {}
    for name, counts in (('a', [3]), ('b', [3]), ('c', [1, 2, 3])):
        for count in counts:
            search(config, tmp_path / name, '--no-test', '--trials', str(count))
        drawn[name] = [trial.params['lr'] for trial in load(tmp_path / name).get_trials()]
    assert drawn['a'] == drawn['b'] and drawn['a'][0] == drawn['c'][0]
    assert len({*drawn['a'], *drawn['c']}) == 5 and all(1e-4 < lr < 1e-2 for lr in drawn['a'])


@pytest.mark.parametrize(('change', 'message'), [
    ("update trial_params set distribution_json = '{}'", 'the study is damaged: KeyError'),
    ('drop table trial_values', 'the database fails: .*no such table: trial_values; once')])
def test_damage_during_a_trial_is_named(few_digits, tmp_path, before_training, change, message):
    def damage():
        with sqlite3.connect(tmp_path / 'work/study.db') as database:
            database.execute(change)
    before_training(2, damage)
    with pytest.raises(ValueError, match=f'--storage: {message}'):
        search(write_search(tmp_path, few_digits), tmp_path / 'work')


@pytest.mark.parametrize(('storage', 'message'), [
    ('sqlite:///{}/new.db', 'holds trials.csv, but the database has no study'),
    ('sqlite:///{}/nowhere/new.db', '--storage: there is no folder'),
    ('sqlite:///{}/nowhere/deeper/new.db', '--storage: there is no folder'),
    ('nonsense', '--storage: not a database URL'),
    ('sqlite:///{}/new.db', 'nothing can be trained')])
def test_a_refused_storage_leaves_nothing_behind(
        few_digits, trained, tmp_path, monkeypatch, storage, message):
    config, work = write_search(tmp_path, few_digits), tmp_path / 'work'
    if 'trials.csv' in message:
        work.mkdir()
        (work / 'trials.csv').touch()
    if 'trained' in message:
        monkeypatch.setattr('tools.train.main', lambda _: (_ for _ in ()).throw(
            ValueError('nothing can be trained')))
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises((OSError, ValueError), match=message):
        search(config, work, '--storage', storage.format(tmp_path))
    assert sorted(tmp_path.rglob('*')) == before

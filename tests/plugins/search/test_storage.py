import sqlite3
import threading
import traceback
from collections import Counter

import optuna
import pytest

from plugins.search.lock import exclusive
from plugins.search.storage import open_storage


def test_no_two_processes_take_the_same_trial_from_the_queue(tmp_path):
    """Threads with a database connection each, as processes have."""
    url, taken, trials = f"sqlite:///{tmp_path / 'study.db'}", [], 24
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=open_storage(url, 10), study_name='s')
    for slot in range(trials):
        study.enqueue_trial({}, user_attrs=dict(slot=slot))
    together = threading.Barrier(4)

    def take():
        mine = optuna.load_study(study_name='s', storage=open_storage(url, 10))
        together.wait()
        for _ in range(trials // 4):
            taken.append(mine.ask().user_attrs.get('slot'))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == Counter(range(trials))


def test_processes_that_come_at_once_make_one_database(tmp_path):
    url, errors = f"sqlite:///{tmp_path / 'study.db'}", []

    def come():
        try:
            open_storage(url, 10)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


@pytest.mark.parametrize(('url', 'message'), [
    ('study.db', 'no database URL; expected sqlite:///FILE or postgresql://'),
    ('oracel://host/db', 'cannot open this database: .*oracel'),
    ('sqlite://', 'a study in memory is lost'),
    ('sqlite:////no/such/folder/study.db', 'there is no folder /no/such/folder')])
def test_broken_urls_are_told(url, message):
    with pytest.raises(ValueError, match=message):
        open_storage(url, 10)


def test_what_is_no_database_is_told_and_left_alone(tmp_path):
    file = tmp_path / 'notes.txt'
    file.write_text('no database ' * 100)
    with pytest.raises(ValueError, match='cannot open this database: file is not a database'):
        open_storage(f'sqlite:///{file}', 10)
    assert file.read_text() == 'no database ' * 100
    with pytest.raises(ValueError, match='is a folder, expected a file'):
        open_storage(f'sqlite:///{tmp_path}', 10)


@pytest.mark.parametrize('url', [
    'postgresql+nodriver://me:secret@host/db', 'postgresql://me:secret@host:port/db',
    'postgresql://me:secret@2@host:port/db', 'me:secret@host/db', 'sqlite://me:secret@host',
    'postgresql+nodriver://host/db?user=me&password=secret'])
def test_a_password_is_not_printed(url):
    with pytest.raises(ValueError, match='--storage ') as caught:
        open_storage(url, 10)
    assert 'secret' not in ''.join(traceback.format_exception(caught.value, chain=True))


def test_a_lock_is_held_and_given_back(tmp_path):
    lock = tmp_path / 'lock'
    with exclusive(lock), pytest.raises(OSError, match='does another process of this search'), \
            exclusive(lock, wait=0.1):
        pytest.fail('held twice')
    with exclusive(lock, wait=0.1):
        pass
    assert not sqlite3.connect(lock).execute('select * from sqlite_master').fetchall()

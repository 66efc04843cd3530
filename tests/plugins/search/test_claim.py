"""What lies in a work dir already is another's, and stays as it is."""
import sqlite3

import optuna
import pytest

from plugins.search.claim import claim
from tests.plugins.search.cases import search, write_search


def test_a_study_comes_back_to_its_own_folders_only(tmp_path):
    mine, other = (optuna.create_study(study_name=name) for name in ('mine', 'other'))
    for folder in (tmp_path / 'here', tmp_path / 'there'):
        folder.mkdir()
        claim(folder, mine)
        (folder / 'trials').mkdir()
        claim(folder, mine)
        with pytest.raises(FileExistsError, match="study.id, trials, which are not of the study"):
            claim(folder, other)
    assert not other.user_attrs


@pytest.mark.parametrize('name', ['trials', 'trials.csv', 'search.json', 'winner',
                                  'importance.png', 'parallel_coordinate.png'])
def test_a_users_file_is_in_the_way(tmp_path, name):
    (tmp_path / name).write_text('mine')
    with pytest.raises(FileExistsError, match=f'{tmp_path}: holds {name}, which.*--work-dir'):
        claim(tmp_path, optuna.create_study())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob('*')
            if path.is_file() and not path.name.startswith(('study.db', 'lock', 'winner.lock'))}


@pytest.mark.parametrize('how', ['another database', 'the database deleted', 'no id'])
def test_the_runs_of_a_finished_search_outlive_another_study(few_digits, tmp_path, trained, how):
    config, work_dir = write_search(tmp_path, few_digits), tmp_path / 'work'
    search(config, work_dir, '--no-test')
    (work_dir / 'trials/0000').mkdir()
    (work_dir / 'trials/0000/result.json').write_text('{}')
    url = tmp_path / 'new.db'
    if how == 'no id':
        (work_dir / 'study.id').unlink()
    elif how == 'the database deleted':
        (work_dir / 'study.db').unlink()
    before = files(work_dir)
    argv = ('--storage', f'sqlite:///{url}') if how == 'another database' else ()
    with pytest.raises(FileExistsError, match='not of the study .digits. in this database'):
        search(config, work_dir, *argv)
    assert files(work_dir) == before and len(trained) == 4
    if argv:
        assert sqlite3.connect(url).execute('select * from studies').fetchall() == []


def test_what_lies_in_the_place_of_a_trial_is_not_deleted(few_digits, tmp_path, trained):
    config, work_dir = write_search(tmp_path, few_digits), tmp_path / 'work'
    search(config, work_dir, '--trials', '1', '--no-test')
    (work_dir / 'trials/0002').mkdir()
    (work_dir / 'trials/0002/notes.txt').write_text('mine')
    for number, argv in enumerate(((), ('--retry-failed',)), 1):
        summary = search(config, work_dir, '--no-test', *argv)
        assert summary['states'] == dict(complete=3, failed=number) and len(trained) == 3
        assert (work_dir / 'trials/0002/notes.txt').read_text() == 'mine'
    assert '0002: is there already' in (work_dir / 'trials.csv').read_text()

import os
import random
import zipfile

import pytest

from plugins.engine.files import REPO_ROOT, lock
from plugins.engine.work_dir import claim_work_dir, default_work_dir, last_checkpoint


def save(path, size=100):
    """A file in the format of a checkpoint."""
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('data', random.Random(size).randbytes(size))
    return path


def log_of_a_run(folder):
    log = folder / '20260101_000000/20260101_000000.log'
    log.parent.mkdir(parents=True)
    log.touch()


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()}


def test_default_follows_the_path_below_configs_and_the_seed():
    runs = REPO_ROOT / 'work_dirs'
    assert default_work_dir(REPO_ROOT / 'configs/vgg/a.py', 3) == runs / 'vgg/a/seed3'
    assert default_work_dir('/elsewhere/b.py', 0) == runs / 'b/seed0'


def test_an_earlier_run_is_rejected_kept_by_resume_and_deleted_by_overwrite(tmp_path):
    log_of_a_run(tmp_path)
    save(tmp_path / 'epoch_1.pth')
    save(tmp_path / 'best_a_b_epoch_1.pth')
    (tmp_path / '.epoch_2.pth.99.partial').touch()
    with pytest.raises(FileExistsError, match='--resume.*--overwrite'):
        claim_work_dir(tmp_path, None, overwrite=False)
    assert claim_work_dir(tmp_path, 'auto', overwrite=False) == tmp_path / 'epoch_1.pth'
    assert not list(tmp_path.glob('*.partial'))
    assert claim_work_dir(tmp_path, None, overwrite=True) is None
    assert names(tmp_path) == set()


def test_overwrite_deletes_nothing_that_runs_and_tests_do_not_write(tmp_path):
    log_of_a_run(tmp_path)
    for folder in ('.', 'test', 'test-val', 'test-train-tta-amp'):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in ('result.json', 'curves.png', '20260101_000000.txt'):
            (tmp_path / folder / name).touch()
    for folder in ('test-val', 'test-train-tta-amp'):
        (tmp_path / folder / '20260101_000000.txt').unlink()
    (tmp_path / 'test/examples').mkdir()
    (tmp_path / 'test/examples/.files').write_text('1.png\n')
    (tmp_path / 'test/.examples.partial/made').mkdir(parents=True)
    (tmp_path / 'test/.examples.partial/made/half').touch()
    log = tmp_path / '20260101_000000'
    (log / 'vis_data').mkdir()
    for name in ('vis_data/20260101_000000.json', 'vis_data/scalars.json', 'vis_data/config.py',
                 'vis_data/events.out.tfevents.1.host.2.0'):
        (log / name).touch()
    own = {'20260101_000000/notes.txt': '', '20260101_000000/vis_data/for_paper.png': '',
           'notes.py': '', 'weights.pth': '', 'a.partial': '',
           'test/examples/2.png': '', '20250101_000000/a.jpg': '', 'test-data/result.json': ''}
    for name, text in own.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / 'test/examples/1.png').touch()
    claim_work_dir(tmp_path, None, overwrite=True)
    assert names(tmp_path) == {*own, '20260101_000000.txt', 'test/20260101_000000.txt'}
    assert not (tmp_path / 'test-val').exists()


@pytest.mark.parametrize('left', [
    [], ['.lock'], ['.lock', 'last_checkpoint'], ['.epoch_1.pth.7.partial', 'last_checkpoint'],
    ['.lock', '20260101_000000/20260101_000000.log'],
    ['20260101_000000/vis_data/config.py', 'a.py']])
@pytest.mark.parametrize('resume, overwrite', [(None, False), ('auto', False), (None, True)])
def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(
        tmp_path, capsys, left, resume, overwrite):
    for name in left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert claim_work_dir(tmp_path, resume, overwrite) is None
    assert ('training from the beginning' in capsys.readouterr().out) == bool(resume)


def test_a_folder_made_for_the_log_is_a_runs(tmp_path):
    (tmp_path / '20260101_000000').mkdir()
    assert claim_work_dir(tmp_path, None, False) is None


@pytest.mark.parametrize('left', [
    'best_accuracy_top1_epoch_3.pth', 'epoch_3.pth', 'best_a_epoch_3-0123abcd.pth', 'result.json'])
def test_what_cannot_be_continued_is_kept_until_overwrite(tmp_path, left, capsys):
    log_of_a_run(tmp_path)
    (tmp_path / left).write_bytes(b'half a checkpoint')
    for resume in (None, 'auto'):
        with pytest.raises(FileExistsError, match=f'{left}.*cannot be.*--overwrite'):
            claim_work_dir(tmp_path, resume, overwrite=False)
        assert capsys.readouterr().out.count('is damaged') == (left == 'epoch_3.pth')
    assert left in names(tmp_path)
    claim_work_dir(tmp_path, None, overwrite=True)
    assert names(tmp_path) == set()


def test_a_copy_of_the_checkpoints_and_the_record_is_a_run(tmp_path):
    save(tmp_path / 'epoch_1.pth')
    (tmp_path / 'result.json').touch()
    with pytest.raises(FileExistsError, match='an earlier run.*--resume.*--overwrite'):
        claim_work_dir(tmp_path, None, overwrite=False)
    assert claim_work_dir(tmp_path, 'auto', overwrite=False) == tmp_path / 'epoch_1.pth'
    claim_work_dir(tmp_path, None, overwrite=True)
    assert names(tmp_path) == set()


def test_a_folder_that_is_no_run_is_left_alone(tmp_path):
    save(tmp_path / 'epoch_1.pth')  # of something else: a run has a log or a record
    for overwrite in (False, True):
        with lock(tmp_path), pytest.raises(FileExistsError, match='no earlier run'):
            claim_work_dir(tmp_path, None, overwrite)
        assert names(tmp_path) == {'epoch_1.pth'}


def test_the_last_checkpoint_is_the_newest_that_is_not_damaged(tmp_path, capsys):
    assert last_checkpoint(tmp_path) is None
    pointer = tmp_path / 'last_checkpoint'
    for number, step in enumerate(('2', '9', '3')):
        path = save(tmp_path / f'epoch_{step}.pth', 1000)
        os.utime(path, ns=(number, number))
    stopped = save(tmp_path / 'stopped.pth')
    save(tmp_path / 'best_a_epoch_99.pth')
    pointer.write_text('/where/it/was/epoch_3.pth')  # the run was moved
    os.utime(pointer, ns=(2, 2))
    # written after the pointer, and the 9 is of before the run went back to 2
    assert last_checkpoint(tmp_path) == stopped
    stopped.unlink()
    assert last_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'
    for text in ('', 'epoch_4.pth', 'best_a_epoch_99.pth', '\0', '..'):
        pointer.write_text(text)
        assert last_checkpoint(tmp_path) == tmp_path / 'epoch_9.pth'
    whole = (tmp_path / 'epoch_9.pth').read_bytes()
    for damage in (whole[:500], b'', whole[:400] + b'?' + whole[401:], whole[:-1]):
        (tmp_path / 'epoch_9.pth').write_bytes(damage)
        assert claim_work_dir(tmp_path, 'auto', False) == tmp_path / 'epoch_3.pth'
        said = capsys.readouterr().out
        assert 'epoch_9.pth is damaged' in said and 'Continuing from' in said


def test_a_flipped_byte_is_never_an_error_of_its_own(tmp_path):
    chance = random.Random(0)
    path = save(tmp_path / 'epoch_1.pth', 50)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([chance.randrange(256)]) + whole[place + 1:])
        last_checkpoint(tmp_path)


def test_resume_takes_a_file(tmp_path):
    folder, other = tmp_path / 'run', save(tmp_path / 'epoch_7.pth')
    log_of_a_run(folder)
    assert claim_work_dir(folder, str(other), False) == other
    for step in (1, 2):
        save(folder / f'epoch_{step}.pth')
    assert claim_work_dir(folder, str(folder / '../run/epoch_1.pth'), False).name == 'epoch_1.pth'
    with pytest.raises(FileExistsError, match='contains an earlier run'):
        claim_work_dir(folder, str(other), False)
    with pytest.raises(FileNotFoundError, match='--resume none.pth: no such checkpoint'):
        claim_work_dir(folder, 'none.pth', False)


def test_a_run_is_not_deleted_while_it_is_tested(tmp_path, in_another_process):
    log_of_a_run(tmp_path)
    save(tmp_path / 'epoch_1.pth')
    with in_another_process(tmp_path / 'test'):
        with pytest.raises(BlockingIOError, match='in use by process'):
            claim_work_dir(tmp_path, None, overwrite=True)
        assert (tmp_path / 'epoch_1.pth').is_file()
    claim_work_dir(tmp_path, None, overwrite=True)
    lock(tmp_path / 'test').close()


def test_overwrite_follows_no_link_and_waits_for_no_pipe(tmp_path):
    run, docs = tmp_path / 'run', tmp_path / 'docs'
    log_of_a_run(run)
    (run / 'test').mkdir()
    docs.mkdir()
    (docs / 'thesis').touch()
    (docs / '.files').write_text('thesis\n')
    (run / 'test/examples').symlink_to(docs)
    os.mkfifo(run / 'epoch_9.pth')
    with pytest.raises(FileExistsError, match='earlier run'):
        claim_work_dir(run, None, overwrite=False)
    (run / 'epoch_9.pth').unlink()
    claim_work_dir(run, None, overwrite=True)
    assert (docs / 'thesis').exists()

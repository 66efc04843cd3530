import pytest

from plugins.engine.files import REPO_ROOT
from plugins.engine.work_dir import (
    checkpoint_to_resume,
    claim_work_dir,
    default_work_dir,
    last_checkpoint,
)


def test_default_follows_the_path_below_configs_and_the_seed():
    runs = REPO_ROOT / 'work_dirs'
    assert default_work_dir(REPO_ROOT / 'configs/vgg/a.py', 3) == runs / 'vgg/a/seed3'
    assert default_work_dir('/elsewhere/b.py', 0) == runs / 'b/seed0'


def test_an_earlier_run_is_rejected_kept_by_resume_and_deleted_by_overwrite(tmp_path):
    (tmp_path / '20260101_000000/vis_data').mkdir(parents=True)
    (tmp_path / '20260101_000000/vis_data/config.py').touch()
    claim_work_dir(tmp_path, resume=False, overwrite=False)  # it ended before its first checkpoint
    (tmp_path / 'epoch_1.pth').touch()
    for name in ('test', 'test-train', 'test-val', 'test-data'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'result.json').touch()
    with pytest.raises(FileExistsError, match='--resume.*--overwrite'):
        claim_work_dir(tmp_path, resume=False, overwrite=False)
    (tmp_path / '.epoch_2.pth.99.partial').touch()
    claim_work_dir(tmp_path, resume=True, overwrite=False)
    assert [path.name for path in tmp_path.glob('*epoch*')] == ['epoch_1.pth']
    claim_work_dir(tmp_path, resume=False, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ['test-data'], 'which no tool writes'


@pytest.mark.parametrize('overwrite', [False, True])
def test_a_folder_that_is_no_run_is_left_alone(tmp_path, overwrite):
    (tmp_path / 'weights.pth').touch()
    with pytest.raises(FileExistsError, match='no earlier run'):
        claim_work_dir(tmp_path, resume=False, overwrite=overwrite)
    assert (tmp_path / 'weights.pth').exists()


def test_resume_means_the_folders_last_checkpoint_or_a_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no checkpoint. Leave out --resume'):
        checkpoint_to_resume(tmp_path, 'auto')
    (tmp_path / 'last_checkpoint').write_text('/where/it/was/epoch_3.pth')  # it was moved since
    assert last_checkpoint(tmp_path) is None
    for name in ('epoch_2.pth', 'epoch_3.pth'):
        (tmp_path / name).touch()
    assert last_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'
    assert checkpoint_to_resume(tmp_path, 'auto') == tmp_path / 'epoch_3.pth'
    chosen = tmp_path / 'epoch_2.pth'
    assert checkpoint_to_resume(tmp_path, str(chosen)) == chosen
    with pytest.raises(FileNotFoundError, match='--resume none.pth: no such checkpoint'):
        checkpoint_to_resume(tmp_path, 'none.pth')

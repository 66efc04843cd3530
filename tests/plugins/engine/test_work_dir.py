import pytest

from plugins.engine.paths import REPO_ROOT, resolve_path
from plugins.engine.work_dir import claim_work_dir, default_work_dir


def test_default_follows_the_path_below_configs_and_the_seed():
    runs = REPO_ROOT / 'work_dirs'
    assert default_work_dir(REPO_ROOT / 'configs/vgg/a.py', 3) == runs / 'vgg/a/seed3'
    assert default_work_dir('/elsewhere/b.py', 0) == runs / 'b/seed0'


def make_run(folder):
    (folder / '20260101_000000/vis_data').mkdir(parents=True)
    (folder / '20260101_000000/vis_data/config.py').touch()


def test_an_earlier_run_is_refused_kept_by_resume_and_deleted_by_overwrite(tmp_path):
    make_run(tmp_path)
    with pytest.raises(FileExistsError, match='--resume.*--overwrite'):
        claim_work_dir(tmp_path, resume=False, overwrite=False)
    claim_work_dir(tmp_path, resume=True, overwrite=False)
    assert any(tmp_path.iterdir())
    claim_work_dir(tmp_path, resume=False, overwrite=True)
    assert tmp_path.is_dir() and not any(tmp_path.iterdir())


def test_overwrite_never_deletes_what_is_no_run(tmp_path):
    (tmp_path / 'thesis.tex').touch()
    with pytest.raises(FileExistsError, match='not the folder of an earlier run'):
        claim_work_dir(tmp_path, resume=False, overwrite=True)
    assert (tmp_path / 'thesis.tex').exists()


def test_relative_paths_lead_here_first_then_to_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve_path('data/x') == REPO_ROOT / 'data/x'
    (tmp_path / 'data/x').mkdir(parents=True)
    assert resolve_path('data/x') == tmp_path / 'data/x'
    assert resolve_path('/a/b') == resolve_path(resolve_path('/a/b'))

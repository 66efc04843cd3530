from pathlib import Path

from plugins.engine.wording import counted, short_names


def test_one_is_singular_and_others_are_plural():
    assert [counted(n, 'picture') for n in (0, 1, 2)] == ['0 pictures', '1 picture', '2 pictures']


def test_shared_parents_are_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert short_names(['w/a/x/seed0', Path('w/b/x/seed1')]) == ['a/x/seed0', 'b/x/seed1']
    assert short_names(['w/a/seed0', tmp_path / 'w/a/seed1']) == ['seed0', 'seed1']
    assert short_names(['w/a/seed0']) == ['a/seed0'] and short_names([]) == []

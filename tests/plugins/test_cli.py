import pytest

from plugins.cli import DEBUG_VARIABLE, run


def interrupted():
    raise KeyboardInterrupt


def test_ctrl_c_ends_with_a_word_and_the_shells_exit_code(capsys, monkeypatch):
    monkeypatch.delenv(DEBUG_VARIABLE, raising=False)
    with pytest.raises(SystemExit) as leaving:
        run(interrupted)
    printed = capsys.readouterr().err
    assert leaving.value.code == 130 and '--resume' in printed and 'Traceback' not in printed


def test_a_programmer_sees_where_it_was(monkeypatch):
    monkeypatch.setenv(DEBUG_VARIABLE, '1')
    with pytest.raises(KeyboardInterrupt):
        run(interrupted)

import signal
from argparse import ArgumentTypeError

import pytest

from plugins.engine import continuing
from plugins.engine.command_line import (
    DEBUG_VARIABLE,
    LARGEST_SEED,
    Parser,
    config_file,
    existing_file,
    not_negative,
    positive,
    run,
    seed,
    share,
)
from plugins.engine.stop_signal import SIGNALS, Stopped


@pytest.mark.parametrize('kind, text, value', [
    (share, '0', 0), (share, '0.25', 0.25), (share, '1', 1), (positive, '12', 12),
    (seed, '0', 0), (not_negative, '0', 0), (seed, str(LARGEST_SEED), 2 ** 32 - 1)])
def test_what_fits_is_read(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize('kind, texts, expected', [
    (share, ('abc', 'nan', '-0.1', '1.1', 'inf', ''), 'is not a number from 0 to 1'),
    (positive, ('0', '-1', '2.5', 'x', '', '٣x', '²'), 'is not a whole number above 0'),
    (not_negative, ('-1', '1.0'), 'is not a whole number of at least 0'),
    (seed, ('-1', str(2 ** 32), '1e3'), 'is not a whole number from 0 to 4294967295')])
def test_what_does_not_fit_is_said_in_words(kind, texts, expected, capsys):
    parser = Parser()
    parser.add_argument('--x', type=kind)
    for text in texts:
        with pytest.raises(SystemExit):
            parser.parse_args([f'--x={text}'])
        assert f"argument --x: {text!r} {expected}" in capsys.readouterr().err


def test_the_beginning_of_an_option_is_no_option(capsys):
    parser = Parser()
    parser.add_argument('--show-dir')
    with pytest.raises(SystemExit):
        parser.parse_args(['--show', 'x'])
    assert 'unrecognized arguments: --show x' in capsys.readouterr().err
    assert parser.parse_args(['--show-dir=x']).show_dir == 'x'


def test_a_file_that_is_not_there_is_named(tmp_path):
    (tmp_path / 'a.py').touch()
    assert config_file(str(tmp_path / 'a.py')) == existing_file(str(tmp_path / 'a.py'))
    for kind, told in ((config_file, 'no such config file'), (existing_file, 'no such file')):
        with pytest.raises(ArgumentTypeError, match=f'{tmp_path}/b.py: {told}'):
            kind(str(tmp_path / 'b.py'))
        with pytest.raises(ArgumentTypeError, match=told):
            kind(str(tmp_path))  # a folder


def stop(number):
    def main():
        raise Stopped(number)
    return main


@pytest.mark.parametrize('number', SIGNALS)
def test_a_signal_prints_one_line_or_with_the_variable_a_traceback(
        number, capsys, monkeypatch, handlers_restored):
    monkeypatch.delenv(DEBUG_VARIABLE, raising=False)
    monkeypatch.setattr(continuing, '_work_dir', None)
    with pytest.raises(SystemExit) as leaving:
        run(stop(number))
    assert leaving.value.code == 128 + number
    assert capsys.readouterr().err == \
        f'\nStopped by {number.name}. To go on, run the same command again.\n'
    monkeypatch.setenv(DEBUG_VARIABLE, '1')
    with pytest.raises(KeyboardInterrupt):
        run(stop(number))


def test_other_processes_than_the_main_one_are_silent(capsys, monkeypatch, handlers_restored):
    monkeypatch.setenv('RANK', '1')
    with pytest.raises(SystemExit):
        run(stop(signal.SIGTERM))
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('error, told', [
    (OSError(28, 'No space left on device', 'epoch_1.pth'), True),
    (RuntimeError('DataLoader worker (pid(s) 7) exited unexpectedly'), True),
    (ValueError('lr'), False), (ImportError('Please run "pip install wandb"'), False)])
def test_a_fault_that_ends_a_training_is_told_with_how_it_goes_on(
        error, told, capsys, monkeypatch, handlers_restored, tmp_path):
    def main():
        monkeypatch.setattr(continuing, '_work_dir', tmp_path)
        raise error
    with pytest.raises(SystemExit):
        run(main)
    printed = capsys.readouterr().err
    assert str(error) in printed and 'Traceback' not in printed
    assert ('To go on' in printed) == told


def test_a_name_that_a_library_cannot_encode_is_shown(capsys, handlers_restored):
    with pytest.raises(SystemExit):
        run('caf\udce9'.encode)
    assert "ValueError: 'caf\\udce9' is not a utf-8 name; rename it" in capsys.readouterr().err

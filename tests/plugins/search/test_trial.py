import logging
import sys

import pytest
from mmengine.logging import MMLogger

from plugins.search.trial import quiet


def test_what_a_run_prints_goes_into_its_log_with_the_traceback(tmp_path, capsys):
    log = tmp_path / 'log.txt'
    with quiet(log):
        print('epoch 1')
    with pytest.raises(ValueError), quiet(log, append=True):
        raise ValueError('broken')
    assert capsys.readouterr().out == ''
    assert log.read_text().startswith('epoch 1\nTraceback') and 'broken' in log.read_text()


def test_loggers_of_a_run_are_closed(tmp_path):
    with quiet(tmp_path / 'log.txt'):
        logger = MMLogger.get_instance('trial', log_file=str(tmp_path / 'run.log'))
        files = [handler for handler in logger.handlers
                 if isinstance(handler, logging.FileHandler)]
        assert files
    assert all(handler.stream is None for handler in files) and not logger.handlers
    assert 'trial' not in MMLogger._instance_dict and not sys.stdout.closed

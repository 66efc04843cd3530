import logging

import pytest
from mmengine.logging import MMLogger

from plugins.engine.quiet import quiet


def test_what_a_run_prints_goes_into_its_log_and_its_loggers_are_closed(tmp_path, capsys):
    log = tmp_path / 'log.txt'
    with quiet(log):
        print('epoch 1')
        logger = MMLogger.get_instance('trial', log_file=str(tmp_path / 'run.log'))
        file, = [handler for handler in logger.handlers if isinstance(handler, logging.FileHandler)]
    assert file.stream is None and not logger.handlers and not MMLogger._instance_dict
    with pytest.raises(ValueError), quiet(log, append=True):
        raise ValueError('broken')
    assert capsys.readouterr().out == ''
    assert log.read_text().startswith('epoch 1\nTraceback') and 'broken' in log.read_text()

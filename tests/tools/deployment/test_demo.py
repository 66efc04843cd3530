import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from plugins.engine.files import REPO_ROOT
from tests.plugins.apis.cases import CLASSIFIER


@pytest.mark.slow
def test_the_page_is_served_until_ctrl_c(classifier):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        port = taken.getsockname()[1]
    command = [sys.executable, str(REPO_ROOT / 'tools/deployment/demo.py'), CLASSIFIER,
               str(classifier), '--port', str(port)]
    url = f'http://127.0.0.1:{port}'
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout.readline() == f'Open {url} in a browser; Ctrl-C ends it\n'
        with urllib.request.urlopen(f'{url}/', timeout=30) as answer:
            assert b'Try a classifier of 10 classes' in answer.read()
            assert 'Server' not in answer.headers
        other = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert other.returncode == 1 and re.search('Error: .*already in use', other.stderr)
        os.kill(one.pid, signal.SIGINT)
        assert one.wait(20) == 0

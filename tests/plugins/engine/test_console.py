import os
import re
import subprocess
import sys
from contextlib import redirect_stderr

import pytest

from plugins.engine.console import lenient
from plugins.engine.files import REPO_ROOT

# Prints more than a pipe holds, then does its work; what it did is seen in a file.
TOOL = '''
import os, sys
from plugins.engine.command_line import run
def main():
    for number in range(20000):
        print(f"line {number} \\u00e9 \\udce9")
    from rich.console import Console
    Console().print("table")
    with open(os.environ["DONE"], "w") as file:
        file.write(sys.getfilesystemencoding())
run(main)
'''


@pytest.fixture
def tool(tmp_path):
    """A function that runs the tool in a shell and returns its output and what it wrote."""
    (tmp_path / 'tool.py').write_text(TOOL)
    done = tmp_path / os.fsdecode(b'd\xc3\xb6ne')

    def call(redirect, flag='', **variables):
        done.unlink(missing_ok=True)
        found = subprocess.run(
            ['bash', '-c', f'"{sys.executable}" {flag} {tmp_path}/tool.py {redirect}; '
             'echo ${PIPESTATUS[0]}'], capture_output=True, check=True,
            env=os.environ | dict(PYTHONPATH=str(REPO_ROOT), DONE=str(done)) | variables)
        return found.stdout.splitlines(), found.stderr, done.read_text()
    return call


@pytest.mark.parametrize('flag', ['', '-u'])
@pytest.mark.parametrize('redirect', [
    '| head -1', '> /dev/full', '2>&1 | true', '>&-', '<&- >&- 2>&-'])
def test_work_ends_well_whatever_happens_to_its_output(tool, redirect, flag):
    output, errors, done = tool(redirect, flag)
    assert output[-1] == b'0' and errors == b'' and done == 'utf-8'
    assert len(output) == 1 + ('head' in redirect)


@pytest.mark.parametrize('variables, printed', [
    (dict(LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0'), b'\xc3\xa9 \\udce9'),
    (dict(PYTHONIOENCODING='ascii'), b'\\xe9 \\udce9'),
    (dict(PYTHONIOENCODING='latin-1:strict'), b'\xe9 \\udce9')])
def test_any_locale(tool, variables, printed):
    output, errors, done = tool('| tail -2', **variables)
    assert output == [b'line 19999 ' + printed, b'table', b'0']
    assert errors == b'' and done == 'utf-8'


def test_a_file_that_takes_everything_warns_once(tmp_path, capfd):
    for mode in 'wa':
        with lenient(tmp_path / 'log', mode) as file:
            print('\u00e4 \udce9', file=file)
    assert (tmp_path / 'log').read_text() == 2 * '\u00e4 \\udce9\n' and not capfd.readouterr().err
    (tmp_path / 'full').symlink_to('/dev/full')
    with lenient(tmp_path / 'full', 'w') as file, redirect_stderr(file):
        print(100_000 * 'x\n', file=file)
        print('more', file=file)
    assert capfd.readouterr().err == (f'Warning: {tmp_path}/full cannot be written (No space left '
                                      'on device); the run goes on without it\n')


def test_tensorboard_on_a_full_disk_prints_no_traceback(tmp_path):
    code = '''
import resource, sys
from mmengine.visualization import Visualizer
from plugins.engine.command_line import run
def main():
    visualizer = Visualizer(vis_backends=[dict(type='TensorboardVisBackend')], save_dir=sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    for step in range(300):
        visualizer.add_scalar('loss', 1., step=step)
    visualizer.close()
run(main)
'''
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code, str(tmp_path)],
                          cwd=REPO_ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'OSError: [Errno 27] File too large' in done.stderr


@pytest.mark.skipif(sys.platform != 'linux', reason='a display is always there')
@pytest.mark.parametrize('asked', ['', 'TkAgg'])
def test_without_a_display_there_is_no_window(asked):
    code = 'from plugins.engine.console import check_window; check_window()'
    hidden = {'DISPLAY', 'WAYLAND_DISPLAY', 'MPLBACKEND'}
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=REPO_ROOT, capture_output=True, text=True,
        env={key: value for key, value in os.environ.items() if key not in hidden}
        | ({'MPLBACKEND': asked} if asked else {}))
    assert re.search('ValueError: --show: matplotlib draws with (tk)?agg, which opens no window '
                     'here, expected a display .* use --show-dir FOLDER', done.stderr, re.I)

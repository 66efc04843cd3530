"""tools/make_env.sh: what it refuses, with programs that pretend; CI itself does the rest."""
import os
import subprocess
from pathlib import Path

import pytest


def write(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def tools_only(tmp_path: Path) -> Path:
    """A PATH with the ordinary programs that the script needs, and no Python."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in ('bash', 'dirname', 'df', 'awk', 'mkdir', 'rm', 'touch', 'grep', 'chmod'):
        source = next(p for p in (Path('/usr/bin', name), Path('/bin', name)) if p.exists())
        (folder / name).symlink_to(source)
    return folder


def make_env(repo_root: Path, path: Path, **variables: object) -> subprocess.CompletedProcess:
    environment = {'PATH': str(path), 'HOME': os.environ.get('HOME', '/')}
    environment.update({k: str(v) for k, v in variables.items()})
    return subprocess.run([str(path / 'bash'), str(repo_root / 'tools/run_tests.sh')],
                          env=environment, capture_output=True, text=True)


def sentence(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


OLD = 'case "$1" in --version) echo Python 3.8.18;; *) exit 1;; esac'
NEW = ('case "$2" in *hashlib*) echo 0123456789abcdef;; *version_info*) exit 0;; esac\n'
       'case "$1$2" in -mvenv) mkdir -p "$3/bin"; echo > "$3/pyvenv.cfg";'
       ' printf "#!/bin/sh\\nexit 1\\n" > "$3/bin/python"; chmod +x "$3/bin/python";; esac')


@pytest.mark.parametrize('programs, variables, message', [
    ({}, {}, 'Python 3.10 or newer was not found (python3: no such program): install it, or name'),
    (dict(python3=OLD), {}, 'was not found (python3: Python 3.8.18)'),
    ({}, dict(PYTHON='py'), 'was not found (py: no such program)'),
    (dict(py=OLD), dict(PYTHON='py'), 'was not found (py: Python 3.8.18)'),
    (dict(python3=NEW, df='echo header; echo "disk 9 9 2097152 9% /"'), dict(VENV='{}/env'),
     'has 2 GB free, but the environment needs')])
def test_what_is_missing_is_told_in_a_sentence(
        repo_root, tools_only, tmp_path, programs, variables, message):
    for name, text in programs.items():
        write(tools_only / name, text)
    given = {name: value.format(tmp_path) for name, value in variables.items()}
    assert message in sentence(make_env(repo_root, tools_only, **given))


def test_an_existing_folder_that_is_no_environment_is_left_alone(repo_root, tools_only, tmp_path):
    write(tools_only / 'python3', NEW)
    (tmp_path / 'mine').mkdir()
    done = make_env(repo_root, tools_only, VENV=tmp_path / 'mine')
    assert 'exists and is not a Python environment' in sentence(done)
    assert not any((tmp_path / 'mine').iterdir())


def test_a_failed_installation_is_not_marked_as_complete(repo_root, tools_only, tmp_path):
    write(tools_only / 'python3', NEW)
    write(tools_only / 'df', 'echo header; echo "disk 9 9 99999999 9% /"')
    done = make_env(repo_root, tools_only, VENV=tmp_path / 'env')
    assert done.returncode == 1 and 'run the same command again' in done.stderr
    assert not list((tmp_path / 'env').glob('.mmtransfer-*'))

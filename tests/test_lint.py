"""House rules that a program can check."""
import ast
import os
import subprocess
import sys
from pathlib import Path


def test_ruff_is_clean(repo_root: Path):
    done = subprocess.run([sys.executable, '-m', 'ruff', 'check', '.'], cwd=repo_root,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_public_class_and_function_has_a_docstring(repo_root: Path):
    bare = []
    for path in [*repo_root.glob('plugins/**/*.py'), *repo_root.glob('tools/**/*.py')]:
        module = ast.parse(path.read_text())
        if ast.get_docstring(module) is None:
            bare.append(str(path))
        bare += [f'{path}:{node.lineno} {node.name}' for node in module.body
                 if isinstance(node, ast.ClassDef | ast.FunctionDef)
                 and not node.name.startswith('_') and ast.get_docstring(node) is None]
    assert not bare


def test_shell_scripts_parse_and_can_be_typed_as_they_are(repo_root: Path):
    """``tools/dist_train.sh configs/... 2`` needs the executable bit, in git too."""
    scripts = ['.ci/run', *(f'tools/{path.name}' for path in repo_root.glob('tools/*.sh'))]
    for script in scripts:
        subprocess.run(['bash', '-n', str(repo_root / script)], check=True)
        assert os.access(repo_root / script, os.X_OK), script
    listed = subprocess.run(['git', 'ls-files', '--stage', *scripts], cwd=repo_root, check=True,
                            capture_output=True, text=True).stdout.splitlines()
    assert len(listed) == len(scripts) and all(line.startswith('100755') for line in listed)

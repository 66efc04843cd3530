"""House rules that a program can check."""
import ast
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


def test_shell_scripts_parse(repo_root: Path):
    for path in [*repo_root.glob('tools/*.sh'), repo_root / '.ci/run']:
        subprocess.run(['bash', '-n', str(path)], check=True)

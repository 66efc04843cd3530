import subprocess
import sys

import pytest

from plugins.engine.files import REPO_ROOT
from tools.search import parse_args


@pytest.mark.parametrize(('argv', 'message'), [
    (['nowhere.py'], 'no such config file'),
    ([__file__, '--trials', '0'], "argument --trials: '0' is not a whole number above 0"),
    ([__file__, '--work-dir', __file__], 'is a file, expected a folder'),
    ([__file__, '--winner', 'best'], 'expected a new file whose name ends in .py'),
    ([__file__, '--winner', __file__], 'expected a new file whose name ends in .py')])
def test_wrong_arguments_are_rejected(argv, message, capsys):
    with pytest.raises(SystemExit):
        parse_args(argv)
    assert message in capsys.readouterr().err


def test_help_imports_neither_torch_nor_optuna():
    code = ('import sys; from tools.search import main\n'
            'try: main(["--help"])\n'
            'except SystemExit: pass\n'
            'import plugins.search.definition, plugins.search.record\n'
            'assert not {"torch", "optuna", "mmengine"} & set(sys.modules)')
    subprocess.run([sys.executable, '-c', code], cwd=REPO_ROOT, check=True, capture_output=True)

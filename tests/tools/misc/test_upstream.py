import os
import subprocess
import sys

import pytest

from tools.misc.upstream import main


@pytest.mark.slow
def test_a_tool_finds_this_project_from_any_folder(tmp_path, repo_root, detector):
    out = tmp_path / 'out.pth'
    given = tmp_path / 'in.pth'
    given.write_bytes(detector.read_bytes())
    env = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    subprocess.run([sys.executable, repo_root / 'tools/misc/upstream.py', 'mmpretrain',
                    'model_converters/publish_model.py', given, out], cwd=tmp_path, env=env,
                   check=True, capture_output=True)
    assert len([*tmp_path.glob('out_*-*.pth')]) == 1


def test_an_unknown_tool_is_named_with_similar_ones(capsys):
    with pytest.raises(SystemExit):
        main(['mmdet', 'analysis_tools/analyse_results.py'])
    assert 'has no tool analysis_tools/analyse_results.py; near: analysis_tools/analyze_results' \
        in capsys.readouterr().err

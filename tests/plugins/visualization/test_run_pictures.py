import subprocess
import sys

import pytest
from PIL import Image

from plugins.visualization.run_pictures import write_pictures
from tests.plugins.report.runs import classifier_test, detector_test

HISTORY = [dict(epoch=k, train=dict(loss=1., lr=0.1), metrics={'loss': 1.}) for k in (1, 2)]


@pytest.mark.parametrize('result, names', [
    (dict(history=HISTORY, best_epoch=1), ['curves.png']),
    (classifier_test(('cat', 'dog')), ['confusion_matrix.png', 'classes.png']),
    (detector_test(), ['pr_curve.png', 'f1_curve.png']),
    (dict(history=[], metrics={}), []),  # a run without validation
], ids=['training', 'classifier', 'detector', 'nothing'])
def test_each_record_leaves_its_pictures(result, names, tmp_path):
    assert [path.name for path in write_pictures(result, tmp_path)] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)  # nothing half written
    for name in names:
        picture = Image.open(tmp_path / name)
        assert min(picture.size) > 200 and len(picture.convert('L').getcolors()) > 2


def test_a_run_does_not_wait_for_matplotlib_before_it_ends(repo_root):
    code = ('import sys; from plugins.visualization.run_pictures import write_pictures; '
            'print("matplotlib" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], cwd=repo_root, capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == 'False'

import pickle

import pytest

from plugins.engine.prediction_file import PredictionFile
from tests.conftest import full_disk


def test_predictions_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / 'p.pkl'
    assert PredictionFile(str(path)).compute_metrics([dict(score=1)]) == {}
    assert pickle.loads(path.read_bytes()) == [dict(score=1)]
    with full_disk(1000), pytest.raises(OSError, match=f"File too large: '{path}'"):
        PredictionFile(str(path)).compute_metrics([5000 * 'x'])
    assert pickle.loads(path.read_bytes()) == [dict(score=1)] and list(tmp_path.iterdir()) == [path]

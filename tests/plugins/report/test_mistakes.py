import json

import numpy as np
import pytest

from plugins.report.collect import collect
from plugins.report.mistakes import checkpoint_of, worst_mistakes


@pytest.fixture(scope='module')
def tested(digits_run, digits_root):
    """The run of two epochs with a test's record; some digits are still mistaken."""
    from tools.test import main
    record = json.loads((digits_run / 'result.json').read_text())
    main([record['config'], str(checkpoint_of(collect([digits_run]).entries[0])), '--cfg-options',
          *record['options']])
    return digits_run


def test_the_surest_of_all_mistakes_are_those_of_the_test(tested):
    entry, = collect([tested]).entries
    assert entry.state == 'tested'
    found = worst_mistakes(entry, 1000, shown=5)
    matrix = np.array(entry.tested['confusion_matrix'])
    assert found.looked_at == found.images == matrix.sum()
    assert found.wrong == matrix.sum() - matrix.trace() > 0  # tools/test.py's own count
    names = list(entry.tested['classes'])
    for one in found.worst:
        assert one.truth != one.predicted
        assert matrix[names.index(one.truth), names.index(one.predicted)]
    sure = [one.confidence for one in found.worst]
    assert sure == sorted(sure, reverse=True) and 0 < sure[-1] <= sure[0] <= 1
    assert len(sure) == min(5, found.wrong)


def test_no_more_images_are_looked_at_than_asked_for(tested):
    entry, = collect([tested]).entries
    found = worst_mistakes(entry, 7)
    assert found.looked_at == 7 and found.wrong <= 7
    assert found == worst_mistakes(entry, 7)  # the same ones each time


def test_a_model_that_has_changed_since_is_refused(tested, tmp_path):
    entry, = collect([tested]).entries
    entry.trained['options'].append('model.head.num_classes=11')
    with pytest.raises(ValueError, match='has changed since the run: model.head.num_classes was 10'
                                         ', is 11'):
        worst_mistakes(entry, 7)


def test_a_checkpoint_that_is_gone_is_named(tested):
    entry, = collect([tested]).entries
    entry.trained['checkpoint'] = 'work_dirs/gone/best.pth'
    with pytest.raises(FileNotFoundError, match='work_dirs/gone/best.pth: no such checkpoint'):
        worst_mistakes(entry, 7)

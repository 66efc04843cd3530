import json

import pytest

from plugins.report.collect import collect
from plugins.report.curve_data import curve_data
from tests.plugins.report.runs import detector_test, write_run


def test_every_measure_has_the_points_of_the_runs_that_have_it(tmp_path):
    write_run(tmp_path / 'c')
    write_run(tmp_path / 'd', tested=detector_test())
    data = curve_data(collect([tmp_path]).entries, ['d'])
    measures = {one['label']: one for one in data['measures']}
    assert [one['kind'] for one in measures['loss']['lines']] == ['train', '', 'train', '']
    assert measures['accuracy/top1']['lines'][0]['points'] == [[1, 78], [2, 79], [3, 80]]
    assert measures['learning rate']['lines'][0]['points'][2] == [3, 0.033333]  # five digits
    f1, = measures['F1 over confidence: car']['lines']
    assert f1['run'] == 1 and f1['points'] == [[0.9, 0.4], [0.5, 0.66667], [0.2, 0.75]]
    assert [run['look'] for run in data['runs']] == [1, 0]  # the wanted run has the first colour


def test_accuracy_in_training_stands_beside_that_in_validation(tmp_path):
    run = write_run(tmp_path / 'c')
    record = json.loads((run / 'result.json').read_text())
    for entry in record['history']:
        entry['train']['accuracy/top1'] = 90 + entry['epoch']
    (run / 'result.json').write_text(json.dumps(record))
    measure, = (one for one in curve_data(collect([tmp_path]).entries, [])['measures']
                if one['label'] == 'accuracy/top1')
    assert [(one['kind'], one['name'], one['points'][0]) for one in measure['lines']] == [
        ('train', 'training', [1, 91]), ('', 'validation', [1, 78])]


def test_no_number_is_infinite_or_nan_which_json_lacks(tmp_path):
    run = write_run(tmp_path / 'c')
    record = json.loads((run / 'result.json').read_text())
    record['history'][0]['train']['loss'] = float('nan')
    record['history'][1]['metrics']['loss'] = float('inf')
    (run / 'result.json').write_text(json.dumps(record))
    data = curve_data(collect([tmp_path]).entries, [])
    json.dumps(data, allow_nan=False)
    train, val = data['measures'][0]['lines']
    assert [x for x, _ in train['points']] == [2, 3] and [x for x, _ in val['points']] == [1, 3]


@pytest.mark.parametrize('number', [7, 12])
def test_no_more_runs_are_drawn_at_first_than_there_are_colours(number, tmp_path):
    for k in range(number):
        write_run(tmp_path / f'r{k:02}')
    data = curve_data(collect([tmp_path]).entries, [])
    assert sum(run['on'] for run in data['runs']) == 7

import json

from plugins.report.collect import collect
from plugins.report.curve_data import curve_data
from tests.plugins.report.runs import detector_test, write_run


def test_every_measure_has_the_points_of_the_runs_that_have_it(tmp_path):
    write_run(tmp_path / 'c')
    write_run(tmp_path / 'd', tested=detector_test())
    data = curve_data(collect([tmp_path]).entries)
    assert [one['label'] for one in data['measures']] == [
        'loss', 'accuracy/top1', 'precision over recall: car', 'F1 over confidence: car',
        'learning rate']
    measures = {one['label']: one for one in data['measures']}
    assert [line['thin'] for line in measures['loss']['lines']] == [True, False, True, False]
    assert measures['accuracy/top1']['lines'][0]['points'] == [[1, 78], [2, 79], [3, 80]]
    rate = measures['learning rate']
    assert rate['lines'][0]['points'][2] == [3, 0.033333] and not rate['lines'][0]['thin']
    assert rate['log'] and measures['loss']['log'] and not measures['accuracy/top1']['log']
    f1, = measures['F1 over confidence: car']['lines']
    assert f1['run'] == 1 and f1['points'] == [[0.9, 0.4], [0.5, 0.66667], [0.2, 0.75]]
    assert measures['F1 over confidence: car']['unit'] and not measures['loss']['unit']


def test_training_is_drawn_beside_validation_and_no_number_is_infinite_or_nan(tmp_path):
    path = write_run(tmp_path / 'c') / 'result.json'
    record = json.loads(path.read_text())
    for one in record['history']:
        one['train']['accuracy/top1'] = 90 + one['epoch']
    record['history'][0]['train']['loss'] = float('nan')
    record['history'][1]['metrics']['loss'] = float('inf')
    path.write_text(json.dumps(record))
    data = curve_data(collect([tmp_path]).entries)
    json.dumps(data, allow_nan=False)
    loss, accuracy = ([(line['thin'], line['points'][0]) for line in one['lines']]
                      for one in data['measures'][:2])
    assert loss == [(True, [2, 0.5]), (False, [1, 2])]
    assert accuracy == [(True, [1, 91]), (False, [1, 78])]
    assert [x for x, _ in data['measures'][0]['lines'][1]['points']] == [1, 3]


def test_no_more_runs_are_drawn_at_first_than_there_are_colours(tmp_path):
    for k in range(12):
        write_run(tmp_path / f'r{k:02}')
    runs = curve_data(collect([tmp_path]).entries, ['r09', 'r03'])['runs']
    assert [run['name'] for run in runs if run['on']] == [
        'r00', 'r01', 'r02', 'r03', 'r04', 'r05', 'r09']
    assert [runs[k]['look'] for k in (9, 3, 0, 11)] == [0, 1, 2, 11]

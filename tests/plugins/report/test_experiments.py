import pytest

from plugins.report.collect import collect
from plugins.report.experiments import Reported, experiments
from tests.plugins.report.runs import CONFIG, write_run


def group(tmp_path, reported=None):
    return experiments(collect([tmp_path]).entries, reported or {})


def test_seeds_are_averaged_and_the_range_is_shown(tmp_path):
    for seed, accuracy in ((2, 81.), (0, 80.), (1, 83.)):
        write_run(tmp_path / f'r/{9 - seed}', seed=seed, accuracy=accuracy)
    one, = group(tmp_path)
    assert str(one.measured()) == '80.33 [79.00 to 82.00]'  # the test's, see write_run
    assert str(one.measured('val')) == '81.33 [80.00 to 83.00]'
    assert str(one.measured('val', 'loss')) == '0.6667 [0.6667 to 0.6667]'
    assert one.mean_of('seconds') == 61 and one.measured(key='no/such') is None
    assert [entry.trained['seed'] for entry in one.entries] == [0, 1, 2]


@pytest.mark.parametrize('record', [
    dict(config='configs/x/other.py'), dict(config_hash='b'), dict(device='a GPU'),
    dict(processes=2), dict(precision='bfloat16'), dict(data_fingerprint=dict(train='g')),
    dict(tested={}), dict(tested=dict(metrics={}, data_fingerprint=dict(test='other')))])
def test_runs_that_differ_in_more_than_the_seed_are_not_averaged(record, tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', **record)
    write_run(tmp_path / 'c', seed=1)
    assert [[entry.name for entry in one.entries] for one in group(tmp_path)] == [['a', 'c'], ['b']]


def test_the_reports_metric_counts_options_are_told_and_a_run_that_diverged_has_no_mean(tmp_path):
    write_run(tmp_path / 'a')
    name = CONFIG.rpartition('/')[2].removesuffix('.py')
    one, = group(tmp_path, {name: Reported('A8', 10, {'Mean Class Accuracy': '95.15'}, '2 h')})
    assert one.metric.label == 'mCA' and one.measured().mean == 78
    write_run(tmp_path / 'b', 'w/drop/trials/0007.py',
              tested=dict(metrics={'accuracy/top1': float('nan')}))
    write_run(tmp_path / 'c', 'configs/x/y.py', options=[
        'model.a=1', '+model.b=2', 'train_dataloader.dataset.source.data_root=elsewhere'])
    plain, trial, other = group(tmp_path)
    assert plain.metric.label == 'accuracy' and plain.reported is None
    assert (trial.title, other.title) == ('drop/trials/0007', 'y model.a=1 +model.b=2')
    assert trial.measured() is None and trial.measured('val').mean == pytest.approx(80)

import pytest

from plugins.report.collect import collect
from plugins.report.experiments import Reported, experiments
from tests.plugins.report.runs import CONFIG, write_run
from tools.misc.result_files import METRICS

MCA = Reported('A8', 'resnet', 2015, 10, 10, '2 h', {'Mean Class Accuracy': '95.15'}, 'CIFAR-10')


def group(tmp_path, reported=None):
    return experiments(collect([tmp_path]).entries, reported or {}, METRICS)


def test_seeds_are_averaged_and_the_range_is_shown(tmp_path):
    for seed, accuracy in enumerate((80., 83., 81.)):
        write_run(tmp_path / f'r/seed{seed}', seed=seed, accuracy=accuracy)
    one, = group(tmp_path)
    assert str(one.measured()) == '80.33 [79.00 to 82.00]'  # the test's, see write_run
    assert str(one.measured(part='val')) == '81.33 [80.00 to 83.00]'
    assert one.mean_of('seconds') == 61 and one.best.trained['seed'] == 1
    assert str(one.per_class('cat', 'f1')) == '82.4 [82.4 to 82.4]'
    assert one.per_class('owl', 'f1') is None and one.measured('no/such') is None


def test_other_options_devices_and_data_are_other_experiments(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', config='configs/x/other.py')
    write_run(tmp_path / 'c', tested=dict(metrics={}, data_fingerprint=dict(test='other')))
    write_run(tmp_path / 'd', seed=1, tested={})  # joins the first: it differs in the seed alone
    groups = group(tmp_path)
    assert [[entry.name for entry in one.entries] for one in groups] == [['a', 'd'], ['b'], ['c']]
    assert groups[0].state == '1 tested, 1 not tested'


def test_the_reports_metric_is_the_one_that_counts(tmp_path):
    write_run(tmp_path / 'a')
    name = CONFIG.rpartition('/')[2].removesuffix('.py')
    one, = group(tmp_path, {name: MCA})
    assert one.metric.label == 'mCA' and one.measured().mean == 78
    plain, = group(tmp_path)
    assert plain.metric.label == 'accuracy' and plain.reported is None


def test_trials_of_several_searches_have_names_of_their_own(tmp_path):
    for name in ('a/drop', 'b/drop', 'b/flip'):
        config = tmp_path / name / 'trials/0007.py'
        write_run(tmp_path / name / 'trials/0007/seed0', config=str(config))
    titles = [one.title for one in group(tmp_path)]
    assert titles == ['a/drop/trials/0007', 'b/drop/trials/0007', 'b/flip/trials/0007']
    one, = group(tmp_path / 'b/flip')
    assert one.entries[0].name == '0007/seed0' and one.title == 'flip/trials/0007'


def test_a_run_that_diverged_has_no_mean(tmp_path):
    write_run(tmp_path / 'a', tested=dict(metrics={'accuracy/top1': float('nan')}))
    one, = group(tmp_path)
    assert one.measured() is None and one.measured(part='val').mean == pytest.approx(80)

import json
import shutil

from plugins.engine.files import REPO_ROOT
from plugins.report.collect import collect
from plugins.report.experiments import experiments
from plugins.report.report_tables import report_tables
from tests.plugins.report.runs import write_run
from tools.misc.result_files import METRICS
from tools.report import _reported

ALEXNET = 'configs/alexnet/alexnet_{}_1xb128-30e_cifar10-224px.py'
A9 = 'configs/resnet/resnet18_finetune_1xb64-25e_cifar10-224px.py'


def tables(tmp_path):
    reported = _reported(REPO_ROOT)
    groups = experiments(collect([tmp_path]).entries, reported, METRICS)
    return report_tables(groups, reported)


def test_report_c_compares_frozen_and_whole(tmp_path):
    write_run(tmp_path / 'f', ALEXNET.format('frozen'), accuracy=61.5)
    for seed, accuracy in enumerate((84., 86.)):
        write_run(tmp_path / f'w{seed}', ALEXNET.format('scratch'), seed, accuracy=accuracy)
    table, = tables(tmp_path)
    assert len(table.rows) == 5 and table.heads[:3] == ['network', 'year', 'parameters']
    # Reported: report C's table, 60 and 85 %.
    assert table.rows[0] == ['AlexNet', '2014', '57,044,810', '60', '61.50', '60.50', '85',
                             '85.00 [84.00 to 86.00]', '84.00 [83.00 to 85.00]']
    assert table.rows[4] == ['DenseNet121', '2016', '6,964,106', '55', '', '', '95', '', '']


def test_report_a_has_recipes_and_classes(tmp_path):
    run = write_run(tmp_path / 'a9', A9, accuracy=95.)
    (run / A9.rpartition('/')[2]).write_text(
        "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))\n"
        'train_dataloader = dict(batch_size=64)\n')
    settings, by_class = tables(tmp_path)
    assert [row[0] for row in settings.rows] == ['A8', 'A9', 'A10', 'A11', 'A12']
    assert settings.rows[1] == ['A9', 'SGD', '3', '0.01', '64', '95.47', '93.00', '94.00']
    assert settings.rows[0] == ['A8', '', '', '', '', '95.15', '', '']
    assert by_class.heads == ['class', 'A9 accuracy', 'A9 F1']
    assert by_class.rows == [['cat', '87.5', '82.4'], ['dog', '83.3', '87.0']]


def test_a_run_without_options_stands_beside_the_reported_figure(tmp_path):
    for name, seed, options in (('debug', 0, ['train_cfg.max_epochs=1']), ('once', 0, []),
                                ('resnet/s0', 0, []), ('resnet/s1', 1, [])):
        run = write_run(tmp_path / name, A9, seed, accuracy=10. if name == 'debug' else 95.)
        data = 'other' if name == 'once' else 't'
        for path in (run / 'result.json', run / 'test/result.json'):
            path.write_text(json.dumps(dict(json.loads(path.read_text()), options=options,
                                            config_hash=str(options), data_fingerprint=data)))
    settings, _ = tables(tmp_path)
    assert settings.rows[1][5:] == ['95.47', '93.00 [93.00 to 93.00]', '94.00 [94.00 to 94.00]']
    assert 'A9 was run in 3 ways (options, data or device); here is resnet/s0.' in settings.note
    assert '--cfg-options' not in settings.note
    for name in ('once', 'resnet'):
        shutil.rmtree(tmp_path / name)
    settings, by_class = tables(tmp_path)
    assert settings.rows[1][6] == '8.00'
    for table in (settings, by_class):
        assert table.note.endswith(' A9 is with --cfg-options train_cfg.max_epochs=1.')


def test_other_runs_give_no_such_table(tmp_path):
    write_run(tmp_path / 'a')
    assert tables(tmp_path) == []

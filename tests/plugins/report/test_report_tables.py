from plugins.report.collect import collect
from plugins.report.experiments import Reported, experiments
from plugins.report.report_tables import report_tables
from tests.plugins.report.runs import classifier_test, write_run

A9 = 'configs/resnet/a9.py'
# Report A gives mCA; report C 60 % for the frozen AlexNet and 85 % for the whole one.
REPORTED = {'a8': Reported('A8', 11, {'Mean Class Accuracy': '95.15'}, ''),
            'a9': Reported('A9', 11, {'Mean Class Accuracy': '95.47'}, ''),
            'frozen': Reported('C1', 57044810, {'Top 1 Accuracy': '60'}, ''),
            'whole': Reported('C2', 57044810, {'Top 1 Accuracy': '85'}, '')}


def tables(tmp_path):
    return report_tables(experiments(collect([tmp_path]).entries, REPORTED), REPORTED)


def test_report_c_compares_frozen_and_whole(tmp_path):
    write_run(tmp_path / 'other')
    assert tables(tmp_path) == []
    write_run(tmp_path / 'f', 'configs/frozen.py', accuracy=61.5)
    for seed, accuracy in enumerate((84., 86.)):
        write_run(tmp_path / f'w{seed}', 'configs/whole.py', seed, accuracy=accuracy)
    table, = tables(tmp_path)
    assert len(table.rows) == 6 and table.rows[0][:3] == ['network', 'parameters',
                                                          'frozen: reported']
    assert table.rows[1] == ['AlexNet', '57,044,810', '60', '61.50', '60.50', '85',
                             '85.00 [84.00 to 86.00]', '84.00 [83.00 to 85.00]']
    assert table.rows[5] == ['DenseNet121', *[''] * 7]


def test_a_run_without_options_is_shown_beside_the_reported_figure(tmp_path):
    other = dict(classifier_test(('cat', 'dog'), 95.), data_fingerprint=dict(test='other'))
    write_run(tmp_path / 'debug', A9, accuracy=10., options=['train_cfg.max_epochs=1'],
              config_hash='d')
    assert tables(tmp_path)[0].rows[2][6] == '8.00'
    assert tables(tmp_path)[0].note.endswith(
        ' A9 was run with --cfg-options train_cfg.max_epochs=1.')
    write_run(tmp_path / 'once', A9, tested=other)
    recipe = dict(optimizer='SGD', lr=.01, batch_size=64)
    for seed in (0, 1):
        write_run(tmp_path / f'resnet/s{seed}', A9, seed, accuracy=95., recipe=recipe)
    table, = tables(tmp_path)
    assert [row[0] for row in table.rows[1:]] == ['A8', 'A9', 'A10', 'A11', 'A12']
    assert table.rows[1] == ['A8', '', '', '', '', '95.15', '', '']
    assert table.rows[2][:5] == ['A9', 'SGD', '3', '0.01', '64']
    assert table.rows[2][5:] == ['95.47', '93.00 [93.00 to 93.00]', '94.00 [94.00 to 94.00]']
    assert 'A9 was run in 3 ways (options, data or device); shown is resnet/s0.' in table.note
    assert '--cfg-options' not in table.note

from plugins.report.collect import collect
from plugins.report.experiments import Reported, experiments
from plugins.report.report_tables import report_tables
from tests.plugins.report.runs import classifier_test, write_run

A9 = 'configs/resnet/a9.py'
# Report A gives mCA; report C 60 % for the frozen AlexNet and 85 % for the whole one.
REPORTED = {'a8': Reported('A8', 11, {'Mean Class Accuracy': '95.15'}, ''),
            'a9': Reported('A9', 11, {'Mean Class Accuracy': '95.47'}, ''),
            'frozen': Reported('C1', 57044810, {'Top 1 Accuracy': '60'}, 'validation'),
            'whole': Reported('C2', 57044810, {'Top 1 Accuracy': '85'}, '')}


def tables(tmp_path, **more):
    return report_tables(experiments(collect([tmp_path]).entries, REPORTED), REPORTED, **more)


def test_report_c_compares_frozen_and_whole(tmp_path):
    write_run(tmp_path / 'other')
    assert tables(tmp_path) == []
    write_run(tmp_path / 'f', 'configs/frozen.py', accuracy=61.5)
    for seed, accuracy in enumerate((84., 86.)):
        write_run(tmp_path / f'w{seed}', 'configs/whole.py', seed, accuracy=accuracy)
    rows, table = tables(tmp_path)
    assert rows.title == 'Report C: reported and measured'
    assert rows.rows == [
        ['row', 'parameters', 'MB', 'epochs', 'accuracy reported', 'accuracy', 'seeds',
         'remark'],
        ['C1', '57,044,810', '228.2', '3', '60', '60.50', '0', 'validation'],
        ['C2', '57,044,810', '228.2', '3', '85', '84.00 [83.00 to 85.00]', '0, 1', '']]
    assert len(table.rows) == 6 and table.rows[0][:3] == ['network', 'parameters',
                                                          'frozen: reported']
    assert table.rows[1] == ['AlexNet', '57,044,810', '60', '61.50', '60.50', '85',
                             '85.00 [84.00 to 86.00]', '84.00 [83.00 to 85.00]']
    assert table.rows[5] == ['DenseNet121', *[''] * 7]


def test_a_run_without_options_is_shown_beside_the_reported_figure(tmp_path):
    other = dict(classifier_test(('cat', 'dog'), 95.), data_fingerprint=dict(test='other'))
    write_run(tmp_path / 'debug', A9, accuracy=10., config_hash='d', options=[
        'train_cfg.max_epochs=1', 'test_dataloader.dataset.source.data_root=elsewhere'])
    assert tables(tmp_path)[0].rows[2][-3:] == ['95.47', '8.00', '0']
    assert tables(tmp_path)[0].note.endswith(
        " Other experiments than the report's, with --cfg-options train_cfg.max_epochs=1: A9.")
    write_run(tmp_path / 'once', A9, tested=other)
    for seed in (0, 1):
        write_run(tmp_path / f'resnet/s{seed}', A9, seed, accuracy=95.)
    table, = tables(tmp_path)
    assert [row[0] for row in table.rows[1:]] == ['A8', 'A9']
    assert table.rows[1] == ['A8', '11', '0.0', '', '95.15', '', '']
    assert table.rows[2][-3:] == ['95.47', '93.00 [93.00 to 93.00]', '0, 1']
    assert 'A9 was run in 3 ways (options, data or device); shown is resnet/s0.' in table.note
    assert '--cfg-options' not in table.note


def test_settings_stand_in_columns_unless_all_rows_share_them(tmp_path):
    shared = dict(optimizer='Adam', batch_size=32, max_epochs=100, lr=1e-6)
    recipes = dict(A9=shared | dict(dropouts=[0., 0., .25], dense=[512, 1024, 1024], decay=.001),
                   A8=shared | dict(dropouts=[0., 0.], dense=[], decay=None))
    write_run(tmp_path / 'r', A9, accuracy=95., seed=3)
    table, = tables(tmp_path, recipes=recipes)
    assert table.rows == [
        ['row', 'parameters', 'MB', 'decay', 'dropout', 'dense layers', 'epochs', 'mCA reported',
         'mCA', 'seeds'],
        ['A8', '11', '0.0', '', '0', '', '', '95.15', '', ''],
        ['A9', '11', '0.0', '0.001', '0.25', '512, 1024, 1024', '3', '95.47', '93.00', '3']]
    assert table.note.endswith(' All rows: optimiser Adam, learning rate 1e-06, batch size 32, '
                               'epochs, at most 100.')


def test_rows_are_shown_before_they_are_run():
    table, = report_tables([], REPORTED, dict(A8={}))
    assert table.rows[1:] == [['A8', '11', '0.0', '95.15', '']]

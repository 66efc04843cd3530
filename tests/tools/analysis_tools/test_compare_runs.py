import json
from pathlib import Path

import pytest

from plugins.engine.intervals import accuracy_interval
from tools.analysis_tools.compare_runs import main

NAME = 'alexnet/alexnet_imagenet-frozen_1xb128-30e_cifar10-224px/seed0'


@pytest.fixture
def make_run(tmp_path):
    def make(name, metrics, tested=None):
        folder = tmp_path / name
        (folder / 'test').mkdir(parents=True)
        (folder / 'result.json').write_text(json.dumps(dict(
            config='configs/x.py', metrics=metrics, epochs=30, seconds=81.4, history=[],
            parameters=dict(total=57044810, trainable=1))))
        if tested:
            (folder / 'test/result.json').write_text(json.dumps(dict(metrics=tested)))
        return str(folder)
    return make


def test_each_figure_stands_under_its_part(make_run):
    runs = [make_run(NAME, {'accuracy/top1': 61., 'loss': 1.2, 'time': 3.},
                     {'accuracy/top1': 60., 'accuracy/mean_class': 59., 'loss': 1.3}),
            make_run('roads', {'coco/bbox_mAP_50': 0.71})]
    first, second = main(runs)
    assert first['metrics'] == {
        'accuracy/top1': dict(val=61., test=60.), 'accuracy/mean_class': dict(val=None, test=59.),
        'loss': dict(val=1.2, test=1.3)}
    assert second['metrics'] == {'coco/bbox_mAP_50': dict(val=0.71, test=None)}


def test_a_folder_stands_for_the_runs_below_it(make_run, tmp_path, capsys):
    names = [make_run(name, {'loss': 1.}) for name in ('x/seed0', 'x/seed1')]
    assert [row['work_dir'] for row in main([str(tmp_path)])] == names
    assert 'seed0' in capsys.readouterr().out


def test_a_test_of_another_checkpoint_is_left_out_and_named(make_run, tmp_path, capsys):
    good, stale = (make_run(name, {'accuracy/top1': 61.}, {'accuracy/top1': 60.})
                   for name in ('good', 'stale'))
    record = tmp_path / 'stale/test/result.json'
    record.write_text(json.dumps(dict(metrics={'accuracy/top1': 33.}, checkpoint='epoch_1.pth')))
    rows = main([good, stale])
    assert [row['metrics']['accuracy/top1'] for row in rows] == [
        dict(val=61., test=60.), dict(val=61., test=None)]
    printed = capsys.readouterr().out
    assert '33' not in printed.split('Not in the table')[0]
    assert printed.count('Not in the table') == 1
    assert f'{record}: a test of another checkpoint, epoch_1.pth' in printed
    assert 'Run tools/test.py again' in printed


def test_a_damaged_record_is_named_and_the_others_are_shown(make_run, tmp_path, capsys):
    good, bad = (make_run(name, {'accuracy/top1': 61.}) for name in ('[/good]', 'bad'))
    (tmp_path / 'bad/result.json').write_text('{')
    assert [row['work_dir'] for row in main([bad, str(tmp_path / 'none'), good])] == [good]
    printed = capsys.readouterr().out
    assert '[/good]' in printed and printed.count('Not in the table: ') == 2
    assert f'{bad}/result.json: damaged' in printed and 'none: no run in this folder' in printed
    with pytest.raises(ValueError, match='bad/result.json: damaged'):
        main([bad])


def test_the_table_fits_80_columns_and_shows_what_differs(make_run, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')
    metrics = {'accuracy/top1': 61.23456, 'accuracy/mean_class': 59., 'loss': 1.234567}
    main([make_run(NAME, metrics, metrics), make_run('b', metrics)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and '…' not in ''.join(lines)
    cells = [[cell.strip() for cell in line.split('│')] for line in lines if '│' in line]
    assert ''.join(row[1] for row in cells).removesuffix('b') == NAME
    assert cells[0][2:] == ['accuracy/top1', '61.23', '61.23', '30', '81', '57 M', '']
    assert cells[1][2:5] == ['accuracy/mean_class', '59.00', '59.00']


def test_a_run_without_any_headline_shows_all_and_one_without_a_record_is_rejected(
        make_run, tmp_path):
    assert main([make_run('x', {'time': 3.})])[0]['metrics'] == {'time': dict(val=3., test=None)}
    with pytest.raises(FileNotFoundError, match='none: no run in this folder'):
        main([str(tmp_path / 'none')])


def with_history(folder, values):
    record = json.loads((path := Path(folder) / 'result.json').read_text())
    record['history'] = [dict(epoch=n, seconds=10. * n, metrics=dict(zip(
        ('accuracy/top1', 'loss'), pair, strict=True))) for n, pair in enumerate(values, 1)]
    path.write_text(json.dumps(record))


def test_when_a_run_was_good_enough_first(make_run, capsys):
    run = make_run('x', {'accuracy/top1': 70.})
    with_history(run, [(50., 1.5), (80., .9), (70., .5), (85., .7)])
    for goal, expected in (('accuracy/top1=80', dict(seconds=20., epoch=2)),
                           ('loss=0.6', dict(seconds=30., epoch=3)), ('accuracy/top1=90', None)):
        assert main([run, '--reach', goal])[0]['reached'] == expected
    assert 'x: did not reach accuracy/top1=90' in capsys.readouterr().out


def with_answers(folder, right, images='abcdefghijklmnop'):
    record = json.loads((path := Path(folder, 'test/result.json')).read_text())
    share = 100 * len(right) / len(images)
    record.update(metrics={'accuracy/top1': share},
                  intervals={'accuracy/top1': accuracy_interval(share, len(images))})
    path.write_text(json.dumps(record))
    path.with_name('answers.csv').write_text('image,true,predicted,probability\n' + ''.join(
        f'{one}.jpg,cat,{"cat" if one in right else "dog"},0.9\n' for one in images))
    return folder


def test_runs_on_the_same_images_are_compared_and_accuracies_have_intervals(
        make_run, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '100')
    a, b, c, d = (make_run(name, {}, {'accuracy/top1': 0.}) for name in 'abcd')
    with_answers(a, 'abcdefghij'), with_answers(b, 'ijkl'), with_answers(c, 'abcdefgh')
    main([a, b])
    said = capsys.readouterr().out
    assert '25 % (10 to 50)' in said  # 4 of 16
    assert ('a and b: no difference that these images could show (p = 0.11; of 16 images, only the '
            'first was right on 8, only the second on 2)') in said  # 2 (1 + 10 + 45) / 2^10 = .109
    with_answers(b, 'ij')
    with_answers(c, 'xyz', 'xyzabcdefghijklmn')
    (tmp_path / 'd/test/answers.csv').write_text('image,true,predicted\na.jpg,cat,cat\n')
    main([a, b, c, d])
    said = capsys.readouterr().out
    assert 'a is better than b (p = 0.0078; ' in said  # 2 / 2^8: only one comparison was made
    assert 'a and c: not compared, as they were tested on different images' in said
    assert 'd: not compared: ' in said
    assert '100 % of these answers are right, in the record 0 %' in said

import json
import os
import re
import shutil

import pytest

from plugins.engine.config_check import read_config
from plugins.engine.files import REPO_ROOT
from tests.plugins.apis.cases import DETECTOR, draw_roads, roads_options, save_checkpoint
from tests.plugins.report.runs import detector_test, write_run
from tests.tools.browser import ask
from tools.report import main

EVIL = '<script>alert(1)</script>'
RUNS = "open('{made}', 'w')\n"  # what a config would do


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    """Three experiments, one of them a detector's, with class names that try to run code."""
    root = tmp_path_factory.mktemp('page')
    for name, accuracy in (('b', 70.), ('a', 90.), ('c', 8.)):
        write_run(root / f'runs/{name}/seed0', accuracy=accuracy, config=f'configs/{name}.py',
                  classes=(EVIL, 'dog'))
    write_run(root / 'runs/d/seed0', config='configs/d.py', tested=detector_test())
    return main([str(root / 'runs'), '-o', str(root / 'report.html'), '--mistakes', '0',
                 '--detections', '0', '--title', EVIL])


def test_what_is_not_on_the_page_is_told_with_the_reason(page, capsys, tmp_path):
    write_run(tmp_path / 'run')  # its checkpoint is made up
    text = main([str(tmp_path / 'run'), '-o', str(tmp_path / 'r.html')]).read_text()
    assert 'worst mistakes of' in text and 'mit8-96px.py: ' in text
    assert 'Not on the page: worst mistakes of' in capsys.readouterr().err
    assert 'worst mistakes: not asked for' in page.read_text()
    assert 'detections: not asked for' in page.read_text()


def test_nothing_is_overwritten_or_half_written(tmp_path):
    run, out = write_run(tmp_path / 'run'), tmp_path / 'page.html'
    out.write_text('mine')
    argv = [str(run), '-o', str(out), '--mistakes', '0']
    with pytest.raises(FileExistsError, match='page.html: exists; replace it with --overwrite'):
        main(argv)
    assert out.read_text() == 'mine'
    (run / 'result.json').write_text('{')
    with pytest.raises(ValueError, match='result.json: damaged'):
        main([*argv, '--overwrite'])
    assert out.read_text() == 'mine' and sorted(os.listdir(tmp_path)) == ['page.html', 'run']


def test_a_page_that_cannot_be_written_is_an_error(tmp_path, capsys):
    run = str(write_run(tmp_path / 'run'))
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='file'):
        main([run, '-o', str(tmp_path / 'file/page.html'), '--mistakes', '0'])
    with pytest.raises(SystemExit):
        main([run, '-o', str(tmp_path)])
    assert 'is a folder, expected a file' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([run, '-o', 'x.html', '--mistakes', '-1'])
    with pytest.raises(FileNotFoundError, match='nowhere: no such folder'):
        main([str(tmp_path / 'nowhere'), '-o', str(tmp_path / 'page.html')])


def test_a_search_without_runs_has_a_page_too(tmp_path):
    (tmp_path / 'trials.csv').write_text('number,value\n0,0.25\n')
    text = main([str(tmp_path), '-o', str(tmp_path / 'r.html')]).read_text()
    assert 'Search: ' in text and '0.25' in text


def test_fifty_runs_make_a_page_of_a_few_megabytes_with_all_differences(tmp_path):
    configs = sorted((REPO_ROOT / 'configs/resnet').glob('*.py'))[:10]
    parts = [read_config(str(config))._cfg_dict.to_dict() for config in configs]
    for k in range(50):
        config, part = configs[k % 10], parts[k % 10]
        run = write_run(tmp_path / f'runs/r{k}', epochs=80, seed=k // 10, config=str(config),
                        classes=tuple(f'class {c}' for c in range(25)))
        resolved = dict(part, work_dir=f'place {k}', train_cfg=dict(max_epochs=1234))
        (run / config.name).write_text(''.join(f'{key} = {value!r}\n'
                                               for key, value in resolved.items()))
    out = main([str(tmp_path / 'runs'), '-o', str(tmp_path / 'r.html'), '--mistakes', '0'])
    text = out.read_text()
    assert out.stat().st_size < 15e6 and 'Not compared' not in text and 'place 7' not in text
    assert text.count('<ins>1234</ins>') == text.count('class="diff"') == 50


def test_a_config_that_is_being_edited_costs_its_own_difference_alone(tmp_path):
    for name, base, leaf in (('base', 'a = dict(\n', ''), ('leaf', 'a = 1\n', 'b = (\n'),
                             ('name', 'a = other\n', '')):
        (tmp_path / f'{name}_base.py').write_text(base)
        config = tmp_path / f'{name}.py'
        config.write_text(f"_base_ = './{name}_base.py'\n{leaf}")
        run = write_run(tmp_path / 'runs' / name, str(config))
        (run / config.name).write_text('train_cfg = None\n')
    text = main([str(tmp_path / 'runs'), '-o', str(tmp_path / 'r.html'), '--mistakes',
                 '9']).read_text()
    for told in ('base_base.py: syntax error', 'leaf.py: syntax error',
                 'name_base.py: undefined name'):
        assert re.search(f'Not compared with its base: config [^<]*{told}', text)
    assert text.count('id="run-') == 3 and 'worst mistakes of' in text


@pytest.mark.parametrize('leaf', ["_base_ = '../base.py'\n", RUNS,
                                  f"_base_ = '../../outside.py'\n{RUNS}"])
def test_a_page_about_a_strangers_runs_runs_none_of_their_configs(leaf, tmp_path):
    made, folder = tmp_path / 'made', tmp_path / 'runs'
    for name, test in (('classifier', None), ('detector', detector_test())):
        run = write_run(folder / name, str(folder / name / 'leaf.py'), tested=test)
        (run / 'leaf.py').write_text(leaf.format(made=made))
        (run / 'best.pth').write_text('')
    (folder / 'base.py').write_text(RUNS.format(made=made))
    (tmp_path / 'outside.py').write_text('')
    text = main([str(folder), '-o', str(tmp_path / 'r.html')]).read_text()
    assert not made.exists()
    reason = 'lies in a folder of runs' if 'base.py' in leaf else 'not a resolved config as runs'
    assert text.count(reason) == 4  # two differences, the mistakes, the detections


def test_detectors_that_do_not_stand_side_by_side_are_named(tmp_path):
    for k in range(6):
        run = write_run(tmp_path / f'r{k}', f'configs/d{k}.py', tested=dict(
            detector_test(), metrics={'coco/bbox_mAP_50': 0.9 - k / 10}))
        if k == 1:
            for path in (run / 'result.json', run / 'test/result.json'):
                path.write_text(json.dumps(dict(json.loads(path.read_text()), options=['a=1'])))
    text = main([str(tmp_path), '-o', str(tmp_path / 'r.html')]).read_text()
    assert 'detections of r1, r5: beside the best detector stand no more than 4' in text
    assert 'detections of r0, r2, r3, r4: ' in text  # their checkpoints are made up


def test_detectors_are_shown_side_by_side(tmp_path):
    data = roads_options(draw_roads(tmp_path / 'roads', 6))
    config = os.path.relpath(DETECTOR, REPO_ROOT)
    for name, seed in (('one', 1), ('two', 2)):
        run = write_run(tmp_path / f'runs/{name}', config, seed, tested=detector_test())
        save_checkpoint(run / 'best.pth', DETECTOR, ('car',), seed)
        for record in (run / 'result.json', run / 'test/result.json'):
            record.write_text(json.dumps(dict(json.loads(record.read_text()), options=data,
                                              config_hash=name)))
    text = main([str(tmp_path / 'runs'), '-o', str(tmp_path / 'r.html'), '--detections',
                 '2']).read_text()
    assert 'Detections side by side' in text and 'false alarms' in text
    assert 'What is missing' not in text
    assert '2 test images, score' in text and text.count('class="detail"') == 2
    shutil.rmtree(tmp_path / 'roads')
    text = main([str(tmp_path / 'runs'), '-o', str(tmp_path / 's.html')]).read_text()
    assert 'detections of one, two: ' in text and 'class="detail"' not in text


def test_it_opens_without_errors_and_names_stay_text(page):
    answer, errors = ask(page, """
        window.alert = () => seen.push('alerted');
        return {title: document.title, scripts: document.querySelectorAll('script').length,
                names: [...document.querySelectorAll('.matrix tbody th')].map(e => e.textContent),
                paths: document.querySelectorAll('#curves-plot path').length,
                boxes: document.querySelectorAll('#curves-runs input:checked').length};""")
    assert errors == []
    assert answer['title'] == EVIL and answer['names'].count(EVIL) == 3
    assert answer['scripts'] == 2 + 2  # the page's data and script, and what this test added
    assert answer['boxes'] == 4 and answer['paths'] == 8  # loss: training and validation


def test_a_click_sorts_and_says_so(page):
    answer, errors = ask(page, """
        const table = document.querySelector('#runs table');
        const heads = [...table.tHead.rows[0].cells];
        const column = heads.findIndex(head => head.textContent.trim() === 'test');
        const told = () => ({sort: heads[column].getAttribute('aria-sort'),
            others: heads.filter(head => head.getAttribute('aria-sort') !== 'none').length,
            values: [...table.tBodies[0].rows].map(row => row.cells[column].textContent.trim())});
        const button = heads[column].querySelector('button');
        button.focus();
        button.click(); const up = told();
        button.click(); const down = told();
        heads[0].querySelector('button').click();
        return {up, down, focus: document.activeElement === button,
                names: [...table.tBodies[0].rows].map(row => row.cells[0].textContent)};""")
    assert errors == []
    # 7 is the least: numbers are no words. Who has no such figure stands last, either way.
    assert answer['up'] == dict(sort='ascending', others=1,
                                values=['7.00', '69.00', '89.00', ''])
    assert answer['down'] == dict(sort='descending', others=1,
                                  values=['89.00', '69.00', '7.00', ''])
    assert answer['focus'] and answer['names'] == ['a', 'b', 'c', 'd']


def test_numbers_with_commas_and_ranges_are_numbers(tmp_path):
    (tmp_path / 'trials.csv').write_text(
        'trial,value\na,"1,234"\nb,999\nc,9.5 [9.0 to 10.0]\nd,\ne,1e-3\n')
    page = main([str(tmp_path), '-o', str(tmp_path / 'r.html')])
    answer, errors = ask(page, """
        const table = document.querySelector('table');
        table.tHead.rows[0].cells[1].querySelector('button').click();
        return [...table.tBodies[0].rows].map(row => row.cells[0].textContent);""")
    assert errors == [] and answer == ['e', 'c', 'b', 'a', 'd']


def test_curves_follow_the_choice_and_the_keys_read_them_out(page):
    answer, errors = ask(page, """
        const choice = document.getElementById('measure');
        const count = () => document.querySelectorAll('#curves-plot path').length;
        document.getElementById('no-runs').click(); const none = count();
        document.getElementById('all-runs').click();
        choice.value = [...choice.options].find(one => one.text === 'accuracy/top1').value;
        choice.dispatchEvent(new Event('change')); const accuracy = count();
        document.querySelector('#curves-plot svg').dispatchEvent(
            new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
        return {none, accuracy, read: document.getElementById('readout').textContent,
                measures: [...choice.options].map(one => one.text)};""")
    assert errors == [] and answer['none'] == 0 and answer['accuracy'] == 4
    assert answer['read'].startswith('epoch 1 ') and 'a/seed0: 88' in answer['read']
    assert 'F1 over confidence: car' in answer['measures']


def test_a_phone_scrolls_tables_and_not_the_page(page):
    answer, errors = ask(page, """
        for (const part of document.querySelectorAll('details')) part.open = true;
        document.querySelector('#notes li').textContent = '/a_long_path'.repeat(50);
        const body = document.documentElement;
        return {page: body.scrollWidth, window: body.clientWidth,
                table: document.querySelector('#runs table').scrollWidth};""", width=375)
    assert errors == []
    assert answer['page'] <= answer['window'] < answer['table']

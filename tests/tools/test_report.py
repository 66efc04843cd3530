import json
import os
import shutil
import time

import pytest

from plugins.paths import REPO_ROOT
from tests.plugins.inference.cases import DETECTOR, draw_roads, roads_options, save_checkpoint
from tests.plugins.report.runs import detector_test, write_run
from tests.tools.browser import ask
from tools.report import main

EVIL = '<script>alert(1)</script>'


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


def test_fifty_runs_make_a_page_of_a_few_megabytes_in_seconds(tmp_path):
    for k in range(50):
        write_run(tmp_path / f'runs/r{k}', epochs=80, config=f'configs/r{k}.py',
                  classes=tuple(f'class {c}' for c in range(25)))
    start = time.perf_counter()
    out = main([str(tmp_path / 'runs'), '-o', str(tmp_path / 'r.html'), '--mistakes', '0'])
    assert time.perf_counter() - start < 20 and out.stat().st_size < 15e6


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
        const body = document.documentElement;
        return {page: body.scrollWidth, window: body.clientWidth,
                table: document.querySelector('#runs table').scrollWidth};""", width=375)
    assert errors == []
    assert answer['page'] <= answer['window'] < answer['table']

import json
import os
import shutil
import subprocess
import sys

import pytest

from plugins.engine.files import REPO_ROOT
from tests.plugins.report.runs import detector_test, mistake, write_examples, write_run
from tests.tools.browser import ask
from tools.report import main

EVIL = '<script>alert(1)</script>'


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    """Four experiments, one of them a detector's, with class names that try to run code."""
    root = tmp_path_factory.mktemp('page')
    for name, accuracy in (('b', 70.), ('a', 90.), ('c', 8.)):
        run = write_run(root / f'runs/{name}/seed0', accuracy=accuracy, config=f'configs/{name}.py',
                        classes=(EVIL, 'dog'))
        write_examples(run, 'mistakes', mistake('/a_long_path' * 50, truth=EVIL))
    run = write_run(root / 'runs/d/seed0', config='configs/d.py', tested=detector_test())
    write_examples(run, 'detections', dict(name='scene'))
    (root / 'runs/e/20260101_000000').mkdir(parents=True)
    return main([str(root / 'runs'), '-o', str(root / 'report.html'), '--title', EVIL])


def test_fifty_runs_fit_a_page_of_five_megabytes_without_torch_or_mmengine(tmp_path):
    for k in range(50):
        run = write_run(tmp_path / f'runs/r{k:02}', epochs=80, seed=k // 10,
                        classes=tuple(f'class {c}' for c in range(25)),
                        changes=[[f'key{c}', 'old', 'new'] for c in range(30)],
                        config=f'configs/c{k % 10}.py')
        write_examples(run, 'mistakes', *(mistake() for _ in range(12)))
    code = ('import sys; from tools.report import main; main(sys.argv[1:]); '
            'sys.exit(any(name in sys.modules for name in ("torch", "mmengine", "matplotlib")))')
    subprocess.run([sys.executable, '-c', code, str(tmp_path / 'runs'), '-o',
                    str(tmp_path / 'r.html')], cwd=REPO_ROOT, check=True)
    text = (tmp_path / 'r.html').read_text()
    assert len(text) < 5e6 and text.count('class="diff"') == 50
    assert text.count('alt="a.png"') == 600
    few = main([str(tmp_path / 'runs/r00'), '-o', str(tmp_path / 'few.html'), '--mistakes', '5'])
    assert few.read_text().count('alt="a.png"') == 5


def test_what_is_damaged_is_noted_and_the_rest_is_shown(tmp_path, capsys):
    made = tmp_path / 'made'
    code = f"open('{made}', 'w')\n"  # nor is anything run of what a record names
    leaf = tmp_path / 'runs/leaf.py'
    for name in 'abc':
        write_run(tmp_path / f'runs/{name}', str(leaf), options=[f'model.command={code}'])
    leaf.write_text(code)
    (tmp_path / 'runs/a/result.json').write_text('{')
    write_examples(tmp_path / 'runs/b', 'mistakes', dict(name='x'))
    (tmp_path / 'runs/s').mkdir()
    (tmp_path / 'runs/s/trials.csv').write_text('a,b\n1\n')
    text = main([str(tmp_path / 'runs'), '-o', str(tmp_path / 'r.html')]).read_text()
    told = capsys.readouterr().err
    for message in ('a/result.json: damaged', 'examples.json: not as tools/test.py', 'row 2 has 1'):
        assert message in text and message in told
    assert text.count('class="side"') == 2 and not made.exists()


def test_folders_with_names_of_any_bytes(tmp_path, capsys):
    folder = tmp_path / os.fsdecode(b'caf\xe9 "\'<b>%#?\n')
    for name in 'ab':
        write_run(folder / name, checkpoint=str(folder / 'best.pth'))
    text = main([str(folder), '-o', str(tmp_path / 'r.html')]).read_text()
    assert 'caf\\udce9 &#34;&#39;&lt;b&gt;%#?\n' in text.replace('<wbr>', '')
    assert text.count('class="side"') == 2 and '2 runs' in capsys.readouterr().out


def test_nothing_is_overwritten_unasked_and_errors_come_before_any_work(tmp_path):
    run, out = str(write_run(tmp_path / 'run')), tmp_path / 'page.html'
    out.write_text('mine')
    for name, message in (('page.html', 'page.html: already exists'), ('', 'is a folder'),
                          ('page.html/below', 'page.html is a file')):
        with pytest.raises(OSError, match=message):
            main([run, '-o', str(tmp_path / name)])
    with pytest.raises(SystemExit):
        main([run, '-o', str(out), '--overwrite', '--mistakes', '-1'])
    assert out.read_text() == 'mine'
    main([run, '-o', str(out), '--overwrite'])
    assert 'Each run' in out.read_text() and len(list(tmp_path.iterdir())) == 2


def test_a_real_run_and_its_test_have_their_mistakes_on_the_page(digits_run, digits_root, tmp_path):
    from tools import test
    run = tmp_path / 'run'
    shutil.copytree(digits_run, run)
    record = json.loads((run / 'result.json').read_text())
    best = run / record['checkpoint'].rpartition('/')[2]
    test.main([str(REPO_ROOT / record['config']), str(best), '--cfg-options', *record['options']])
    text = main([str(run), '-o', str(tmp_path / 'r.html')]).read_text()
    examples = json.loads((run / 'test/examples/examples.json').read_text())['examples']
    assert 0 < text.count(f'alt="{digits_root}') == len(examples)
    assert 'What the config changes' in text and '<td class="key">train_<wbr>cfg.' in text


def test_it_opens_without_errors_names_stay_text_and_a_link_opens_its_run(page):
    answer, errors = ask(page, """
        window.alert = () => seen.push('alerted');
        return {title: document.title, scripts: document.querySelectorAll('script').length,
                names: [...document.querySelectorAll('.pictures b')].map(e => e.textContent),
                paths: document.querySelectorAll('#curves-plot path').length,
                boxes: document.querySelectorAll('#curves-runs input:checked').length,
                order: [...document.querySelectorAll('#runs a')].map(e => e.textContent),
                open: (document.querySelectorAll('#runs a')[2].click(),
                       [...document.querySelectorAll('#details > details')].map(e => e.open))};""")
    assert errors == [] and answer['open'] == [False, False, True, False]
    assert answer['order'] == ['a', 'b', 'c', 'd']  # by accuracy; then the detector
    assert answer['title'] == EVIL and answer['names'].count(EVIL) == 3
    assert answer['scripts'] == 2 + 2  # the page's data and script, and what this test added
    assert answer['boxes'] == 4 and answer['paths'] == 6  # the classifiers' loss, in two parts


@pytest.mark.parametrize('clicks, order, told', [
    (1, 'ecbad', 'ascending'), (2, 'abced', 'descending'), (3, 'ecbad', 'ascending')])
def test_a_click_sorts_numbers_as_numbers_and_blanks_last(clicks, order, told, tmp_path):
    (tmp_path / 'trials.csv').write_text(
        'trial,value\na,"1,234"\nb,999\nc,9.5 [9.0 to 10.0]\nd,\ne,1e-3\n')
    page = main([str(tmp_path), '-o', str(tmp_path / 'r.html')])  # a search without runs
    answer, errors = ask(page, f"""
        const table = document.querySelector('table');
        const buttons = table.tHead.querySelectorAll('button');
        buttons[0].click();
        for (let k = 0; k < {clicks}; k++) buttons[1].click();
        return [[...table.tBodies[0].rows].map(row => row.cells[0].textContent.trim()).join(''),
                ...[...table.tHead.rows[0].cells].map(head => head.getAttribute('aria-sort'))];""")
    assert errors == [] and answer == [order, 'none', told]


def test_curves_follow_the_choice_and_the_pointer_reads_them(page):
    answer, errors = ask(page, """
        const choice = document.getElementById('measure');
        const count = () => document.querySelectorAll('#curves-plot path').length;
        document.getElementById('no-runs').click(); const none = count();
        document.getElementById('all-runs').click();
        choice.value = [...choice.options].find(one => one.text === 'accuracy/top1').value;
        choice.dispatchEvent(new Event('change')); const accuracy = count();
        const box = document.querySelector('#curves-plot svg').getBoundingClientRect();
        document.querySelector('#curves-plot svg').dispatchEvent(
            new PointerEvent('pointermove', {clientX: box.left + 70, clientY: box.top + 99}));
        return {none, accuracy, read: document.getElementById('readout').textContent,
                measures: [...choice.options].map(one => one.text)};""")
    assert errors == [] and answer['none'] == 0 and answer['accuracy'] == 4
    assert answer['read'].startswith('epoch 1 ') and 'a/seed0: 88' in answer['read']
    assert 'F1 over confidence: car' in answer['measures']


@pytest.mark.parametrize('width', [390, 1280])
def test_the_leaderboard_fits_and_other_tables_scroll_and_not_the_page(page, width):
    (whole, window, table), errors = ask(page, """
        for (const part of document.querySelectorAll('details')) part.open = true;
        const body = document.documentElement;
        return [body.scrollWidth, body.clientWidth,
                document.querySelector('#runs table').scrollWidth];""", width=width)
    assert errors == [] and whole <= window and table <= window

import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from plugins.engine.config_diff import Change, Difference
from plugins.report.collect import collect
from plugins.report.experiments import experiments
from plugins.report.mistakes import Mistake, Mistakes
from plugins.report.page import Captioned, Comparison, Report, breakable, render, write_page
from plugins.report.pictures import inline
from plugins.report.report_tables import Table
from plugins.report.study import Study
from tests.plugins.report.runs import detector_test, write_run
from tools.misc.result_files import METRICS

EVIL = '<script>alert(1)</script>'
PICTURE = inline(np.zeros((8, 8, 3), np.uint8), 100)


class Tags(HTMLParser):
    """What a browser would see: tags, and the text outside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text, self.within = '', ''
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.within = tag

    def handle_data(self, data):
        if self.within not in ('script', 'style'):
            self.text += data


def report(tmp_path, **more):
    groups = experiments(collect([tmp_path]).entries, {}, METRICS)
    return Report('Runs', groups, **more)


def test_every_name_is_escaped(tmp_path):
    write_run(tmp_path / 'r', classes=(EVIL, '"dog" & \'co\''), config=f'configs/{EVIL}.py',
              note=EVIL)
    write_run(tmp_path / f'x{EVIL.replace("/", "")}', tested=detector_test())
    names = [entry.name for entry in collect([tmp_path]).entries]
    page = render(report(
        tmp_path, tables=[Table(EVIL, EVIL, [EVIL], [[EVIL]])], notes=[EVIL],
        differences={names[0]: Difference((EVIL,), [Change(EVIL, EVIL, EVIL)]), names[1]: EVIL},
        mistakes={names[0]: Mistakes([Mistake(PICTURE, EVIL, EVIL, 0.9)], 1, 7, 9)},
        comparisons=[Comparison(Table(EVIL, EVIL, [EVIL], [[EVIL]]),
                                [Captioned(PICTURE, EVIL)])],
        studies=[Study(EVIL, [EVIL], [[EVIL]], 0, {EVIL: PICTURE}, [(EVIL, EVIL)],
                       [[EVIL], [EVIL]])]))
    assert '<script>alert' not in page and page.count('alert(1)') > 15
    scripts = [attrs for tag, attrs in Tags(page).tags if tag == 'script']
    assert scripts == [dict(type='application/json', id='curves-data'), {}]
    assert EVIL in Tags(page).text


def test_the_page_needs_nothing_from_outside(tmp_path):
    write_run(tmp_path / 'r')
    page = render(report(tmp_path))
    for tag, attrs in Tags(page).tags:
        assert attrs.get('src', 'data:').startswith('data:')
        assert attrs.get('href', '#').startswith(('#', 'data:')), tag
    assert "default-src 'none'" in page and not re.search(r'@import|url\(', page)


def test_figures_matrix_and_state_are_on_the_page(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path / f'seed{seed}', seed=seed, accuracy=80. + seed)
    write_run(tmp_path / 'u', tested={}, config='configs/x/y.py')
    page = render(report(tmp_path))
    text = ' '.join(Tags(page).text.split())
    assert '79.50[79.00 to 80.00]' in text
    assert 'not tested' in text and '1,234,567' in text and 'c0ffee' in text
    assert '3 runs of 2 experiments: 2 tested, 1 not tested' in text
    assert re.search(r'--s:0.83" class="hi">10<', page)  # 10 of the 12 images of the class
    data = re.search(r'id="curves-data">(.*?)</script>', page, re.S)[1]
    assert [run['name'] for run in json.loads(data)['runs']] == ['seed0', 'seed1', 'u']
    heads = [attrs for tag, attrs in Tags(page).tags if tag == 'th' and 'aria-sort' in attrs]
    assert heads and {attrs['aria-sort'] for attrs in heads} == {'none'}


def test_many_classes_make_a_picture_of_the_matrix(tmp_path):
    write_run(tmp_path / 'r', classes=tuple(f'{k:03}' for k in range(200)))
    page = render(report(tmp_path))
    assert 'class="matrix"' not in page and len(page) < 300_000
    assert 'alt="Confusion matrix of' in page


def test_links_lead_somewhere(tmp_path):
    write_run(tmp_path / 'r')
    tags = Tags(render(report(tmp_path, notes=['x'], tables=[Table('t', '', ['a'], [])],
                              comparisons=[Comparison(Table('', '', [], []), [])]))).tags
    ids = [attrs['id'] for _, attrs in tags if 'id' in attrs]
    links = [attrs['href'][1:] for tag, attrs in tags if tag == 'a']
    assert len(ids) == len(set(ids)) and len(links) >= 5 and set(links) <= set(ids)


def test_names_break_behind_separators_alone():
    assert str(breakable('a/b<c_d-e')) == 'a/<wbr>b&lt;c_<wbr>d-<wbr>e'


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    write_page('text', tmp_path / 'new/page.html')
    assert (tmp_path / 'new/page.html').read_text() == 'text'
    with pytest.raises(UnicodeEncodeError):
        write_page('\ud800', tmp_path / 'new/page.html')
    assert os.listdir(tmp_path / 'new') == ['page.html']
    assert (tmp_path / 'new/page.html').read_text() == 'text'

import json
import re
from html.parser import HTMLParser

from PIL import Image

from plugins.report.collect import collect
from plugins.report.experiments import Reported, experiments
from plugins.report.page import breakable, curve_data, render
from plugins.report.pictures import Inline, read_examples
from plugins.report.report_tables import Table
from plugins.report.study import Study
from tests.plugins.report.runs import detector_test, mistake, write_examples, write_folds, write_run

EVIL = '<script>alert(1)</script>'
PICTURE = Inline('data:image/png;base64,', 8, 8)


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


def page_of(tmp_path, reported=None, **more):
    entries = collect([tmp_path]).entries
    examples = {entry.name: found for entry in entries
                if (found := read_examples(entry, dict(mistakes=2, detections=1)))}
    return render('Runs', experiments(entries, reported or {}), examples=examples, **more)


def text_of(page):
    return ' '.join(Tags(page).text.split())


def test_every_name_is_escaped_and_links_lead_within_the_page(tmp_path):
    run = write_run(tmp_path / 'r', classes=(EVIL, '"dog" & \'co\''), config=f'configs/{EVIL}.py',
                    changes=[[EVIL, EVIL, EVIL]], device=EVIL, options=[EVIL])
    write_examples(run, 'mistakes', mistake(EVIL, truth=EVIL, predicted=EVIL))
    other = write_run(tmp_path / f'x{EVIL.replace("/", "")}', tested=detector_test())
    write_examples(other, 'detections', dict(name=EVIL))
    page = page_of(
        tmp_path, reported={EVIL.partition('/')[2]: Reported(EVIL, 1, {'AP50': EVIL}, EVIL)},
        tables=[Table(EVIL, EVIL, [[EVIL], [EVIL]])], notes=[EVIL],
        studies=[Study(EVIL, [[EVIL], [EVIL]], {EVIL: PICTURE}, [(EVIL, EVIL)])])
    assert '<script>alert' not in page and page.count('alert(1)') > 30
    scripts = [attrs for tag, attrs in Tags(page).tags if tag == 'script']
    assert scripts == [dict(type='application/json', id='curves-data'), {}]
    assert EVIL in Tags(page).text
    for tag, attrs in Tags(page).tags:  # nothing from outside
        assert attrs.get('src', 'data:').startswith('data:')
        assert attrs.get('href', '#').startswith(('#', 'data:')), tag
    assert "default-src 'none'" in page and not re.search(r'@import|url\(', page)
    ids = [attrs['id'] for _, attrs in Tags(page).tags if 'id' in attrs]
    links = {attrs['href'][1:] for tag, attrs in Tags(page).tags if tag == 'a'}
    assert len(ids) == len(set(ids)) and len(links) > 6 and links <= set(ids)
    assert str(breakable('a/b<c_d-e')) == 'a/<wbr>b&lt;c_<wbr>d-<wbr>e'


def test_figures_and_state_are_on_the_page(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path / f'seed{seed}', seed=seed, accuracy=80. + seed)
    write_run(tmp_path / 'u', tested={}, config='configs/x/y.py',
              changes=[['model.depth', '3', '4'], ['a', None, 'x']])
    write_run(tmp_path / 'v', config='configs/x/z.py', changes=[])
    Image.new('RGB', (9, 9)).save(tmp_path / 'v/test/confusion_matrix.png')
    page = page_of(tmp_path, {'y': Reported('B7', 5, {'AP50': '0.9'}, 'validation')})
    text = text_of(page)
    assert '79.50 [79.00 to 80.00]' in text and 'B7' in text
    assert 'not tested' in text and '1,234,567' in text and 'c0ffee' in text
    assert '4 runs of 3 experiments: 3 tested, 1 not tested; 4.0 minutes of training.' in text
    assert 'model.depth 3 4 a x' in re.sub(' +', ' ', text_of(page.replace('</td>', ' ')))
    assert 'What the config changes Nothing.' in text
    assert 'What the config changes Not recorded.' in text
    assert text.count('Its picture is missing: run tools/test.py again.') == 2
    assert page.count('alt="Confusion matrix of') == 1
    data = re.search(r'id="curves-data">(.*?)</script>', page, re.S)[1]
    assert [run['name'] for run in json.loads(data)['runs']] == ['seed0', 'seed1', 'v', 'u']
    heads = [attrs for tag, attrs in Tags(page).tags if tag == 'th' and 'aria-sort' in attrs]
    assert heads and {attrs['aria-sort'] for attrs in heads} == {'none'}


def test_the_leaderboard_has_intervals_cross_validations_and_a_verdict(tmp_path):
    seeds = [write_run(tmp_path / f'seed{k}', seed=k, accuracy=60. + 2 * k, config='configs/s.py',
                       sizes=dict(train=80)) for k in range(3)]
    for run in seeds:
        record = json.loads((path := run / 'test/result.json').read_text())
        record['intervals'] = {'accuracy/top1': [35., 80.]}
        path.write_text(json.dumps(record))
    write_folds(tmp_path / 'k'), write_folds(tmp_path / 'again')  # not two seeds
    (tmp_path / 'k/repeat0-fold0/20260101_000000').mkdir(parents=True)  # belongs to it
    text = text_of(page_of(tmp_path).replace('</td>', ' '))
    assert text.count('85 % (75 to 94) accuracy, 60 images, 5 folds, 2 repeats, 99 s') == 2
    # Wilson's of 61 % of 16 images; t(2) 2 sqrt(1/3 + 16/80) = 6.3 is less
    assert '61 % (38 to 82) [59.00 to 63.00] accuracy, 16 images, 3 seeds' in text
    assert text.index('85 % (75') < text.index('61 % (38')
    assert 'cat/1.jpg cat dog 0.97' in ' '.join(text.split())
    assert 'k: not compared' in text and 'answers.csv is missing' in text


def test_mistakes_and_detections_are_shown_and_where_missing_the_page_says_how_to_get_them(
        tmp_path):
    mistaken, detector = (write_run(tmp_path / name, tested=tested) for name, tested in (
        ('c', None), ('d', detector_test())))
    write_run(tmp_path / 'old')
    write_run(tmp_path / 'untested', tested={})
    write_examples(mistaken, 'mistakes', *(mistake(f'{k}.png') for k in range(3)))
    write_examples(detector, 'detections', *(dict(name=f'scene{k}') for k in range(2)))
    page = page_of(tmp_path)
    assert text_of(page).count('true: catpredicted: dog (91%)') == 2
    assert page.count('class="detail') == 1 and 'scene0' in page and 'scene1' not in page
    assert text_of(page).count('No example images: run tools/test.py again') == 1


def test_every_measure_has_the_points_of_the_runs_that_have_it(tmp_path):
    write_run(tmp_path / 'c')
    write_run(tmp_path / 'd', tested=detector_test())
    data = curve_data(collect([tmp_path]).entries)
    assert [one['label'] for one in data['measures']] == [
        'loss', 'accuracy/top1', 'loss of detectors', 'precision over recall: car',
        'F1 over confidence: car', 'learning rate', 'learning rate of detectors']
    measures = {one['label']: one for one in data['measures']}
    assert [line['thin'] for line in measures['loss']['lines']] == [True, False]
    assert [line['run'] for line in measures['loss of detectors']['lines']] == [1, 1]
    assert measures['accuracy/top1']['lines'][0]['points'] == [[1, 78], [2, 79], [3, 80]]
    rate = measures['learning rate']
    assert rate['lines'][0]['points'][2] == [3, 0.033333] and not rate['lines'][0]['thin']
    assert rate['log'] and measures['loss']['log'] and not measures['accuracy/top1']['log']
    f1, = measures['F1 over confidence: car']['lines']
    assert f1['run'] == 1 and f1['points'] == [[0.9, 0.4], [0.5, 0.66667], [0.2, 0.75]]
    assert measures['F1 over confidence: car']['unit'] and not measures['loss']['unit']


def test_training_is_drawn_beside_validation_and_no_number_is_infinite_or_nan(tmp_path):
    path = write_run(tmp_path / 'c') / 'result.json'
    record = json.loads(path.read_text())
    for one in record['history']:
        one['train']['accuracy/top1'] = 90 + one['epoch']
    record['history'][0]['train']['loss'] = float('nan')
    record['history'][1]['metrics']['loss'] = float('inf')
    path.write_text(json.dumps(record))
    data = curve_data(collect([tmp_path]).entries)
    json.dumps(data, allow_nan=False)
    loss, accuracy = ([(line['thin'], line['points'][0]) for line in one['lines']]
                      for one in data['measures'][:2])
    assert loss == [(True, [2, 0.5]), (False, [1, 2])]
    assert accuracy == [(True, [1, 91]), (False, [1, 78])]
    assert [x for x, _ in data['measures'][0]['lines'][1]['points']] == [1, 3]


def test_no_more_runs_are_drawn_at_first_than_there_are_colours(tmp_path):
    for k in range(12):
        write_run(tmp_path / f'r{k:02}')
    runs = curve_data(collect([tmp_path]).entries, ['r09', 'r03'])['runs']
    assert [run['name'] for run in runs if run['on']] == [
        'r00', 'r01', 'r02', 'r03', 'r04', 'r05', 'r09']
    assert [runs[k]['look'] for k in (9, 3, 0, 11)] == [0, 1, 2, 11]

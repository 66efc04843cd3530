"""A sample family, figures worked out by hand, and the READMEs of this checkout."""
import csv
import re

import pytest

from plugins.engine.files import REPO_ROOT
from tests.tools.misc.test_result_files import METAFILE, ROW
from tools.misc.make_readmes import BEGIN, END, LEGEND, family_table, main, stale_readmes
from tools.misc.result_files import COLUMNS


def row(**kwargs):
    return ROW | dict(data='our flowers', metric='accuracy/top1', test=70, epochs=10,
                      seconds=100) | kwargs


@pytest.fixture
def family(tmp_path):
    """Metafile of the sample, in a tree of its own."""
    folder = tmp_path / 'configs/net'
    folder.mkdir(parents=True)
    (tmp_path / 'model-index.yml').write_text('Import: [configs/net/metafile.yml]')
    (folder / 'net_a.py').write_text('"""D3: does one layer do?\n\nReported: 68.00.\n"""\n')
    (folder / 'net_b.py').write_text('"""C1 and a [bracket] | a bar."""\n')
    (folder / 'README.md').write_text(f'# Net\n\nProse.\n\n{BEGIN}\n{END}\n\nAfterwards.\n')
    (folder / 'metafile.yml').write_text(METAFILE)
    return folder / 'metafile.yml'


@pytest.fixture
def table(family, tmp_path):
    """A function that takes measured rows and gives the table's cells by line, and its notes."""
    def make(*rows):
        if rows:
            with family.with_name('results.csv').open('w', newline='') as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
        _, body, *notes = family_table(tmp_path, family).split('\n\n')
        lines = [re.split(r' ?(?<!\\)\| ?', line)[1:-1] for line in body.splitlines()[2:]]
        return lines, '\n'.join(notes).splitlines()
    return make


def test_the_readmes_of_this_checkout_are_current():
    assert not stale_readmes(REPO_ROOT), 'run tools/misc/make_readmes.py'


def test_reported_figures_stand_as_the_report_prints_them(table):
    (a, b), notes = table()
    assert a == ['D3', '[Does one layer do?](net_a.py)', '1,234,567', '567',
                 'accuracy 68.00, loss .86317<br>flowers<br>2 h', '', '']
    assert b == ['', r'[C1 and a \[bracket\] \| a bar.](net_b.py)', '20', '20', '', '', '']
    assert not notes


def test_seeds_are_averaged_and_their_range_given(table):
    runs = [row(seed=seed, metric=metric, test=test, seconds=seconds, epochs=epochs)
            for seed, seconds, epochs, top1, loss in
            ((0, 7000, 30, 70, 1), (1, 7200, 30, 71, .5), (2, 7400, 24, 75, .3))
            for metric, test in (('loss', loss), ('accuracy/top1', top1), ('other', 9))]
    (a, _), _ = table(*runs)
    assert a[5:] == [
        'accuracy 72.00 [70.00 to 75.00], loss 0.6000 [0.3000 to 1.0000] (3 seeds)<br>our flowers',
        'a CPU<br>24 to 30 epochs, 2 h 00 min']


def test_an_accuracy_has_an_interval_where_the_number_of_images_is_known(table):
    (a, _), _ = table(row(test=25, test_images=16, train_images=64), row(
        test=.5, metric='loss', test_images=16, train_images=64))
    assert a[5] == 'accuracy 25 % (10 to 50), loss 0.5000 (1 seed)<br>our flowers'


def test_a_cross_validation_has_its_own_interval(table):
    (a, _), _ = table(row(test=75, test_images=60, folds=3, low=60.1, high=90))
    assert a[5] == 'accuracy 75 % (60 to 90) (3 folds)<br>our flowers'


def test_of_one_seed_recorded_twice_the_later_counts(table):
    (a, _), _ = table(row(test=70, git_commit='a'), row(test=80.126, git_commit='b', seconds=200))
    assert a[5:] == ['accuracy 80.13 (1 seed)<br>our flowers', 'a CPU<br>10 epochs, 3 min']


@pytest.mark.parametrize('other, shown', [
    (dict(data='our trees'), 'our trees'), (dict(device='a GPU'), 'a GPU'),
    (dict(processes=2), '2 processes'), (dict(precision='bfloat16'), 'bfloat16'),
    (dict(config_hash='ba4'), 'accuracy 99.00 (1 seed)')])
def test_what_is_not_the_same_experiment_has_a_line_of_its_own(table, other, shown):
    (first, second, _), _ = table(row(), row(seed=1, test=99, **other))
    assert 'accuracy 70.00 (1 seed)' in first[5]
    assert second[:5] == ['D3', '', '', '', '']
    assert shown in ' '.join(second[5:]) and shown not in ' '.join(first[5:])


def test_only_the_table_is_rewritten_and_only_when_stale(family, tmp_path, monkeypatch):
    readme = family.with_name('README.md')
    monkeypatch.setattr('tools.misc.make_readmes.REPO_ROOT', tmp_path)
    assert list(stale_readmes(tmp_path)) == [readme]
    assert main([]) == [readme]
    text = readme.read_text()
    assert text.startswith(f'# Net\n\nProse.\n\n{BEGIN}\n\n{LEGEND}\n\n| row |')
    assert text.endswith(f'|\n\n{END}\n\nAfterwards.\n')
    assert stale_readmes(tmp_path) == {}


@pytest.mark.parametrize('text', [BEGIN, END, f'{BEGIN} {END} {END}', f'{END} {BEGIN}'])
def test_a_readme_without_its_markers_is_rejected(family, tmp_path, text):
    family.with_name('README.md').write_text(text)
    with pytest.raises(ValueError, match='README.md: '):
        stale_readmes(tmp_path)

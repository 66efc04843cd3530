"""Files of results that are broken, emptied or misspelt: an error that names the place."""
import csv

import pytest

from tools.misc.record_result import COLUMNS
from tools.misc.result_files import load_models, measured, metafiles

METAFILE = """\
Collections: [{Name: Net}]
Models:
  - Name: net_a
    Config: configs/net/net_a.py
    Metadata: {Row: D3, Parameters: 12, Trainable: 5, Report Time: 2 h}
    Results:
      - Dataset: flowers
        Metrics: {Top 1 Accuracy: 68.00, Loss: .86317}
  - Name: net_b
    Config: configs/net/net_b.py
    Metadata: {Parameters: 20, Trainable: 20}
"""
ROW = dict(
    config='configs/net/net_a.py', data='flowers', seed=0, metric='loss', test=.5, val='',
    best_epoch='', epochs=3, seconds=1.5, device='a CPU', processes=1, precision='float32',
    torch_version='2', git_commit='c', config_hash='f00', note='')


@pytest.fixture
def load(tmp_path):
    """A function that reads a metafile of the given text."""
    def call(text):
        path = tmp_path / 'metafile.yml'
        path.write_text(text)
        return load_models(path)
    return call


@pytest.fixture
def table(tmp_path):
    """A function that writes a results.csv of the given lines and gives its path."""
    def call(*lines):
        path = tmp_path / 'results.csv'
        with path.open('w', newline='') as file:
            csv.writer(file).writerows(lines)
        return path
    return call


def line(**kwargs):
    return (ROW | kwargs).values()


def test_entries_keep_figures_as_they_are_printed(load):
    a, b = load(METAFILE)
    assert a[:6] == ('net_a', 'configs/net/net_a.py', 'D3', 12, 5, '2 h')
    assert a.results[0]['Metrics'] == {'Top 1 Accuracy': '68.00', 'Loss': '.86317'}
    assert (b.row, b.results) == ('', [])


@pytest.mark.parametrize('old, new, found', [
    (', Trainable: 20', '', "entry net_b: .*whole numbers.*KeyError: 'Trainable'"),
    ('Trainable: 20', 'Trainable: 2e1', "entry net_b: .*whole numbers.*'2e1'"),
    ('Config: configs/net/net_b.py', '', "entry net_b: .*KeyError: 'Config'"),
    ('{Parameters: 20, Trainable: 20}', 'x', 'entry net_b: .*whole numbers'),
    ('Results:', 'Result:', 'entry net_a: unknown Result; expected.*Results'),
    ('Row: D3', 'row: D3', 'entry net_a: Metadata: unknown row; expected.*Row'),
    ('Dataset:', 'Data:', 'entry net_a: a result is .*expected Dataset and Metrics'),
    ('Metrics:', 'Metric:', 'entry net_a: a result is .*expected Dataset and Metrics'),
    ('Top 1 Accuracy', 'Top-1 Accuracy', 'entry net_a: Metrics: unknown Top-1 Acc.*Top 1 Accuracy'),
    ('68.00', 'seventy', "entry net_a: Top 1 Accuracy is 'seventy'; expected a number"),
    ('Models:', 'Model:', 'unknown Model; expected.*Models')])
def test_a_wrong_entry_is_refused_by_its_name(load, old, new, found):
    assert METAFILE.count(old) == 1
    with pytest.raises(ValueError, match=f'metafile.yml: {found}'):
        load(METAFILE.replace(old, new))


@pytest.mark.parametrize('text, found', [
    ('', 'holds None; expected Collections, Models'), ('[1]', 'holds'),
    ('Models: [', 'no YAML: .*'), ('Models:', "Models is ''; expected a list"),
    ('Collections: []', 'Models is None'), ('Models: [x]', "entry 'x': expected Name")])
def test_a_metafile_without_models_is_refused(load, text, found):
    with pytest.raises(ValueError, match=f'metafile.yml: {found}'):
        load(text)


@pytest.mark.parametrize('text', ['Import: x', 'Import:', 'Import: []'])
def test_an_index_without_imports_is_refused(tmp_path, text):
    (tmp_path / 'model-index.yml').write_text(text)
    with pytest.raises(ValueError, match='model-index.yml: Import is .*; expected a list'):
        metafiles(tmp_path)


def test_blank_cells_and_lines_where_they_may_be(table):
    assert measured(table(COLUMNS, line(), [], line(seed=1, val=2, best_epoch=3)))
    assert measured(table().with_name('none.csv')) == {}


@pytest.mark.parametrize('column, cell, expected', [
    ('test', 'seventy', 'a number'), ('test', '', 'a number'), ('val', 'x', 'a number'),
    ('seed', '', 'a whole number'), ('epochs', '2.5', 'a whole number'),
    ('best_epoch', 'last', 'a whole number'), ('processes', 'one', 'a whole number'),
    ('seconds', '2 h', 'a number')])
def test_what_is_no_number_is_named_with_its_line(table, column, cell, expected):
    path = table(COLUMNS, line(note='of two\nlines'), line(**{column: cell}))
    with pytest.raises(ValueError, match=f"csv:4: {column} is '{cell}', expected {expected}"):
        measured(path)


@pytest.mark.parametrize('lines, found', [
    ((), ':1: columns none; expected config,data'),
    ((['config', 'datum'],), ':1: columns config,datum; expected config,data'),
    ((COLUMNS,), ': no row below the columns; restore'),
    ((COLUMNS, [*line(), 'more']), ':2: 17 cells, expected 16'),
    ((COLUMNS, ['configs/net/net_a.py']), ':2: 1 cells, expected 16')])
def test_an_emptied_or_foreign_table_is_refused(table, lines, found):
    with pytest.raises(ValueError, match=f'results.csv{found}'):
        measured(table(*lines))

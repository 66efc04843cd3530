"""Files of results that are broken or misspelt: an error that names the place."""
import csv

import pytest

from tools.misc.result_files import COLUMNS, load_models, read_rows

METAFILE = """\
Models:
  - Name: net_a
    Config: configs/net/net_a.py
    Metadata: {Row: D3, Parameters: 1234567, Trainable: 567, Report Time: 2 h}
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
    torch_version='2', git_commit='c', config_hash='f00', note='',
    test_images='', train_images='', folds='', low='', high='')


def load(folder, text):
    path = folder / 'metafile.yml'
    path.write_text(text)
    return load_models(path)


def read(folder, *lines):
    path = folder / 'results.csv'
    with path.open('w', newline='') as file:
        csv.writer(file).writerows(lines)
    return read_rows(path)


def line(**kwargs):
    return (ROW | kwargs).values()


def test_entries_keep_figures_as_they_are_printed(tmp_path):
    a, b = load(tmp_path, METAFILE)
    assert a[:6] == ('net_a', 'configs/net/net_a.py', 'D3', 1234567, 567, '2 h')
    assert a.results[0]['Metrics'] == {'Top 1 Accuracy': '68.00', 'Loss': '.86317'}
    assert (b.row, b.results) == ('', [])


@pytest.mark.parametrize('old, new, found', [
    (', Trainable: 20', '', "entry net_b: KeyError: 'Trainable'.*whole numbers"),
    ('Trainable: 20', 'Trainable: 2e1', "entry net_b: .*'2e1'"),
    ('Config: configs/net/net_b.py', '', "entry net_b: KeyError: 'Config'"),
    ('{Parameters: 20, Trainable: 20}', 'x', 'entry net_b: TypeError'),
    ('Metrics:', 'Metric:', "entry net_a: KeyError: 'Metrics'"),
    ('Top 1 Accuracy', 'Top-1 Accuracy', 'entry net_a: .*Top-1 Acc.*among Top 1 Accuracy'),
    ('68.00', 'seventy', "entry net_a: .*'seventy'"),
    ('Models:', 'Model:', 'Models is None, expected a list'),
    (METAFILE, 'Models: [', 'no YAML'), (METAFILE, 'Models: [x]', 'entry x: TypeError')])
def test_a_wrong_metafile_is_rejected_with_the_entrys_name(tmp_path, old, new, found):
    assert METAFILE.count(old) == 1
    with pytest.raises(ValueError, match=f'metafile.yml: {found}'):
        load(tmp_path, METAFILE.replace(old, new))


def test_blank_cells_and_lines_where_they_may_be(tmp_path):
    assert read(tmp_path, COLUMNS, line(), [], line(seed=1, val=2, best_epoch=3))
    assert read_rows(tmp_path / 'none.csv') == []


@pytest.mark.parametrize('column, cell, expected', [
    ('test', 'seventy', 'a number'), ('test', '', 'a number'),
    ('epochs', '2.5', 'a whole number'), ('seconds', '2 h', 'a number')])
def test_what_is_no_number_is_named_with_its_line(tmp_path, column, cell, expected):
    with pytest.raises(ValueError, match=f"csv:4: {column} is '{cell}', expected {expected}"):
        read(tmp_path, COLUMNS, line(note='of two\nlines'), line(**{column: cell}))

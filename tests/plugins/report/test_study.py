import json

import pytest
from PIL import Image

from plugins.report.page import render
from plugins.report.study import read_study
from tests.plugins.report.test_page import Tags

SUMMARY = dict(
    metric='accuracy/top1', winner=dict(
        trial=7, value=93.456, params=dict(flip='on', zoom=0.2),
        test={'loss': 0.25, 'accuracy/top1': 91.25, 'x': 3}, config='w/best.py'))


def study_with(folder, summary):
    (folder / 'trials.csv').write_text('trial,value\n7,93.456\n')
    (folder / 'search.json').write_text(json.dumps(summary))
    return read_study(folder)


def test_the_table_the_pictures_and_the_winner(tmp_path):
    Image.new('RGB', (2000, 30)).save(tmp_path / 'importance.png')
    study = study_with(tmp_path, SUMMARY)
    assert study.rows == [['trial', 'value'], ['7', '93.456']]
    assert [(name, one.width) for name, one in study.pictures.items()] == [('importance', 1000)]
    assert study.winner == [
        ('trial', '0007'), ('flip', 'on'), ('zoom', '0.2'), ('validation accuracy/top1', '93.46'),
        ('test loss', '0.2500'), ('test accuracy/top1', '91.25'), ('test x', '3'),
        ('config', 'w/best.py')]
    text = Tags(render('Runs', [], studies=[study])).text
    assert 'Winner' in text and '93.46' in text and 'w/best.py' in text
    assert study_with(tmp_path, dict(SUMMARY, winner=None)).winner == []
    untested = study_with(tmp_path, dict(SUMMARY, winner=dict(SUMMARY['winner'], test=None)))
    assert ('test', 'not tested') in untested.winner


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'not readable'), (b'a,b\n1,2\n\n3\n', 'row 3 has'), (b'\xff\xfe,', 'not readable')])
def test_a_broken_table_is_rejected(content, message, tmp_path):
    (tmp_path / 'trials.csv').write_bytes(content)
    with pytest.raises(ValueError, match=f'trials.csv: {message}'):
        read_study(tmp_path)


def test_a_damaged_winner_is_rejected_and_before_the_end_there_is_none(tmp_path):
    (tmp_path / 'trials.csv').write_text('trial,"a, b"\n0,x\n')
    assert read_study(tmp_path).rows == [['trial', 'a, b'], ['0', 'x']]
    assert read_study(tmp_path).winner == []
    winner = dict(SUMMARY['winner'], value='high')
    with pytest.raises(ValueError, match="search.json: winner.value is 'high', expected a number"):
        study_with(tmp_path, dict(SUMMARY, winner=winner))

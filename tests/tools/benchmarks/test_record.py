import json

import pytest

from tools.benchmarks.record import Case, Figure, Settings, case_record, full_record, surroundings


def test_a_target_is_met_from_its_side():
    assert Figure('speed', 1.0, 0.95).met and not Figure('speed', 0.9, 0.95).met
    assert Figure('seconds', 4.9, 5., at_least=False).met
    assert not Figure('seconds', 5.1, 5., at_least=False).met
    assert Figure('unasked', 1.).met is None


def test_a_record_holds_every_sample_and_is_json(tmp_path):
    case = Case('toy', 'what', {'ours': [.1, .2, .3], 'bare': [.2, .2, .2]}, images=64)
    case.compare('ours', ['bare'], 'ours / bare', .95)
    record = json.loads(json.dumps(full_record('data', Settings(tmp_path), [case],
                                               surroundings(), 1.23)))
    found = record['cases'][0]
    assert found['variants']['ours'] == dict(
        seconds=[.1, .2, .3], median=.2, min=.1, max=.3, images_per_second=pytest.approx(320))
    assert found['figures'][0]['value'] == 1. and found['figures'][0]['met'] is True
    assert found['figures'][0]['range'] == pytest.approx([2 / 3, 2])
    assert record['versions']['torch'] and record['device'] and record['suite'] == 'data'
    assert str(tmp_path) not in json.dumps(record)


def test_without_images_there_is_no_rate():
    assert 'images_per_second' not in case_record(Case('a', '', {'ours': [1.]}))['variants']['ours']


def test_quick_settings_pick_the_second(tmp_path):
    assert Settings(tmp_path).pick(1, 2) == 1
    assert Settings(tmp_path, quick=True).pick(1, 2) == 2

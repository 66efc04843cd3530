import numpy as np
import pytest

from plugins.apis.load import load_trained
from plugins.apis.predict import Predictor
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR

IMAGES = [np.random.default_rng(k).integers(0, 256, (94, 310, 3), np.uint8) for k in range(2)]


def test_the_most_likely_classes_are_named(classifier):
    trained = load_trained(load_config(CLASSIFIER), classifier, 'cpu')
    every = Predictor(trained, topk=99)
    assert every.settings == dict(topk=10)
    for entry, best in zip(every(IMAGES), Predictor(trained, topk=1)(IMAGES), strict=True):
        scores = [one['score'] for one in entry['topk']]
        assert len(scores) == 10 and scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=1e-5)
        assert best == {**entry['topk'][0], 'topk': entry['topk'][:1]}


def test_boxes_have_at_least_the_score_asked_for(detector):
    trained = load_trained(load_config(DETECTOR), detector, 'cpu')
    every = Predictor(trained, score_thr=0.06)
    found = every(IMAGES)[0]['detections']
    scores = [one['score'] for one in found]
    assert len(scores) > 3 and {one['class'] for one in found} == {'car'}
    few = Predictor(trained, score_thr=scores[2] - 1e-6)(IMAGES)[0]['detections']
    assert few == found[:3] and all(len(one['box']) == 4 for one in few)
    assert not every.note and 'score_thr=0.05' in Predictor(trained, score_thr=0.01).note

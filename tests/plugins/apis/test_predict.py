import numpy as np
import pytest
import torch
from PIL import Image

from plugins.apis import load_model
from plugins.apis.inference import threshold_note
from plugins.apis.load import load_trained
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR

IMAGES = [np.random.default_rng(k).integers(0, 256, (94, 310, 3), np.uint8) for k in range(2)]


def test_the_most_likely_classes_are_named(classifier):
    trained = load_trained(load_config(CLASSIFIER), classifier, 'cpu')
    for entry, best in zip(trained.records(IMAGES, topk=99), trained.records(IMAGES, topk=1),
                           strict=True):
        scores = [one['score'] for one in entry['topk']]
        assert len(scores) == 10 and scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=1e-5)
        assert best == {**entry['topk'][0], 'topk': entry['topk'][:1]}


def test_boxes_have_at_least_the_score_asked_for(detector):
    trained = load_trained(load_config(DETECTOR), detector, 'cpu')
    found = trained.records(IMAGES, score_thr=0.06)[0]['detections']
    scores = [one['score'] for one in found]
    assert len(scores) > 3 and {one['class'] for one in found} == {'car'}
    few = trained.records(IMAGES, score_thr=scores[2] - 1e-6)[0]['detections']
    assert few == found[:3] and all(len(one['box']) == 4 for one in few)
    assert not threshold_note(trained.config, 0.06)
    assert 'score_thr=0.05' in threshold_note(trained.config, 0.01)


@pytest.fixture
def pictures(tmp_path):
    """A folder with two pictures, one of them in a subfolder."""
    (tmp_path / 'b').mkdir()
    for image, name in zip(IMAGES, ('a.png', 'b/c.png'), strict=True):
        Image.fromarray(image).save(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize('config, kind', [(CLASSIFIER, 'classifier'), (DETECTOR, 'detector')])
def test_pictures_are_given_in_any_form(config, kind, request, pictures):
    model = load_model(config, request.getfixturevalue(kind), 'cpu')
    both = model.predict(IMAGES, score_thr=0, batch_size=1)
    assert len(both) == 2 and both[0] != both[1] == model.predict(IMAGES[1], score_thr=0)
    assert both == model.predict([pictures / 'a.png', str(pictures / 'b/c.png')], score_thr=0,
                                 batch_size=1)
    assert model.predict(pictures, score_thr=0, batch_size=1) == [
        dict(image=name, **one) for name, one in zip(('a.png', 'b/c.png'), both, strict=True)]
    assert model.predict([Image.fromarray(one) for one in IMAGES], score_thr=0,
                         batch_size=1) == both
    assert model.predict(Image.fromarray(IMAGES[1]), score_thr=0) == both[1]
    assert model.predict([]) == []


def test_features_are_what_the_head_gets(classifier, detector, pictures):
    model = load_model(CLASSIFIER, classifier, 'cpu')
    found = model.features(pictures, batch_size=1)
    scores = model.model.head((torch.from_numpy(found),)).softmax(1)
    assert scores.max(1)[0].tolist() == pytest.approx(
        [one['score'] for one in model.predict(IMAGES)], abs=1e-5)
    assert (model.features(IMAGES[0]) == found[0]).all()
    assert load_model(DETECTOR, detector, 'cpu').features(pictures).shape == (2, 96)


def test_what_is_no_picture_is_rejected(classifier, pictures):
    model = load_model(CLASSIFIER, classifier, 'cpu')
    with pytest.raises(ValueError, match='found no picture'):
        model.features([])
    for given in (5, IMAGES[0].astype(float), IMAGES[0][..., 0], IMAGES[0][:0],
                  np.zeros((2, 2, 4))):
        with pytest.raises(ValueError, match=r'expected uint8 \(height, width, 3\), RGB'):
            model.predict([given])
    (pictures / 'd.png').write_text('text')
    for given in (pictures, pictures / 'd.png', [pictures / 'a.png', pictures / 'd.png']):
        with pytest.raises(ValueError, match=r'd\.png: '):
            model.predict(given)
    for settings in (dict(topk=0), dict(topk=-3), dict(score_thr=float('nan'))):
        with pytest.raises(ValueError, match=f'{next(iter(settings))}=.*expected'):
            model.predict(IMAGES[0], **settings)
    with pytest.raises(OSError, match='none.png'):
        model.predict(pictures / 'none.png')

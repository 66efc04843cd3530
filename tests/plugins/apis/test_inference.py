import numpy as np
import pytest
from mmengine.config import Config

from plugins.apis.inference import Classify, Detect, threshold_note
from plugins.apis.load import load_trained
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR


def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, shape, np.uint8) for shape in (
        (94, 310, 3), (94, 310, 3), (300, 100, 3), (94, 310, 3))]


def test_what_is_found_in_a_picture_does_not_depend_on_the_others(detector):
    ask = Detect(load_trained(load_config(DETECTOR), detector, 'cpu'))
    together = ask(pictures())
    for picture, found in zip(pictures(), together, strict=True):
        alone = ask([picture])[0]
        scores = [one['score'] for one in found]
        assert scores == pytest.approx([one['score'] for one in alone], abs=1e-5) and scores
        assert scores == sorted(scores, reverse=True)
        height, width = picture.shape[:2]
        boxes = np.array([one['box'] for one in found])
        assert boxes.min() >= 0 and (boxes.max(axis=0) <= [width, height] * 2).all()


def test_another_loader_is_rejected(detector):
    cfg = load_config(DETECTOR)
    trained = load_trained(cfg, detector, 'cpu')
    cfg.test_dataloader.dataset.pipeline[0] = dict(type='LoadEmpty')
    with pytest.raises(ValueError, match='begins with LoadEmpty, expected LoadCachedImage or'):
        Detect(trained)


def test_the_configs_own_thresholds_are_found_at_any_depth():
    cfg = Config(dict(model=dict(test_cfg=dict(
        rpn=dict(nms_pre=5), rcnn=dict(score_thr=0.05, nms=dict(iou_threshold=0.5))))))
    assert 'model.test_cfg.rcnn.score_thr=0.05;' in threshold_note(cfg, 0.04)
    assert threshold_note(cfg, 0.05) == '' == threshold_note(Config(dict(model=dict())), 0)


def test_a_stock_pipeline_goes_through_mmpretrains_inferencer(classifier):
    cfg = load_config(CLASSIFIER)
    pictures = [np.random.default_rng(k).integers(0, 256, (8, 8, 3), np.uint8) for k in (1, 2)]
    own = Classify(load_trained(cfg, classifier, 'cpu'))(pictures)
    cfg.test_dataloader.dataset = dict(type='CustomDataset', data_root='none', pipeline=[
        dict(type='LoadImageFromFile', to_float32=False), dict(type='PackInputs')])
    # mmpretrain packs B, G, R, which its own preprocessor turns round
    stock = Classify(load_trained(cfg, classifier, 'cpu'))([p[..., ::-1] for p in pictures])
    assert own.shape == (2, 10) and own.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert np.abs(own[0] - own[1]).max() > 1e-4
    assert np.log(stock) == pytest.approx(np.log(own), abs=1e-5)


def test_a_config_that_does_not_say_how_is_refused(classifier):
    cfg = load_config(CLASSIFIER)
    trained = load_trained(cfg, classifier, 'cpu')
    cfg.test_dataloader.dataset = dict(type='Strange')
    with pytest.raises(ValueError, match='neither source nor pipeline'):
        Classify(trained)

import numpy as np
import pytest

from plugins.apis.classify import Classify
from plugins.apis.load import load_trained
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER


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

import numpy as np
import pytest
from PIL import Image

from plugins.apis.classify import Classify, as_stored, stored_size
from plugins.apis.load import load_trained
from plugins.classification.datasets.decoding import decode_files
from plugins.classification.datasets.image_array import SOURCES, ImageArray, load_source
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER


@pytest.mark.parametrize('resize', ['stretch', 'center_crop'])
@pytest.mark.parametrize('size', [(7, 11), (16, 16), 5])
def test_a_picture_is_stored_as_the_sources_store_its_file(tmp_path, resize, size):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    expected = decode_files([tmp_path / 'a.png'], [0], ['a'], size, resize).images[0]
    found = as_stored(pixels, dict(type='class_folder', size=size, resize=resize))
    assert np.array_equal(found, expected)


def test_sources_without_files_have_their_one_size():
    assert stored_size(dict(type='cifar10')) == (32, 32)
    with pytest.raises(ValueError, match="no source 'strange'"):
        stored_size(dict(type='strange'))
    known = load_source(dict(type='digits', split='test')).images
    assert stored_size(dict(type='digits')) == known.shape[2:]


def test_a_source_of_unknown_size_is_asked():
    @SOURCES.register_module(name='test_classify_stripes')
    def stripes(split):
        return ImageArray(np.zeros((2, 3, 5, 9), np.uint8), [0, 1], ('a', 'b'))

    assert stored_size(dict(type='test_classify_stripes', split='test')) == (5, 9)
    SOURCES.module_dict.pop('test_classify_stripes')


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

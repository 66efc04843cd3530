"""Decoding once: same pixels as OpenCV, within the budget, and no half images."""
import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.registry import TRANSFORMS, DefaultScope
from PIL import Image

from plugins.engine import load_cached_image
from plugins.engine.load_cached_image import LoadCachedImage


@pytest.fixture
def paths(tmp_path):
    rng = np.random.default_rng(0)
    names = [str(tmp_path / f'{i}.png') for i in range(3)]
    for name in names:
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(name)
    return names


def test_same_as_opencv(paths):
    results = LoadCachedImage()({'img_path': paths[0]})
    np.testing.assert_array_equal(results['img'], cv2.imread(paths[0]))
    assert results['img_shape'] == results['ori_shape'] == (20, 30)


def test_decoded_once_within_the_budget(paths, monkeypatch):
    decoded = []

    def count(path):
        decoded.append(path)
        return decode(path)

    decode = load_cached_image.read_image
    monkeypatch.setattr(load_cached_image, 'read_image', count)
    messages = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'callHandlers',
                        lambda record: messages.append(record.getMessage()))
    load = LoadCachedImage(budget_mb=2 * 20 * 30 * 3 / 1e6)  # room for two of the three
    for _ in range(2):
        for path in paths:
            load({'img_path': path})
    assert decoded == [*paths, paths[2]]
    assert len(messages) == 1 and '2 decoded images fill' in messages[0]


def test_callers_cannot_change_the_kept_image(paths):
    load = LoadCachedImage()
    load({'img_path': paths[0]})['img'][:] = 0
    assert load({'img_path': paths[0]})['img'].any()


@pytest.mark.parametrize('scope', ['mmdet', 'mmpretrain'])
def test_stock_pipelines_read_the_same_pixels(tmp_path, scope):
    import plugins.classification  # noqa: F401  (registers mmpretrain's)
    path = str(tmp_path / 'deep.png')
    Image.fromarray(np.array([[0, 0x1200, 0xff00]], np.uint16)).save(path)
    assert cv2.imread(path).max() == 255
    with DefaultScope.overwrite_default_scope(scope):
        stock = TRANSFORMS.build(dict(
            type='LoadImageFromFile', to_float32=True, backend_args=None))
    image = stock({'img_path': path})['img']
    assert image.dtype == np.float32 and image[0, :, 0].tolist() == [0, 0x12, 0xff]


@pytest.mark.parametrize('changed', [dict(color_type='unchanged'), dict(imdecode_backend='pillow'),
                                     dict(ignore_empty=True), dict(backend_args=dict(backend='x'))])
def test_another_reader_is_refused(changed):
    key, = changed
    with pytest.raises(ValueError, match=f'LoadCachedImage: {key}=.*there is one reader'):
        LoadCachedImage(**changed)

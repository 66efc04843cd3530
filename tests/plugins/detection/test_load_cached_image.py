"""Decoding once: same pixels as OpenCV, within the budget, and no half images."""
import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger
from PIL import Image

from plugins.detection import LoadCachedImage, load_cached_image


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


def test_a_grey_image_gets_three_channels(tmp_path):
    Image.fromarray(np.full((4, 5), 7, dtype=np.uint8)).save(tmp_path / 'grey.png')
    image = LoadCachedImage()({'img_path': str(tmp_path / 'grey.png')})['img']
    assert image.shape == (4, 5, 3) and (image == 7).all()


def test_decoded_once_within_the_budget(paths, monkeypatch):
    decoded = []

    def count(path):
        decoded.append(path)
        return decode(path)

    decode = load_cached_image.decode_image
    monkeypatch.setattr(load_cached_image, 'decode_image', count)
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


@pytest.mark.parametrize('suffix', ['png', 'jpg'])
def test_half_an_image_is_an_error(tmp_path, suffix):
    path = tmp_path / f'000003.{suffix}'
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(ValueError, match=f'000003.{suffix}: cannot read this image'):
        LoadCachedImage()({'img_path': str(path)})


def test_missing_image(tmp_path):
    with pytest.raises(ValueError, match='gone.png: cannot read'):
        LoadCachedImage()({'img_path': str(tmp_path / 'gone.png')})


@pytest.mark.parametrize('orientation, upright', [(1, True), (3, True), (6, False), (8, False)])
def test_a_picture_of_a_camera_held_upright_is_turned(tmp_path, orientation, upright):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / 'phone.png'
    Image.fromarray(pixels).save(path, exif=exif)
    decoded = load_cached_image.decode_image(path)
    assert load_cached_image.image_size(path) == decoded.shape[1::-1]
    assert decoded.shape == ((20, 30, 3) if upright else (30, 20, 3))
    np.testing.assert_array_equal(decoded, cv2.imread(str(path)))  # OpenCV turns it too

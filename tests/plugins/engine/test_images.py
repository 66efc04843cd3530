"""One reader: the pixels that OpenCV gives, 16 bits scaled, and every bad file named."""
import cv2
import numpy as np
import pytest
from PIL import Image

from plugins.engine.images import image_size, read_image

RAMP = np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3) * 2  # H x W x RGB, no two pixels alike


def read(path):
    image = read_image(path)
    assert image.mode == 'RGB'
    return np.asarray(image)


def save(path, pixels, **kwargs):
    Image.fromarray(pixels).save(path, **kwargs)
    return path


@pytest.mark.parametrize('mode', ['L', 'LA', 'P', 'RGBA', '1', 'CMYK'])
def test_every_colour_mode_gives_rgb(tmp_path, mode):
    image = Image.fromarray(RAMP).convert(mode)
    if mode in ('LA', 'RGBA'):
        image.putalpha(0)  # alpha is dropped, colours stay
    path = tmp_path / ('a.tif' if mode == 'CMYK' else 'a.png')
    image.save(path)
    expected = np.asarray(Image.fromarray(RAMP).convert(mode).convert('RGB'))
    assert (read(path) == expected).all()


def test_grey_gets_three_equal_channels_like_opencv(tmp_path):
    path = save(tmp_path / 'grey.jpg', RAMP[..., 0])
    decoded = read(path)
    assert np.abs(decoded.astype(int) - cv2.imread(str(path))).max() <= 1
    assert np.ptp(decoded, axis=2).max() == 0


@pytest.mark.parametrize('pixels, expected', [
    (np.array([[0, 0x0100, 0x80ff, 0xffff]], np.uint16), [0, 1, 0x80, 0xff]),
    (np.array([[256, 0, 65535]], np.int32), [1, 0, 255]), (np.array([[256, -1]], np.int32), None),
    (np.array([[65536]], np.int32), None), (np.ones((2, 2), np.float32), None)])
def test_sixteen_bits_are_scaled_and_what_has_no_range_is_rejected(tmp_path, pixels, expected):
    path = save(tmp_path / 'deep.tif', pixels)
    if expected is None:
        with pytest.raises(ValueError, match=f'deep.tif: .*{pixels.dtype} have no known range'):
            read(path)
    else:
        assert read(path)[0, :, 0].tolist() == expected


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation_is_applied_as_opencv_does(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = RAMP.repeat(8, 0).repeat(8, 1)
    path = save(tmp_path / 'a.jpg', large, exif=exif, quality=100, subsampling=0)
    reference = cv2.imread(str(path))[..., ::-1]
    assert reference.shape[:2] == ((32, 64) if orientation < 5 else (64, 32))
    decoded = read(path)
    assert np.abs(decoded.astype(int) - reference).max() <= 3
    assert image_size(path) == decoded.shape[1::-1]


def test_of_several_pages_the_first_is_read(tmp_path):
    pages = [Image.fromarray(np.full((4, 5, 3), value, np.uint8)) for value in (10, 20)]
    for name in ('a.tif', 'a.png', 'a.webp'):
        kwargs = dict(lossless=True) if name == 'a.webp' else {}
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], **kwargs)
        assert (read(tmp_path / name) == 10).all(), name


@pytest.mark.parametrize('name', ['cut.jpg', 'cut.png', 'empty.jpg', 'text.png', 'gone.png'])
def test_bad_files_are_named(tmp_path, name):
    path = tmp_path / name
    if name.startswith('cut'):
        noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
        path.write_bytes(save(path, noise).read_bytes()[:-400])
    elif name != 'gone.png':
        path.write_bytes(b'' if name == 'empty.jpg' else b'hello')
    with pytest.raises(ValueError, match=f'{name}: cannot be decoded as an image '):
        read_image(path)
    if not name.startswith('cut'):  # whose header is there
        with pytest.raises(ValueError, match=f'{name}: cannot be decoded as an image'):
            image_size(path)


def test_an_image_that_is_too_large_is_named(tmp_path, monkeypatch):
    path = save(tmp_path / 'large.png', RAMP)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 15)  # 32 pixels are more than twice as many
    for function in (read_image, image_size):
        with pytest.raises(ValueError, match='large.png: .*32 pixels.*; scale it down'):
            function(path)


def test_no_other_program_is_started_for_a_picture(tmp_path, monkeypatch):
    path, ran = tmp_path / 'a.jpg', tmp_path / 'ran'
    path.write_text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n')
    ghostscript = tmp_path / 'gs'
    ghostscript.write_text(f'#!/bin/sh\ntouch {ran}\nexit 1\n')
    ghostscript.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')
    with pytest.raises(ValueError, match='a.jpg: cannot be decoded as an image'):
        read_image(path)
    assert not ran.exists()

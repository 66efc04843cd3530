"""One reader: the pixels that OpenCV gives, 16 bits scaled, and every bad file named."""
import mmap
import multiprocessing
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from plugins.engine import images
from plugins.engine.files import REPO_ROOT
from plugins.engine.images import image_size, oddities, read_image

RAMP = np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3) * 2  # H x W x RGB, no two pixels alike


@pytest.fixture
def warned(monkeypatch):
    """The warnings of the test."""
    texts = []
    monkeypatch.setattr(images, '_warned', mmap.mmap(-1, 1 << 20))
    monkeypatch.setattr(images, 'print_log', lambda text, *_: texts.append(text))
    return texts


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
    (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]), (np.array([[65536]], np.int32), None),
    (np.array([[0, 1.1]], np.float32), None), (np.array([[0, np.nan]], np.float32), None)])
def test_deep_pixels_are_scaled_and_what_has_no_range_is_rejected(tmp_path, pixels, expected):
    path = save(tmp_path / 'deep.tif', pixels)
    if expected is None:
        with pytest.raises(ValueError, match=f'deep.tif: .*its {pixels.dtype} pixels run from '
                           '.*, expected them in 0 ... (1|65535).; save it with 8 or 16 bits'):
            read(path)
    else:
        assert read(path)[0, :, 0].tolist() == expected


def test_where_white_is_zero_it_is_white(tmp_path):
    path = save(tmp_path / 'a.tif', np.array([[0, 65535]], np.uint16), tiffinfo={262: 0})
    assert read(path)[0, :, 0].tolist() == [255, 0]
    assert oddities.get(str(path)) is None


STEPS = np.linspace(0, 1, 64).reshape(8, 8)  # a ramp


@pytest.mark.parametrize('pixels, told', [
    ((4095 * STEPS).astype(np.uint16), 'is dark, its values end at 4095 of 65535; scale them'),
    ((16383 * STEPS).astype(np.uint16), 'is dark, its values end at 16383 of 65535'),
    ((65535 * STEPS).astype(np.uint16), None), ((0.1 * STEPS).astype(np.float32), 'is dark'),
    (np.full((8, 8), 200, np.uint8), 'is of (nearly) one colour, its values vary by 0 of 255'),
    ((100 + 15 * STEPS).astype(np.uint8), 'is of (nearly) one colour, its values vary by 15'),
    ((100 + 16 * STEPS).astype(np.uint8), None)])
def test_a_picture_that_shows_nothing_is_warned_of_once(tmp_path, pixels, told, warned):
    path = save(tmp_path / 'dull.tif', pixels)
    for _ in range(2):
        read(path)
    assert [text.partition(': ')[0] for text in warned] == [str(path)] * bool(told)
    assert told is None or told in warned[0]


def test_workers_warn_once_in_all_and_a_flood_ends(tmp_path, warned):
    paths = [save(tmp_path / f'{k}.png', np.zeros((2, 2), np.uint8)) for k in range(30)]
    for _ in range(2):
        worker = multiprocessing.get_context('fork').Process(target=read, args=(paths[0], ))
        worker.start()
        worker.join()
    read(paths[0])
    assert warned == []  # the first worker had said it
    for path in paths:
        read(path)
    assert len(warned) == 20 and warned[-1] == 'More than 20 pictures are odd; no more are named'


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
    Image.fromarray(large).save(tmp_path / 'a.tif', tiffinfo={0x0112: orientation})
    assert image_size(tmp_path / 'a.tif') == decoded.shape[1::-1]
    assert np.abs(read(tmp_path / 'a.tif').astype(int) - decoded).max() <= 3


def test_of_several_pages_the_first_is_read_and_the_others_are_told(tmp_path, warned):
    pages = [Image.fromarray(RAMP), Image.fromarray(RAMP // 2)]
    for name in ('a.tif', 'a.png', 'a.webp'):
        kwargs = dict(lossless=True) if name == 'a.webp' else {}
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], **kwargs)
        assert (read(tmp_path / name) == RAMP).all(), name
        assert warned.pop() == f'{tmp_path / name}: has 2 pages or frames, of which the first is ' \
            'read'
    pages[0].save(tmp_path / 'a.jpg', 'MPO', save_all=True, append_images=pages[1:])
    read(tmp_path / 'a.jpg')
    assert warned == []  # a camera's previews


@pytest.mark.parametrize('name', ['cut.jpg', 'cut.png', 'empty.jpg', 'text.png', 'gone.png'])
def test_bad_files_are_named(tmp_path, name):
    path = tmp_path / name
    if name.startswith('cut'):
        noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
        path.write_bytes(save(path, noise).read_bytes()[:-400])
    elif name != 'gone.png':
        path.write_bytes(b'' if name == 'empty.jpg' else b'hello')
    with pytest.raises(ValueError, match=f'{name}: cannot be decoded as an image .*; ' + (
            'correct its name' if name == 'gone.png' else 'copy the file again')):
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


def test_half_the_limit_is_read_without_a_word_from_pillow(tmp_path):
    path = save(tmp_path / 'large.png', RAMP)
    code = ('from plugins.engine.images import Image, read_image; Image.MAX_IMAGE_PIXELS = 20; '
            f'print(read_image({str(path)!r}).size)')
    done = subprocess.run([sys.executable, '-c', code], cwd=REPO_ROOT, capture_output=True)
    assert (done.stdout, done.stderr) == (b'(8, 4)\n', b'')


@pytest.mark.parametrize('kind', ['avif', 'gif', 'jpeg2000'])
def test_other_formats_under_a_known_name_are_to_be_converted(tmp_path, kind):
    path = tmp_path / 'phone.jpg'
    Image.fromarray(RAMP).save(path, kind)
    with pytest.raises(ValueError, match=r'phone.jpg: .* \(AVIF, GIF, ...\) to JPEG or PNG'):
        read_image(path)


def test_pictures_of_phones(tmp_path):
    """HEIC, by its content; turned; 50 megapixels; half a file is named."""
    pixels = np.indices((48, 64)).sum(0).astype(np.uint8)[..., None].repeat(3, 2)
    whole = save(tmp_path / 'a.HEIC', pixels, format='heif', quality=95)
    assert image_size(whole) == (64, 48)
    assert np.abs(read(whole).astype(int) - pixels).max() < 12
    half = tmp_path / 'half.jpg'
    half.write_bytes(whole.read_bytes()[:300])
    with pytest.raises(ValueError, match='half.jpg: cannot be decoded as an image'):
        read_image(half)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    large = save(tmp_path / 'large.jpg', np.zeros((6144, 8192, 3), np.uint8), exif=exif)
    assert image_size(large) == read_image(large).size == (6144, 8192)


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

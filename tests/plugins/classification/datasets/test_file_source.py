import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

from plugins.classification.datasets import FileSource

RAMP = np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3) * 2  # H x W x RGB, no two pixels alike


class Given(FileSource):
    """The files that it is given."""

    def __init__(self, paths, labels, classes, *args, **kwargs):
        super().__init__('.', *args, **kwargs)
        self.given = paths, labels, classes

    def find(self):
        return self.given


def decode_files(*args, **kwargs):
    source = Given(*args, **kwargs)
    assert source.images.shape[1:] == (3, *source.size)
    return source


def decode_one(path, size, **kwargs):
    """The decoded file as H x W x 3."""
    return decode_files([path], [0], ['a'], size, **kwargs).images[0].transpose(1, 2, 0)


def save(path, pixels, **kwargs):
    Image.fromarray(pixels).save(path, **kwargs)
    return path


def test_an_image_of_the_right_size_is_unchanged(tmp_path):
    assert (decode_one(save(tmp_path / 'a.png', RAMP), (4, 8)) == RAMP).all()


def test_center_crop_keeps_proportions(tmp_path):
    path = save(tmp_path / 'a.png', RAMP)
    assert (decode_one(path, 4) == RAMP[:, 2:6]).all()
    # One grey level per column: at half size, antialiased, columns 2..5 give two.
    columns = np.arange(8, dtype=np.uint8)[None, :, None] * 10
    path = save(tmp_path / 'b.png', columns.repeat(4, 0).repeat(3, 2))
    assert np.allclose(decode_one(path, 2)[0, :, 0], [25, 45], atol=2)


def test_stretch_keeps_every_pixel(tmp_path):
    path = save(tmp_path / 'a.png', np.repeat(RAMP[:1], 4, 0))
    stretched = decode_one(path, 4, resize='stretch')
    # Antialiased bilinear to half the width: columns 2k and 2k+1 with weight
    # 3 each, their outer neighbours with weight 1.
    row = RAMP[0].astype(float)
    assert np.allclose(stretched[0, 1], (row[1] + 3 * row[2] + 3 * row[3] + row[4]) / 8, atol=1)
    assert stretched[0, 3, 0] > decode_one(path, 4)[0, 3, 0]


def test_a_damaged_file_is_named(tmp_path):
    good = save(tmp_path / 'good.png', RAMP)
    (tmp_path / 'bad.png').write_bytes(good.read_bytes()[:50])
    with pytest.raises(ValueError, match='bad.png: cannot be decoded'):
        decode_files([good, tmp_path / 'bad.png', good], [0, 0, 0], ['a'], 8)


def test_unknown_resize_mode(tmp_path):
    with pytest.raises(ValueError, match="resize='crop', expected 'center_crop' or 'stretch'"):
        decode_one(save(tmp_path / 'a.png', RAMP), 4, resize='crop')


@pytest.fixture
def files(tmp_path):
    return [save(tmp_path / f'{k}.png', RAMP + k, compress_level=0) for k in range(6)]


def build(files, cache_dir, resize='center_crop'):
    """Decode to 4 x 4 with a RAM budget of nothing."""
    return decode_files(files, [0, 1] * 3, ['a', 'b'], 4, resize, 0, cache_dir)


def forbid_decoding(monkeypatch):
    monkeypatch.setattr(Image, 'open', lambda *_, **__: pytest.fail('decoded again'))


def test_the_memory_map_equals_the_array_in_ram(files, tmp_path, monkeypatch):
    mapped = build(files, tmp_path / 'new' / 'cache')
    in_ram = decode_files(files, [0, 1] * 3, ['a', 'b'], 4)
    assert isinstance(mapped.images, np.memmap) and not isinstance(in_ram.images, np.memmap)
    assert (mapped.images == in_ram.images).all() and mapped.labels.tolist() == [0, 1] * 3
    assert mapped.fingerprint == in_ram.fingerprint
    forbid_decoding(monkeypatch)
    again = build(files, tmp_path / 'new' / 'cache')
    assert (again.images == in_ram.images).all() and again.fingerprint == in_ram.fingerprint
    assert pickle.loads(pickle.dumps(again)).images.filename == again.images.filename


def test_the_budget_decides(files, tmp_path):
    # 6 images * 3 * 4 * 4 = 288 bytes
    for budget, is_mapped in ((288e-9, False), (287e-9, True)):
        array = decode_files(files, [0] * 6, ['a'], 4, max_ram_gb=budget, cache_dir=tmp_path / 'c')
        assert isinstance(array.images, np.memmap) == is_mapped


def test_a_changed_file_or_setting_is_decoded_anew(files, tmp_path):
    cache = tmp_path / 'cache'
    first = build(files, cache).images.copy()
    before = files[2].stat()
    save(files[2], RAMP[::-1] + 2, compress_level=0)
    os.utime(files[2], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert files[2].stat().st_size == before.st_size, 'only the content shows the change'
    second = build(files, cache)
    assert (second.images[2] == first[2][:, ::-1]).all()
    assert (np.delete(second.images, 2, 0) == np.delete(first, 2, 0)).all()
    assert not (build(files, cache, resize='stretch').images == second.images).all()
    assert len(build(files[::-1], cache).images) == 6
    assert (build(files[::-1], cache).images == second.images[::-1]).all()


def test_files_that_moved_are_not_decoded_again(files, tmp_path, monkeypatch):
    first = build(files, tmp_path / 'cache').images.copy()
    moved = [path.rename(path.with_stem(f'new-{path.stem}')) for path in files]
    forbid_decoding(monkeypatch)
    assert (build(moved, tmp_path / 'cache').images == first).all()


@pytest.mark.parametrize('damage', [
    lambda path, images: path.with_suffix('.json').unlink(),
    lambda path, images: os.truncate(path, path.stat().st_size - 1),
    lambda path, images: np.save(path, images + 1),
    lambda path, images: np.save(path, images[:3]),
    lambda path, images: np.save(path, images.astype(np.int8))])
def test_a_damaged_cache_is_not_used(files, tmp_path, damage):
    expected = build(files, tmp_path / 'cache').images.copy()
    damage(next((tmp_path / 'cache').glob('*.npy')), expected)
    assert (build(files, tmp_path / 'cache').images == expected).all()


def test_a_failed_build_leaves_nothing_behind(files, tmp_path):
    files[5].write_bytes(b'')
    with pytest.raises(ValueError, match='5.png'):
        build(files, tmp_path / 'cache')
    assert list((tmp_path / 'cache').iterdir()) == []


def test_processes_that_decode_at_the_same_time_do_not_disturb_each_other(files, tmp_path):
    expected = decode_files(files, [0, 1] * 3, ['a', 'b'], 4)
    with ProcessPoolExecutor(4, get_context('fork')) as pool:
        arrays = list(pool.map(build, [files] * 8, [tmp_path / 'cache'] * 8))
    assert all((array.images == expected.images).all() for array in arrays)
    assert {array.fingerprint for array in arrays} == {expected.fingerprint}
    assert len(list((tmp_path / 'cache').iterdir())) == 2


def test_a_picture_has_its_own_size(tmp_path):
    source = decode_files([save(tmp_path / 'a.png', RAMP)], [0], ['a'], (7, 11))
    assert (source.picture(0) == RAMP).all()

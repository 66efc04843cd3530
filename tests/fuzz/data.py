"""Data sets: CIFAR's batches, KITTI's labels, images, class folders and stored arrays."""
import io
import json
import os
import pickle
import shutil
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from tests.fuzz.attempt import Attempt, Setting, kind
from tests.fuzz.mutators import VALUES, changed, edited, flipped, nested

_LABELS = '\n'.join([
    'Car 0.00 0 -1.5 10.0 20.0 50.0 60.0 1.5 1.6 3.9 -1.0 1.7 20.0 0.0',
    'Van 0.30 1 0.1 60.0 10.0 90.0 50.0 1.5 1.6 3.9 -1.0 1.7 20.0 0.0',
    'DontCare -1 -1 -10 100.0 5.0 119.5 15.0 -1 -1 -1 -1000 -1000 -1000 -10'])
_WORDS = ('', 'Car', 'car', 'nan', 'inf', '-1', '0', '7', '1e9', '1e400', '-3.5', '1_0', '٣', 'x',
          '10,0', '0x1', '9' * 400, '\x00', 'ü')

_HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': (%s,)}"


def _cifar(folder: Path) -> Path:
    root = folder / 'cifar/cifar-10-batches-py'
    root.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in [*(f'data_batch_{k}' for k in range(1, 6)), 'test_batch']:
        batch = {b'data': rng.integers(0, 256, (4, 3072), np.uint8), b'labels': [0, 1, 2, 9]}
        (root / name).write_bytes(pickle.dumps(batch, protocol=2))
    names = [f'class {k}'.encode() for k in range(10)]
    (root / 'batches.meta').write_bytes(pickle.dumps({b'label_names': names}, protocol=2))
    return root


@kind('CIFAR batch', 90, 'images are uint8, N x 3 x 32 x 32, and each label has a class')
def cifar(rng: Random, setting: Setting) -> Attempt:
    from plugins.classification.datasets.cifar import Cifar10

    root = setting.once('cifar', _cifar)
    name = rng.choice(['data_batch_1', 'batches.meta'])
    path, whole = root / name, (root / name).read_bytes()
    if rng.random() < 0.5:
        data, told = flipped(rng, whole)
    else:
        content = pickle.loads(whole, encoding='bytes')
        content, told = changed(rng, content, [*VALUES, np.zeros((4, 3072)), np.ones(4), b'x',
                                               np.zeros((4, 3072), np.uint8), np.arange(4),
                                               nested(90)])
        data = pickle.dumps(content, protocol=2)

    def use() -> None:
        path.write_bytes(data)
        try:
            source = Cifar10(root.parent, 'train')
            assert source.images.shape == (len(source), 3, 32, 32)
            assert source.images.dtype == np.uint8
            assert source.labels.max() < len(source.classes)
            assert all(isinstance(one, str) for one in source.classes)
            assert len(set(source.classes)) == len(source.classes)
        finally:
            path.write_bytes(whole)

    return Attempt(f'{name}: {told}', [str(root)], use)


@kind('KITTI label', 80, 'the numbers are those of the file')
def kitti(rng: Random, setting: Setting) -> Attempt:
    from plugins.detection.kitti_label import read_labels

    text, told = edited(rng, _LABELS, _WORDS)
    path = setting.folder / '000000.txt'
    path.write_text(text, encoding='utf-8')

    def use() -> None:
        rows = [line.split() for line in text.splitlines() if line.split()]
        found = read_labels(path)
        assert [(one.type, *one.bbox) for one in found] == [
            (row[0], *map(float, row[4:8])) for row in rows]

    return Attempt(told, [str(path)], use)


@kind('image', 130, 'its size is that of the header, with 8 bits per channel')
def image(rng: Random, setting: Setting) -> Attempt:
    from plugins.engine.images import image_size, read_image

    kind_, mode = rng.choice([('png', 'RGB'), ('jpeg', 'RGB'), ('png', 'RGBA'), ('bmp', 'RGB'),
                              ('webp', 'RGB'), ('tiff', 'I;16'), ('ppm', 'RGB'), ('png', 'P'),
                              ('tiff', 'F'), ('tiff', 'I'), ('png', 'I;16'), ('tiff', 'CMYK')])
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 31, 3), np.uint8)
    picture = Image.fromarray(pixels)
    if mode[0] in 'IF':
        top = rng.choice([0.2, 1, 255, 4095, 65535, 70000])
        deep = pixels[..., 0] * (top / 255)
        picture = Image.fromarray(deep.astype({'F': 'f4', 'I': 'i4', 'I;16': 'u2'}[mode]))
    else:
        top, picture = 0, picture.convert(mode)
    pages = dict(save_all=True, append_images=[picture]) if rng.random() < 0.3 and kind_ in (
        'tiff', 'png', 'webp') else {}
    picture.save(buffer, kind_, **pages)
    data, told = flipped(rng, buffer.getvalue())
    if rng.random() < 0.2:
        data, told = buffer.getvalue(), f'whole, values to {top}'
    path = setting.folder / f'picture.{kind_}'
    path.write_bytes(data)

    def use() -> None:
        pixels = np.asarray(read_image(path))
        assert pixels.dtype == np.uint8 and pixels.shape == (*image_size(path)[::-1], 3)
        if told.startswith('whole') and top:
            full = 1 if mode == 'F' else 65535
            assert abs(pixels - (deep * (255 / full))[..., None]).max() <= 1, 'other values'

    return Attempt(f'{kind_} {mode}: {told}', [str(path)], use)


def _folders(folder: Path) -> Path:
    root = folder / 'classes'
    for name in ('cat', 'dog'):
        (root / name).mkdir(parents=True)
        for place in range(3):
            Image.new('RGB', (9, 8), (place, 0, 0)).save(root / name / f'{place}.png')
    return root


_CLASSES = dict(accent=('\xe9', 'e\u0301'), markup=('[bold]', '$x$', '_a'), line=('a\nb',),
                bytes=(os.fsdecode(b'caf\xe9'),))


@kind('class folder', 90, 'one image for each image file, and the classes are the folders')
def class_folder(rng: Random, setting: Setting) -> Attempt:
    from plugins.classification.datasets import ClassFolder

    root = setting.folder / 'mutated-classes'
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(setting.once('classes', _folders), root)
    action = rng.choice(['empty file', 'text', 'folder', 'empty class', 'gone', 'link', 'loop',
                         'up', 'hidden', 'unicode', 'upper', 'flip', 'fifo', 'no class',
                         'accent', 'markup', 'bytes', 'line', 'heic', 'gone class'])
    file, odd = root / 'cat/0.png', root / 'cat' / rng.choice(['a b.png', 'ü.PNG', '.png', '-.png'])
    if action == 'empty file':
        file.write_bytes(b'')
    elif action == 'text':
        (root / 'cat/notes.txt').write_text('x')
    elif action == 'folder':
        (root / 'cat/more.png').mkdir()
    elif action == 'empty class':
        (root / 'owl').mkdir()
    elif action == 'gone':
        file.unlink()
        file.symlink_to(root / 'none.png')
    elif action == 'link':
        (root / 'owl').symlink_to(root / 'cat')
    elif action == 'loop':
        (root / 'cat/loop.png').symlink_to(root / 'cat/loop.png')
    elif action == 'up':
        (root / 'owl').symlink_to(root)
    elif action == 'hidden':
        (root / '.hidden').mkdir()
    elif action == 'flip':
        file.write_bytes(flipped(rng, file.read_bytes())[0])
    elif action == 'fifo':
        os.mkfifo(root / 'cat/pipe.png')
    elif action in _CLASSES:
        for name in _CLASSES[action]:
            shutil.copytree(root / 'cat', root / name)
    elif action == 'heic':
        file.rename(file.with_suffix('.heic'))
    elif action == 'gone class':
        (root / 'owl').symlink_to(root / 'none')
    elif action == 'no class':
        shutil.rmtree(root)
        root.mkdir()
    else:
        file.rename(odd if action == 'unicode' else odd.with_name('0.PNG'))

    def use() -> None:
        source = ClassFolder(root, size=8)
        shown = [path for path in root.glob('*/*') if path.name[0] != '.'
                 and path.parent.name[0] != '.']
        assert len(source.images) == len(shown) and source.classes == tuple(sorted(
            {path.parent.name for path in shown}))

    return Attempt(f'{action}, {odd.name}', [str(root)], use)


@kind('class list', 40, 'the classes are the lines')
def class_list(rng: Random, setting: Setting) -> Attempt:
    from plugins.classification.datasets import ClassFolder

    root, path = setting.once('classes', _folders), setting.folder / 'names.txt'
    lines = rng.sample(['cat', 'dog'], 2)
    if rng.random() < 0.6:
        lines.insert(rng.randrange(3), rng.choice(
            ['', ' ', 'cat', 'owl', '\x00', '# note', '3', 'd\u0302']))
        del lines[rng.randrange(4):]
    data = rng.choice(['\n', '\n', '\r\n', '\r', ',']).join(lines).encode(rng.choice(
        ['utf-8', 'utf-8-sig', 'utf-16', 'latin-1', 'utf-8']), 'replace') + rng.choice(
        [b'', b'\n', b'\n\n', b'\xe9', b'\x1a'])
    path.write_bytes(data)

    def use() -> None:
        assert list(ClassFolder(root, size=8, classes=str(path)).classes) == data.decode(
            'utf-8-sig').split()

    return Attempt(repr(data), [str(path), str(root)], use)


@kind('stored array', 70, 'the array is the one that was stored, or it is computed again')
def array(rng: Random, setting: Setting) -> Attempt:
    from plugins.classification.feature_cache.store import FeatureStore

    store, about = FeatureStore(setting.folder / 'features'), dict(what='features')
    path = store.path(about)

    def fill(features: np.ndarray) -> None:
        features[:] = np.arange(12).reshape(4, 3)

    store.fetch(about, (4, 3), fill)
    part = rng.choice([path, path.with_suffix('.json')])
    if part == path or rng.random() < 0.4:
        data, told = flipped(rng, part.read_bytes())
        if rng.random() < 0.3:
            header = rng.choice(['(' * 9000, _HEADER % ('<f4', '9' * 30), _HEADER % ('|O', '3'),
                                 _HEADER % ('<f4', '-1'), _HEADER % ('<f4', '0'), '[[', '{1: 2}'])
            data = b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header.encode()
            told = header[:50]
    else:
        content, told = changed(rng, json.loads(part.read_text()))
        data = json.dumps(content).encode()
    part.write_bytes(data)

    def use() -> None:
        features, word = store.fetch(about, (4, 3), fill)
        assert np.array_equal(features, np.arange(12).reshape(4, 3)), word

    return Attempt(f'{part.suffix}: {told}', [str(path)], use)

"""Every set is laid out as its official release, and can be learnt from."""
import pickle
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from tools.misc.drawing.emblems import SHAPES
from tools.misc.sample_layouts import MIT8, SETS, Request


def make(root: Path, name: str, size: int) -> Path:
    SETS[name].write(root, Request(name, size, 0, 310, 3, 48))
    return root


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def test_digits_are_the_real_ones_and_stratified(tmp_path):
    root, counts, originals = make(tmp_path, 'digits', 1797), Counter(), load_digits()
    for name in files(root):
        part, digit, index = name.removesuffix('.png').split('/')
        image = cv2.imread(str(root / name), cv2.IMREAD_UNCHANGED)
        assert image.dtype == np.uint8 and originals.target[int(index)] == int(digit)
        assert np.array_equal(image, np.round(originals.images[int(index)] * 255 / 16))
        counts[part, int(digit)] += 1
    assert sum(counts.values()) == 1797
    for digit, total in enumerate(np.bincount(originals.target)):
        assert counts['test', digit] == round(.2 * total)


@pytest.mark.parametrize('encoding', ['bytes', 'latin1'])
def test_cifar10_opens_as_the_official_pickles_do(tmp_path, encoding):
    # torchvision and mmpretrain open them with latin1 and str keys, Toronto's page with bytes.
    key = (lambda name: name.encode()) if encoding == 'bytes' else str
    root = make(tmp_path, 'cifar10', 600)
    assert files(root) == ['batches.meta', *(f'data_batch_{i}' for i in range(1, 6)), 'test_batch']
    for name in files(root)[1:]:
        batch = pickle.loads((root / name).read_bytes(), encoding=encoding)
        assert set(batch) == {key(k) for k in ('batch_label', 'labels', 'data', 'filenames')}
        data, labels = batch[key('data')], batch[key('labels')]
        assert data.dtype == np.uint8 and data.shape == (100, 3072)
        assert len(labels) == len(batch[key('filenames')]) == 100
        assert all(type(label) is int for label in labels) and set(labels) == set(range(10))
    assert batch[key('batch_label')] == key('testing batch 1 of 1')
    meta = pickle.loads((root / 'batches.meta').read_bytes(), encoding=encoding)
    assert meta == {key('num_vis'): 3072, key('num_cases_per_batch'): 100,
                    key('label_names'): [key(shape) for shape in SHAPES]}


def test_cifar100_has_both_labels_and_they_agree(tmp_path):
    root = make(tmp_path, 'cifar100', 200)
    meta, test, train = (pickle.loads((root / name).read_bytes(), encoding='bytes')
                         for name in files(root))
    fine, coarse = meta[b'fine_label_names'], meta[b'coarse_label_names']
    assert (len(set(fine)), len(set(coarse))) == (100, 20)
    for batch in (test, train):
        assert len(batch) == 5 and batch[b'batch_label'].endswith(b'batch 1 of 1')
        assert batch[b'data'].shape == (100, 3072) and len(batch[b'filenames']) == 100
        assert sorted(batch[b'fine_labels']) == list(range(100))
        assert Counter(batch[b'coarse_labels']) == dict.fromkeys(range(20), 5)
        pairs = zip(batch[b'fine_labels'], batch[b'coarse_labels'], strict=True)
        assert all(fine[label].startswith(coarse[group] + b'_') for label, group in pairs)


def test_cub_folders_and_lists(tmp_path):
    root = make(tmp_path, 'cub200', 12)
    lists = {name: (root / 'lists' / f'{name}.txt').read_text().splitlines()
             for name in ('files', 'train', 'test')}
    assert [f'images/{line}' for line in lists['files']] == [
        name for name in files(root) if name.startswith('images/')]
    assert sorted(lists['train'] + lists['test']) == lists['files']
    for part in ('train', 'test'):
        folders = Counter(line.split('/')[0] for line in lists[part])
        assert folders == {f'00{i}.Species_00{i}': 2 for i in (1, 2, 3)}
    for folder, file in (line.split('/') for line in lists['files']):
        assert file.startswith(f'{folder[4:]}_0') and file.endswith('.jpg')


@pytest.mark.parametrize(('name', 'size', 'counts', 'height'), [
    ('digits', 20, {f'{part}/{i}': 1 for part in ('train', 'test') for i in range(10)}, 8),
    ('flowers', 11, {'daisy': 3, 'dandelion': 2, 'roses': 2, 'sunflowers': 2, 'tulips': 2}, 48),
    ('mit8', 80, {f'{part}/{name}': count for part, count in (('train', 7), ('test', 3))
                  for name in MIT8}, 48),
    ('cub200', 6, {**{f'images/00{i}.Species_00{i}': 2 for i in (1, 2, 3)}, 'lists': 3}, 48),
    ('kitti', 4, {'training/image_2': 4, 'training/label_2': 4}, 94)])
def test_files_per_folder(tmp_path, name, size, counts, height):
    root = make(tmp_path, name, size)
    assert Counter(str(Path(file).parent) for file in files(root)) == counts
    images = [file for file in files(root) if not file.endswith('.txt')]
    assert {min(cv2.imread(str(root / file)).shape[:2]) for file in images} == {height}


@pytest.mark.slow
@pytest.mark.parametrize('name', ['cub200', 'flowers', 'mit8'])
def test_classes_can_be_told_apart(tmp_path, name):
    """A linear classifier of 12 x 12 pixels finds far more than a guess, a third at best."""
    from sklearn.linear_model import LogisticRegression
    paths = sorted(make(tmp_path, name, 240).rglob('*.jpg'))
    pixels = np.array([cv2.resize(cv2.imread(str(path)), (12, 12), interpolation=cv2.INTER_AREA)
                       for path in paths]).reshape(240, -1) / 255
    labels = np.array([path.parent.name for path in paths])
    model = LogisticRegression(max_iter=300).fit(pixels[::2], labels[::2])
    assert model.score(pixels[1::2], labels[1::2]) > .5

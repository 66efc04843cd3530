"""Every set is laid out as its official release, and can be learnt from."""
import pickle
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from tools.misc.sample_layouts import SETS, Request


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A function that makes a set and returns its folder; each set once."""
    known: dict[tuple, Path] = {}

    def make(name: str, size: int) -> Path:
        if (name, size) not in known:
            root = tmp_path_factory.mktemp(name)
            SETS[name].write(root, Request(name, size, 0, 310, 3, 48))
            known[name, size] = root
        return known[name, size]
    return make


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def test_digits_are_the_real_ones_and_stratified(made):
    root = made('digits', 1797)
    originals, targets = np.round(load_digits().images * 255 / 16), load_digits().target
    counts = Counter()
    for name in files(root):
        part, digit, file = name.split('/')
        index = int(file.removesuffix('.png'))
        image = cv2.imread(str(root / name), cv2.IMREAD_UNCHANGED)
        assert image.dtype == np.uint8 and image.shape == (8, 8)
        assert (image == originals[index]).all() and targets[index] == int(digit)
        counts[part, int(digit)] += 1
    assert sum(counts.values()) == 1797
    for digit, total in enumerate(np.bincount(targets)):
        assert counts['test', digit] == round(.2 * total)


def test_smallest_digits_have_every_class_in_both_parts(made):
    folders = Counter(str(Path(name).parent) for name in files(made('digits', 20)))
    assert folders == {f'{part}/{digit}': 1 for part in ('train', 'test') for digit in range(10)}


@pytest.mark.parametrize('encoding', ['bytes', 'latin1'])
def test_cifar10_opens_as_the_official_pickles_do(made, encoding):
    # torchvision and mmpretrain open them with latin1 and str keys, Toronto's page with bytes.
    key = (lambda name: name.encode()) if encoding == 'bytes' else str
    root = made('cifar10', 600)
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
    assert meta[key('label_names')][:2] == [key('disc'), key('triangle')]
    assert meta[key('num_vis')] == 3072 and meta[key('num_cases_per_batch')] == 100


def test_cifar100_has_both_labels_and_they_agree(made):
    root = made('cifar100', 200)
    assert files(root) == ['meta', 'test', 'train']
    meta = pickle.loads((root / 'meta').read_bytes(), encoding='bytes')
    fine, coarse = meta[b'fine_label_names'], meta[b'coarse_label_names']
    assert (len(set(fine)), len(set(coarse))) == (100, 20)
    for name in ('train', 'test'):
        batch = pickle.loads((root / name).read_bytes(), encoding='bytes')
        assert set(batch) == {b'filenames', b'batch_label', b'fine_labels', b'coarse_labels',
                              b'data'}
        assert batch[b'data'].shape == (100, 3072)
        assert sorted(batch[b'fine_labels']) == list(range(100))
        assert Counter(batch[b'coarse_labels']) == dict.fromkeys(range(20), 5)
        pairs = zip(batch[b'fine_labels'], batch[b'coarse_labels'], strict=True)
        assert all(fine[label].startswith(coarse[group] + b'_') for label, group in pairs)


def test_colour_alone_does_not_tell_the_cifar10_classes(made):
    def part(name):
        batch = pickle.loads((made('cifar10', 600) / name).read_bytes(), encoding='bytes')
        planes = batch[b'data'].reshape(-1, 3, 1024)
        colour = np.concatenate([planes.mean(axis=2), planes.std(axis=2)], axis=1)
        return colour, np.array(batch[b'labels'])

    pairs = [part(f'data_batch_{i}') for i in range(1, 6)]
    colours, labels = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    means = np.stack([colours[labels == label].mean(axis=0) for label in range(10)])
    test, truth = part('test_batch')
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == truth).mean() < .3, 'guessing gives 0.1'


def test_cub_folders_and_lists(made):
    root = made('cub200', 12)
    lists = {name: (root / 'lists' / f'{name}.txt').read_text().splitlines()
             for name in ('files', 'train', 'test')}
    assert sorted(lists['files']) == [name.removeprefix('images/') for name in files(root)
                                      if name.startswith('images/')]
    assert sorted(lists['train'] + lists['test']) == lists['files']
    for part in ('train', 'test'):
        folders = Counter(line.split('/')[0] for line in lists[part])
        assert folders == {f'00{i}.Species_00{i}': 2 for i in (1, 2, 3)}
    for line in lists['files']:
        folder, file = line.split('/')
        assert file.startswith(f'{folder[4:]}_0') and file.endswith('.jpg')
        assert min(cv2.imread(str(root / 'images' / line)).shape[:2]) == 48


@pytest.mark.parametrize(('name', 'size', 'counts'), [
    ('flowers', 11, {'daisy': 3, 'dandelion': 2, 'roses': 2, 'sunflowers': 2, 'tulips': 2}),
    ('mit8', 80, {f'{part}/{name}': count for part, count in (('train', 7), ('test', 3))
                  for name in ('Opencountry', 'coast', 'forest', 'highway', 'inside_city',
                               'mountain', 'street', 'tallbuilding')})])
def test_class_folders(made, name, size, counts):
    root = made(name, size)
    assert Counter(str(Path(file).parent) for file in files(root)) == counts
    assert all(min(cv2.imread(str(root / file)).shape[:2]) == 48 for file in files(root))


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'classes'), [('cub200', 3), ('flowers', 5), ('mit8', 8)])
def test_classes_can_be_told_apart(made, name, classes):
    """A linear classifier of 12 x 12 pixels finds far more than a guess would."""
    from sklearn.linear_model import LogisticRegression
    root, data = made(name, 240), {}
    for file in (name for name in files(root) if name.endswith('.jpg')):
        image = cv2.resize(cv2.imread(str(root / file)), (12, 12), interpolation=cv2.INTER_AREA)
        data.setdefault(Path(file).parent.name, []).append(image.ravel() / 255)
    assert len(data) == classes
    train, test = ([(label, image) for label, images in data.items() for image in images[part]]
                   for part in (slice(0, None, 2), slice(1, None, 2)))
    model = LogisticRegression(max_iter=300).fit([image for _, image in train],
                                                 [label for label, _ in train])
    right = model.predict([image for _, image in test]) == [label for label, _ in test]
    print(name, right.mean())
    assert right.mean() > .5


def test_kitti_pairs_every_image_with_labels(made):
    root = made('kitti', 4)
    assert files(root) == [f'training/{kind}/00000{i}.{end}' for kind, end in
                           (('image_2', 'png'), ('label_2', 'txt')) for i in range(4)]
    assert cv2.imread(str(root / 'training/image_2/000003.png')).shape == (94, 310, 3)


def test_every_item_of_every_set_has_its_own_random_numbers():
    draws = {Request(name, 9, seed, 310, 3, 48).rng(index).integers(2 ** 62)
             for name in ('mit8', 'kitti') for seed in (0, 1) for index in (0, 1)}
    assert len(draws) == 8

import os

import numpy as np
import pytest
from PIL import Image

from plugins.classification.datasets import ArrayDataset, ClassFolder


def class_folder(*args, **kwargs):
    source = ClassFolder(*args, **kwargs)
    assert source.images.shape == (len(source), 3, *source.size)
    return source


@pytest.fixture
def root(tmp_path):
    """Classes cat (2 images), dog (1) and what lies about in real folders."""
    for name, value in (('dog/z.png', 30), ('cat/b.JPG', 20), ('cat/a.bmp', 10)):
        path = tmp_path / 'pets' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (6, 5), (value, ) * 3).save(path)
    (tmp_path / 'pets' / 'LICENSE.txt').touch()
    (tmp_path / 'pets' / '.git').mkdir()
    (tmp_path / 'pets' / '._z.png').touch()
    (tmp_path / 'pets' / 'cat' / '.DS_Store').touch()
    return tmp_path / 'pets'


def test_sorted_classes_and_files(root):
    array = class_folder(root, size=(4, 3))
    assert array.classes == ('cat', 'dog') and array.labels.tolist() == [0, 0, 1]
    assert array.images.shape == (3, 3, 4, 3) and array.images.dtype == np.uint8
    assert array.images.mean(axis=(1, 2, 3)).round().tolist() == [10, 20, 30]


def test_given_classes_set_the_label_order(root):
    array = class_folder(root, size=4, classes=['dog', 'cat'])
    assert array.classes == ('dog', 'cat')
    assert array.images.mean(axis=(1, 2, 3)).round().tolist() == [30, 10, 20]
    assert array.labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize('classes, message', [
    (['cat', 'dgo'], r"pets: no class 'dgo'; nearest: dog; correct"),
    (['cat', 'dog', 'mouse'], r"pets: no class 'mouse'; nearest: cat, dog"),
    (['cat'], r"pets: not in classes: \['dog'\]; expected exactly"),
    (['cat', 'dog', 'dog'], 'expected a list of names, at least one, each once'),
    (dict(dog=1, cat=0), 'expected a list of names'), ([0.5, 1], 'no class 0.5; nearest'),
    ([True, 0], 'no class True'),
])
def test_folders_that_differ_from_the_classes_are_named(root, classes, message):
    with pytest.raises(ValueError, match=message):
        class_folder(root, size=4, classes=classes)


NFC, NFD = 'caf\xe9', 'cafe\u0301'  # one name to people, two to a file system


def test_two_spellings_of_an_accent_are_one_class(root, tmp_path):
    (root / 'dog').rename(root / NFD)
    for classes in (None, ['cat', NFC], ['cat', NFD]):
        source = class_folder(root, size=4, classes=classes)
        order = ('cat', NFC) if classes else (NFC, 'cat')
        assert source.classes == order and source.labels[0] == 0
        assert source.images.mean(axis=(1, 2, 3)).round().tolist() == (
            [10, 20, 30] if classes else [30, 10, 20])
    (root / NFC).mkdir()
    with pytest.raises(ValueError, match=r"pets: 'cafe\\u0301' and 'caf\\xe9' are two spellings"):
        class_folder(root, size=4)


@pytest.mark.parametrize('name', ['new\nline', os.fsdecode(b'caf\xe9')])
def test_a_class_that_cannot_be_printed_is_refused_before_it_is_trained(root, name):
    (root / 'dog').rename(root / name)
    with pytest.raises(ValueError, match='pets: class=.*, expected printable text; rename it'):
        class_folder(root, size=4)


@pytest.mark.parametrize('content, message', [
    ('dog\ncat', None), ('\ufeffdog\r\n cat \r\n\r\n', None), (f'{NFD}\ncat', "no class 'cafe"),
    ('dog\n\ncat', "names.txt:2: found '', expected one of the source's classes"),
    ('dog\ncat\ndog', "names.txt:3: found 'dog' again, it is already in line 1"),
    ('', 'expected at least one of the source'),
    (b'caf\xe9', "names.txt: .*utf-8.*; save it as UTF-8 text")])
def test_classes_are_read_from_a_file(root, tmp_path, content, message):
    path = tmp_path / 'names.txt'
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if message is None:
        assert class_folder(root, size=4, classes=str(path)).classes == ('dog', 'cat')
        return
    with pytest.raises(ValueError, match=message):
        class_folder(root, size=4, classes=str(path))
    with pytest.raises(FileNotFoundError, match="dog: no such file; expected a list of the"):
        class_folder(root, size=4, classes='dog')


def test_an_empty_class_folder_is_named(root):
    (root / 'bird').mkdir()
    (root / 'bird' / '.DS_Store').touch()
    with pytest.raises(ValueError, match='bird: no images in this class folder'):
        class_folder(root, size=4)


def test_a_folder_among_images_is_named(root):
    (root / 'cat' / 'more').mkdir()
    with pytest.raises(ValueError, match='cat.more: a folder in what is read as the class folder'):
        class_folder(root, size=4)


@pytest.mark.parametrize('name', ['notes.txt', 'Thumbs.db', 'photo.AVIF'])
def test_what_is_no_image_is_named(root, name):
    (root / 'cat' / name).touch()
    with pytest.raises(ValueError, match=f'cat.{name}: not an image.* to JPEG or PNG, move'):
        class_folder(root, size=4)


def test_linked_classes_are_read_and_a_broken_link_is_named(root, tmp_path):
    (root / 'dog').rename(tmp_path / 'elsewhere')
    (root / 'dog').symlink_to(tmp_path / 'elsewhere')
    assert class_folder(root, size=4).classes == ('cat', 'dog')
    (tmp_path / 'elsewhere').rename(tmp_path / 'gone')
    with pytest.raises(FileNotFoundError, match='pets/dog: is a link to .*/elsewhere, which does'):
        class_folder(root, size=4)
    (root / 'dog').unlink()
    (root / 'cat' / 'link.png').symlink_to(tmp_path / 'gone.png')
    with pytest.raises(FileNotFoundError, match='cat/link.png: is a link to .*/gone.png, which'):
        class_folder(root, size=4)


def test_an_image_outside_the_class_folders_is_named(root):
    (root / 'cat' / 'a.bmp').rename(root / 'a.bmp')
    with pytest.raises(ValueError, match='a.bmp: an image outside the class folders'):
        class_folder(root, size=4)


def test_missing_and_flat_roots(root, tmp_path):
    with pytest.raises(FileNotFoundError, match='none: no such folder; expected <data_r'):
        class_folder(tmp_path / 'none', size=4)
    with pytest.raises(ValueError, match='outside the class folders'):
        class_folder(root / 'cat', size=4)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='empty: no class folders in it'):
        class_folder(tmp_path / 'empty', size=4)


@pytest.fixture(scope='module')
def shades(tmp_path_factory):
    """Classes a (30 images), b (20) and c (4); every image has a grey of its own."""
    folder = tmp_path_factory.mktemp('shades')
    value = 0
    for name, count in (('a', 30), ('b', 20), ('c', 4)):
        (folder / name).mkdir()
        for number in range(count):
            Image.new('L', (2, 2), value).save(folder / name / f'{number:02d}.png')
            value += 1
    return folder


def test_images_are_named_by_their_files(shades):
    array = class_folder(shades, 2, split='test', held_out=1)
    assert list(array.names) == [str(path.resolve()) for path in array.paths]


def greys(array):
    """The image numbers of the fixture above."""
    return array.images[:, 0, 0, 0].tolist()


@pytest.mark.parametrize('held_out, counts', [(3, [3, 3, 3]), (0.25, [8, 5, 1])])
def test_train_and_test_divide_the_tree(shades, held_out, counts):
    train, test = (class_folder(shades, 2, split=split, held_out=held_out)
                   for split in ('train', 'test'))
    assert np.bincount(test.labels).tolist() == counts
    assert sorted(greys(train) + greys(test)) == list(range(54))
    assert train.fingerprint != test.fingerprint and train.classes == test.classes
    again, other = (class_folder(shades, 2, split='test', held_out=held_out, seed=seed)
                    for seed in (0, 1))
    assert greys(again) == greys(test) != greys(other)


def test_the_division_is_that_of_array_dataset(shades):
    # mit_scenes_small.py relies on it: its validation images are those of mit_scenes.py.
    whole = ArrayDataset(class_folder(shades, 2), 'val', val_fraction=0.1, split_seed=5)
    batch = whole.__getitems__(range(len(whole)))
    divided = class_folder(shades, 2, split='test', held_out=0.1, seed=5)
    assert batch['inputs'][:, 0, 0, 0].tolist() == greys(divided)


def test_some_of_each_class(shades):
    few, more = (class_folder(shades, 2, max_per_class=count) for count in (3, 6))
    assert np.bincount(few.labels).tolist() == [3, 3, 3]
    assert np.bincount(more.labels).tolist() == [6, 6, 4]  # c has no more
    assert set(greys(few)) < set(greys(more))
    assert greys(few) != greys(class_folder(shades, 2, max_per_class=3, seed=1))
    train = class_folder(shades, 2, split='train', held_out=2, max_per_class=5)
    test = class_folder(shades, 2, split='test', held_out=2)
    assert np.bincount(train.labels).tolist() == [5, 5, 2]
    assert not set(greys(train)) & set(greys(test))


@pytest.mark.parametrize('arguments, message', [
    ({'split': 'val', 'held_out': 3}, "split='val', expected None or 'train' or 'test'"),
    ({'split': 'train'}, "split='train' with held_out=None"),
    ({'held_out': 3}, 'split=None with held_out=3'),
    ({'split': 'test', 'held_out': 4}, r"class 'c' has 4 image\(s\); held_out=4 needs at"),
    ({'max_per_class': 0}, 'max_per_class=0, expected a whole number of at least 1'),
    ({'max_per_class': 0.5}, 'max_per_class=0.5, expected'),
])
def test_parts_that_make_no_sense_are_refused(shades, arguments, message):
    with pytest.raises(ValueError, match=message):
        class_folder(shades, 2, **arguments)

import re

import numpy as np
import pytest
from PIL import Image

from plugins.classification.datasets.class_folder import class_folder


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
    (['cat', 'dgo'], r"no folder for \['dgo'\], not in classes: \['dog'\]; 'dgo' is spelt 'dog'"),
    (['cat', 'dog', 'mouse'], r"no folder for \['mouse'\], not in classes: \[\]"),
    (['cat'], r"no folder for \[\], not in classes: \['dog'\]"),
    (['cat', 'dog', 'dog'], 'a name occurs twice'),
])
def test_folders_that_differ_from_the_classes_are_named(root, classes, message):
    with pytest.raises(ValueError, match=message):
        class_folder(root, size=4, classes=classes)


def test_an_empty_class_folder_is_named(root):
    (root / 'bird').mkdir()
    (root / 'bird' / '.DS_Store').touch()
    with pytest.raises(ValueError, match='bird: no images in this class folder'):
        class_folder(root, size=4)


@pytest.mark.parametrize('name', ['notes.txt', 'Thumbs.db', 'more'])
def test_what_is_no_image_is_named(root, name):
    (root / 'cat' / name).mkdir() if name == 'more' else (root / 'cat' / name).touch()
    with pytest.raises(ValueError, match=f'cat.{name}: not an image'):
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


@pytest.mark.parametrize('size', [0, 'abc', 8.5, (8, 0), (8, 8, 8)])
def test_a_size_that_makes_no_sense_is_named(root, size):
    with pytest.raises(ValueError, match=re.escape(f'size={size!r}; expected')):
        class_folder(root, size=size)

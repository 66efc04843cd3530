import pytest
from PIL import Image

from plugins.classification.datasets import Cub200

NAMES = ('2.Auk', '010.Gull', '001.Ani')  # by number: Ani, Auk, Gull


def cub200(*args, **kwargs):
    source = Cub200(*args, **kwargs)
    assert source.images.shape == (len(source), 3, *source.size)
    return source


@pytest.fixture
def root(tmp_path):
    """Three classes of 4 images whose grey is 10 * number + image; odd ones train."""
    lists = {'train': [], 'test': []}
    for name in NAMES:
        folder = tmp_path / 'images' / name
        folder.mkdir(parents=True)
        (folder / '._x.jpg').touch()  # the official archive holds such files
        for image in range(4):
            Image.new('L', (7, 5), 10 * int(name.split('.')[0]) + image).save(
                folder / f'{image}.png')
            lists['train' if image % 2 else 'test'].append(f'{name}/{image}.png')
    (tmp_path / 'images' / '.DS_Store').touch()
    (tmp_path / 'lists').mkdir()
    for part, lines in lists.items():
        (tmp_path / 'lists' / f'{part}.txt').write_text('\n'.join(reversed(lines)) + '\n\n')
    return tmp_path


def greys(array):
    return array.images.mean(axis=(1, 2, 3)).round().tolist()


def rewrite(root, part, change):
    path = root / 'lists' / f'{part}.txt'
    path.write_text('\n'.join(change(path.read_text().split())))


def test_classes_by_number_and_images_by_line(root):
    train, test = cub200(root, 'train', 4), cub200(root, 'test', (4, 6), resize='stretch')
    assert train.classes == test.classes == ('001.Ani', '2.Auk', '010.Gull')
    assert train.labels.tolist() == test.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert greys(train) == [13, 11, 23, 21, 103, 101]  # the lists run backwards
    assert greys(test) == [12, 10, 22, 20, 102, 100]
    assert train.images.shape == (6, 3, 4, 4) and test.images.shape == (6, 3, 4, 6)


def test_given_classes_choose_and_order(root):
    array = cub200(root, 'train', 4, classes=['010.Gull', '001.Ani'])
    assert array.classes == ('010.Gull', '001.Ani') and greys(array) == [103, 101, 13, 11]
    assert array.labels.tolist() == [0, 0, 1, 1]


def test_files_without_a_line(root):
    assert Cub200(root, 'train', 4).findings() == []
    rewrite(root, 'test', lambda lines: [line for line in lines if line != '2.Auk/0.png'])
    assert Cub200(root, 'train', 4).findings() == [
        ('in images/, but in no list', '2.Auk/0.png')]


@pytest.mark.parametrize('part, line, message', [
    ('train', '2.Auk/9.png', r"train.txt:7: found '2.Auk/9.png', expected one of the files"),
    ('train', '2.Auk/0.png', r"test.txt:6: found '2.Auk/0.png', expected .*each in one of"),
    ('test', '2.Auk/0.png', r"test.txt:7: found '2.Auk/0.png' again, .*in line 6"),
    ('test', '3 2.Auk/0.png 1', r'test.txt:7: .*expected one of the files'),
    ('train', '../2.Auk/0.png', r"train.txt:7: found '../2.Auk/0.png', expected one of the files"),
    ('train', '2.Auk/../0.png', r'train.txt:7: .*expected one of the files'),
    ('train', '0.png', r"train.txt:7: found '0.png', expected .* <class>/<file>"),
    ('train', '/2.Auk/0.png', r'train.txt:7: .*expected one of the files'),
])
@pytest.mark.parametrize('split', ['train', 'test'])
def test_a_wrong_line_is_named_whatever_is_loaded(root, part, line, message, split):
    rewrite(root, part, lambda lines: [*lines, line])
    with pytest.raises(ValueError, match=message):
        cub200(root, split, 4)


def test_a_list_that_is_no_utf8_is_named(root):
    path = root / 'lists' / 'test.txt'
    content = path.read_bytes()
    path.write_bytes(content + b'001.Ani/\xe9.png\n')
    with pytest.raises(ValueError, match='test.txt: .*byte 0xe9 .*save it as UTF-8'):
        cub200(root, 'train', 4)
    path.write_bytes(b'\xef\xbb\xbf' + content)  # as Windows writes UTF-8
    assert len(cub200(root, 'test', 4)) == 6


def test_a_class_without_images_is_named(root):
    rewrite(root, 'train', lambda lines: [line for line in lines if 'Gull' not in line])
    with pytest.raises(ValueError, match=r'train.txt: no line for class 010.Gull \(1 such'):
        cub200(root, 'train', 4)
    assert len(cub200(root, 'train', 4, classes=['001.Ani', '2.Auk'])) == 4


@pytest.mark.parametrize('name, message', [
    ('Owl', r'images.Owl: expected only class folders, named <number>.<name>'),
    ('002.Owl', r'also has the number 2'),
])
def test_a_folder_without_a_number_of_its_own_is_named(root, name, message):
    (root / 'images' / name).mkdir()
    with pytest.raises(ValueError, match=message):
        cub200(root, 'train', 4)


def test_missing_folders_and_lists_are_named(root, tmp_path):
    with pytest.raises(ValueError, match="split='val', expected 'train' or 'test'"):
        cub200(root, 'val', 4)
    with pytest.raises(FileNotFoundError, match=r'images: no such folder; expected <data_root>'):
        cub200(tmp_path / 'none', 'train', 4)
    (root / 'lists' / 'test.txt').unlink()
    with pytest.raises(FileNotFoundError, match=r'test.txt: no such file; .*download_dataset'):
        cub200(root, 'train', 4)

import pytest
from PIL import Image

from plugins.classification.datasets import ImageList


@pytest.fixture
def listed(tmp_path):
    """A function: the list of three pictures, with these rows."""
    for name in ('a.png', 'b c.png', 'sub/ä.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new('RGB', (6, 4), (9, 8, 7)).save(tmp_path / name)

    def call(text, header='file,label'):
        (tmp_path / 'list.csv').write_text(f'{header}\n{text}', 'utf-8')
        return ImageList(tmp_path / 'list.csv', 4)
    return call


def test_files_and_labels_are_those_of_the_table(listed):
    source = listed('sub/ä.png,owl\n\na.png,cat\nb c.png, owl \n', '\ufefffile,label')
    assert source.classes == ('cat', 'owl') and source.labels.tolist() == [1, 0, 1]
    assert [source.place(row) for row in range(3)] == ['sub/ä.png', 'a.png', 'b c.png']
    assert source.images.shape == (3, 3, 4, 4) and source.images[0, :, 0, 0].tolist() == [9, 8, 7]


@pytest.mark.parametrize('text, message', [
    ('a.png,cat\na.png,owl\n', 'row 3: a.png is listed twice, as cat and owl'),
    ('a.png,cat|owl\n', 'row 2: found a.png, cat|owl, expected a file and one label'),
    ('a.png,cat,owl\n', 'row 2: .*several labels an image are not supported'),
    ('a.png,\n', 'expected a file and one label'),
    ('none.png,cat\n', 'row 2: no file none.png'),
    ('../list.csv,cat\n', 'row 2: no file ../list.csv')])
def test_a_wrong_row_is_one_sentence(text, message, listed):
    with pytest.raises(ValueError, match=message.replace('|', r'\|')):
        listed(text).find()


def test_a_wrong_table_is_one_sentence(listed, tmp_path):
    with pytest.raises(ValueError, match='found the columns name, expected file and label'):
        listed('a.png\n', 'name').find()
    (tmp_path / 'list.csv').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(ValueError, match='not readable as CSV in UTF-8'):
        ImageList(tmp_path / 'list.csv', 4).find()

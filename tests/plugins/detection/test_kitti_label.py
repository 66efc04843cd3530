"""Label files: what is read, what is accepted, and an error that names the place of all else.

Ten ways in which the labels of whole data sets come broken go through KittiDataset, which training,
evaluation and the converters read; broken images are in test_kitti_dataset.py.
"""
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.detection import KittiDataset
from plugins.detection.kitti_label import read_labels

LINE = 3  # of 000000.txt: Van 0.00 1 0.1 60.0 10.0 90.0 50.0 ...
CLASSES = {'van': ['Van'], 'car': ['Car']}


def field(index: int, value: str) -> Callable[[Path], None]:
    """Put words in the place of as many fields of the van's line; no word drops the field."""
    def damage(label_folder: Path) -> None:
        path = label_folder / '000000.txt'
        lines = path.read_text().splitlines()
        fields = lines[LINE - 1].split()
        words = value.split()
        fields[index:index + max(len(words), 1)] = words
        lines[LINE - 1] = ' '.join(fields)
        path.write_text('\n'.join(lines))
    return damage


def content(convert: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Change the bytes of 000000.txt."""
    def damage(label_folder: Path) -> None:
        path = label_folder / '000000.txt'
        path.write_bytes(convert(path.read_bytes()))
    return damage


def missing(label_folder: Path) -> None:
    (label_folder / '000001.txt').unlink()


def extra(name: str) -> Callable[[Path], None]:
    """Copy a label file to a name that no image has."""
    def damage(label_folder: Path) -> None:
        shutil.copy(label_folder / '000001.txt', label_folder / name)
    return damage


def joined_with_itself(text: bytes) -> bytes:
    return b'\n'.join([text, b'\xef\xbb\xbf' + text])


# Way, damage, and the error's words or, where it is read, how many of five instances are left.
WAYS = [
    # a field lost, a detection's score, a line cut off, an empty one between others, commas
    ('fields', field(3, ''), '000000.txt:3: found 14 fields, expected 15: type truncated'),
    ('fields', field(14, '0.0 0.9'), '000000.txt:3: found 16 fields, expected 15'),
    ('fields', content(lambda text: text[:-30]), '000000.txt:5: found 8 fields, expected 15'),
    ('fields', content(lambda text: text.replace(b'\n', b'\n\n', 1)),
     '000000.txt:2: found 0 fields'),
    # words, decimal commas, and what float() alone would take for a number
    ('numbers', field(4, 'left'), "000000.txt:3: found x1 = 'left', expected a number"),
    ('numbers', field(4, 'nan'), "000000.txt:3: found x1 = 'nan', expected a number"),
    ('numbers', field(6, '1e999'), "000000.txt:3: found x2 = '1e999', expected a number"),
    ('numbers', field(4, '6_0'), "000000.txt:3: found x1 = '6_0', expected a number"),
    ('numbers', field(4, '\u0666\u0660'), '000000.txt:3: found x1 = .* expected a number'),
    ('unknown type', field(0, 'van'), "000000.txt:3: found the type 'van', expected one of Car"),
    # the corners swapped, a box without height, width and height in the place of a corner
    ('negative size', field(6, '59.0'), '000000.txt:3: found the corners 60, 10, 59, 50, ex'),
    ('negative size', field(7, '10.0'), '000000.txt:3: found the corners 60, 10, 90, 10, expected'),
    ('negative size', field(4, '60 10 30 40'), '000000.txt:3: found the corners 60, 10, 30, 40'),
    ('occluded', field(2, '4'), '000000.txt:3: found occluded = 4.* expected .*Correct this line'),
    ('occluded', field(2, '-1'), '000000.txt:3: found occluded = -1 for Van'),
    ('occluded', field(2, '0.5'), '000000.txt:3: found occluded = 0.5'),
    ('truncated', field(1, '1.2'), '000000.txt:3: found truncated = 1.2'),
    # further than is clipped, and wholly
    ('outside the image', field(4, '150.0 20.0 162.0 50.0'),
     r'000000.txt:3: found the box \(150.0, .* of different sizes'),
    ('missing file', missing, r'000001.jpg: found no label file .* \(1 such in all\)'),
    # a label without image, a copy, an editor's backup
    ('extra file', extra('000003.txt'), '000003.txt: found no image for it in .*image_2'),
    ('extra file', extra('000001.txt~'), '000001.txt~: found a file of another kind'),
    # Windows line ends; blank lines at the end
    ('CRLF', content(lambda text: text.replace(b'\n', b'\r\n') + b'\r\n'), 5),
    ('blank lines', content(lambda text: text + b'\n\n \n'), 5),
    # as Windows editors put it; but not within a file, where two were joined, nor UTF-16
    ('BOM', content(lambda text: b'\xef\xbb\xbf' + text), 5),
    ('BOM', content(joined_with_itself), r"000000.txt:6: found the type '\\ufeffCar'"),
    ('BOM', content(lambda text: text.decode().encode('utf-16')), '000000.txt: not a text file'),
    # an image without objects; but not zeros, which some file systems leave after a crash
    ('empty', content(lambda text: b''), 0),
    ('empty', content(lambda text: bytes(len(text))), '000000.txt:1: found 1 fields'),
]


@pytest.mark.parametrize('way, damage, outcome', WAYS, ids=[way for way, *_ in WAYS])
def test_each_way(kitti_root, way, damage, outcome):
    def read() -> list[dict]:
        dataset = KittiDataset(str(kitti_root), class_map=CLASSES, test_mode=True)
        return dataset.get_data_info(0)['instances']

    intact = read()
    assert len(intact) == 5  # two cars, a van, and the DontCare region for either class
    damage(kitti_root / 'training' / 'label_2')
    if isinstance(outcome, int):
        assert read() == intact[:outcome]
    else:
        with pytest.raises(ValueError, match='(?s)' + outcome):
            read()


@pytest.mark.parametrize('kind', ['Cyclist', 'DontCare'])
def test_lines_of_types_that_are_not_learnt_are_checked_as_well(kitti_root, kind):
    field(0, kind)(kitti_root / 'training' / 'label_2')
    field(6, '170.0')(kitti_root / 'training' / 'label_2')
    with pytest.raises(ValueError, match='000000.txt:3: found the box'):
        KittiDataset(str(kitti_root), class_map=CLASSES)


def test_every_field_goes_to_its_place(kitti_root):
    labels = read_labels(kitti_root / 'training/label_2/000000.txt')
    cut, region = labels[1], labels[-1]
    assert (cut.type, cut.truncated, cut.occluded, cut.alpha) == ('Car', 0.3, 2, 0.5)
    assert cut.bbox == (-1.5, 30, 24.5, 66)
    assert (cut.line, region.line) == (2, 5)
    assert (region.type, region.occluded) == ('DontCare', -1)
